// The exact arithmetic against the host's own, and the quick exactness test against the exact arithmetic.
import { describe, expect, it } from 'vitest';
import { Random } from '../../../test-support/random.ts';
import { compute, type FloatOperation } from './arithmetic.ts';
import { isExactDouble, isExactSingle } from './exactness.ts';
import { double, Flag, FloatControl, single } from './format.ts';

const OPERATIONS: readonly FloatOperation[] = ['add', 'sub', 'mul', 'div', 'sqrt'];
const apply = (operation: FloatOperation, x: number, y: number) =>
  ({ add: x + y, sub: x - y, mul: x * y, div: x / y, sqrt: Math.sqrt(y), min: x, max: x })[operation];

const scratch = new DataView(new ArrayBuffer(8));
function bitsOfDouble(value: number): bigint {
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}
function bitsOfSingle(value: number): bigint {
  scratch.setFloat32(0, value);
  return BigInt(scratch.getUint32(0));
}

// Few significant bits now and then, so that exact results are frequent; exponents over a part of the range.
function sample(random: Random, spread: number): number {
  const exponent = random.below(2 * spread) - spread;
  const bits = random.pick([1, 3, 10, 24, 52]);
  return (random.oneIn(2) ? -1 : 1) * (2 ** bits + random.below(2 ** Math.min(bits, 31))) * 2 ** (exponent - bits);
}

describe('exact arithmetic', () => {
  it.each(OPERATIONS)('%s of doubles equals the host and knows whether it was exact', (operation) => {
    const random = new Random(7);
    let exactOnes = 0;
    for (let round = 0; round < 4000; round += 1) {
      const x = sample(random, 60);
      const y = operation === 'sqrt' ? Math.abs(sample(random, 60)) : sample(random, 60);
      const control = new FloatControl(0x1f80);
      const result = apply(operation, x, y);
      expect(compute(operation, control, double, bitsOfDouble(x), bitsOfDouble(y))).toBe(bitsOfDouble(result));
      const exact = (control.flags & Flag.Precision) === 0;
      expect(isExactDouble(operation, x, y, result), `${x} ${operation} ${y}`).toBe(exact);
      if (exact) exactOnes += 1;
    }
    expect(exactOnes).toBeGreaterThan(20);
  });
  it.each(OPERATIONS)('%s of singles equals the host and knows whether it was exact', (operation) => {
    const random = new Random(8);
    for (let round = 0; round < 4000; round += 1) {
      const x = Math.fround(sample(random, 40));
      const y = Math.fround(operation === 'sqrt' ? Math.abs(sample(random, 40)) : sample(random, 40));
      const control = new FloatControl(0x1f80);
      const rounded = apply(operation, x, y);
      const result = Math.fround(rounded);
      expect(compute(operation, control, single, bitsOfSingle(x), bitsOfSingle(y))).toBe(bitsOfSingle(result));
      const quick = isExactSingle(operation, x, y, rounded, result);
      if (quick !== undefined) expect(quick, `${x} ${operation} ${y}`).toBe((control.flags & Flag.Precision) === 0);
    }
  });
  it('brackets the nearest result by the directed ones', () => {
    const random = new Random(9);
    for (let round = 0; round < 2000; round += 1) {
      const [x, y] = [Math.abs(sample(random, 30)), Math.abs(sample(random, 30))].map(bitsOfDouble);
      const [nearest, down, up, zero] = [0, 1, 2, 3].map((mode) => compute('div', new FloatControl(0x1f80 | (mode << 13)), double, x, y));
      expect(zero).toBe(down);
      expect(nearest === down || nearest === up).toBe(true);
      expect(up - down).toBeLessThanOrEqual(1n);
    }
  });
});
