// The quick fused multiply-add against the exact one.
import { describe, expect, it } from 'vitest';
import { Random } from '../../../test-support/random.ts';
import { double, Flag, FloatControl, single } from './format.ts';
import { fuse } from './fused.ts';
import { QuickFused } from './quick-fused.ts';

const words = new DataView(new ArrayBuffer(8));
function bitsOf(value: number, isDouble: boolean): bigint {
  if (isDouble) words.setFloat64(0, value);
  else words.setFloat32(0, value);
  return isDouble ? words.getBigUint64(0) : BigInt(words.getUint32(0));
}

// Few significant bits now and then, so that exact results, halfway cases and long runs of zeros are frequent.
function sample(random: Random, isDouble: boolean, spread: number): number {
  const bits = random.pick(isDouble ? [1, 2, 20, 27, 51, 52] : [1, 2, 11, 12, 22, 23]);
  const low = random.pick([0, 1, random.below(2 ** Math.min(bits, 31))]) * 2 ** Math.max(0, random.pick([0, bits - 31]));
  const value = (2 ** bits + low) * 2 ** (random.below(2 * spread + 1) - spread - bits);
  return (random.oneIn(2) ? -1 : 1) * (random.oneIn(40) ? 0 : value);
}

describe.each([true, false])('quick fused multiply-add, double: %s', (isDouble) => {
  const quick = new QuickFused();
  const format = isDouble ? double : single;

  // Addends near the product (cancellation), within its 106 bits, and far away.
  it.each([0, 3, 30, 60, 110])('equals the exact one for addends within 2^%d of the product', (distance) => {
    const random = new Random(distance + 1);
    let answered = 0;
    let exactOnes = 0;
    for (let round = 0; round < 6000; round += 1) {
      const x = sample(random, isDouble, 20);
      const y = sample(random, isDouble, 20);
      const near = isDouble ? x * y : Math.fround(x * y);
      const z = random.oneIn(2)
        ? -near
        : sample(random, isDouble, 2) * 2 ** Math.round(Math.log2(Math.abs(near) || 1) + random.below(2 * distance + 1) - distance);
      const addend = isDouble ? z : Math.fround(z);
      if (!quick.compute(isDouble, x, y, addend)) continue;
      answered += 1;
      const control = new FloatControl(0x1f80);
      const bits = fuse(control, format, [bitsOf(x, isDouble), bitsOf(y, isDouble), bitsOf(addend, isDouble)], false, false);
      expect(bitsOf(quick.value, isDouble), `${x} * ${y} + ${addend}`).toBe(bits);
      expect(quick.isExact, `${x} * ${y} + ${addend}`).toBe((control.flags & Flag.Precision) === 0);
      if (quick.isExact) exactOnes += 1;
    }
    expect(answered).toBeGreaterThan(3000);
    expect(exactOnes).toBeGreaterThan(100);
    expect(exactOnes).toBeLessThan(answered);
  });

  it('leaves zero sums and the ends of the range to the exact one', () => {
    const least = isDouble ? 2 ** -1022 : 2 ** -126;
    for (const [x, y, z] of [
      [3, 5, -15],
      [0, 5, 0],
      [least, 0.5, least],
      [1 / least, 2, 1],
      [Number.NaN, 1, 1],
      [1, Number.POSITIVE_INFINITY, 1],
      [1, 1, least / 2],
    ]) {
      expect(quick.compute(isDouble, x, y, z), `${x} * ${y} + ${z}`).toBe(false);
    }
  });
});
