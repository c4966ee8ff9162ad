// Square roots of perfect squares are exact, and their neighbours are not.
import { expect, it } from 'vitest';
import { randomSource } from '../../../test-support/x87-cases.ts';
import { fromInteger } from './convert-integer.ts';
import { squareRoot } from './square-root.ts';
import { PRECISION } from './status-bits.ts';
import { significand } from './wide.ts';

const CONTROL = 0x37f;
const TARGET = 4;

// Root of a 64-bit integer below 2^63, as significand and flags.
function rootOf(value: bigint): { readonly root: bigint; readonly flags: number } {
  const words = new Int32Array(8);
  fromInteger(words, 0, Number(value >> 32n), Number(value & 0xffff_ffffn) | 0);
  const flags = squareRoot(words, TARGET, 0, CONTROL);
  return { root: significand(words, TARGET) >> BigInt(16383 + 63 - words[TARGET + 2]), flags };
}

it('is exact for squares and only for them', () => {
  const random = randomSource(7);
  for (let count = 0; count < 5_000; count += 1) {
    const root = BigInt(random() >>> (1 + (count % 20))) + 2n;
    expect(rootOf(root * root)).toEqual({ root, flags: 0 });
    expect(rootOf(root * root + 1n).flags & PRECISION).toBe(PRECISION);
    expect(rootOf(root * root - 1n).flags & PRECISION).toBe(PRECISION);
  }
});
