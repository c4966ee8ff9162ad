// Page arithmetic agrees with bigint arithmetic over the whole range of safe integers.
import { describe, expect, it } from 'vitest';
import {
  guestPageAddress,
  guestPageCeiling,
  guestPageNumber,
  guestPageOffset,
  isAligned,
  isGuestPageAligned,
  isPowerOfTwo,
  offsetWithin,
  roundDown,
  roundUp,
} from './rounding.ts';

function* sampleAddresses(): Generator<number> {
  let state = 0x2545f491;
  for (let power = 0; power <= 52; power++) {
    yield 2 ** power;
    yield 2 ** power - 1;
    yield 2 ** power + 1;
    for (let i = 0; i < 20; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      yield Math.floor((state / 2 ** 32) * 2 ** power);
    }
  }
}

describe('rounding', () => {
  it('equals bigint arithmetic for every granularity from 1 to 2^47', () => {
    for (const value of sampleAddresses()) {
      for (const power of [0, 3, 4, 12, 14, 16, 21, 31, 32, 33, 47]) {
        const unit = 2 ** power;
        const big = BigInt(value);
        const bigUnit = BigInt(unit);
        const down = (big / bigUnit) * bigUnit;
        const up = ((big + bigUnit - 1n) / bigUnit) * bigUnit;
        expect(BigInt(roundDown(value, unit))).toBe(down);
        expect(BigInt(roundUp(value, unit))).toBe(up);
        expect(BigInt(offsetWithin(value, unit))).toBe(big - down);
        expect(isAligned(value, unit)).toBe(big === down);
      }
    }
  });

  it('has guest-page forms that agree with the general ones above 32 bits', () => {
    for (const value of sampleAddresses()) {
      expect(guestPageAddress(value)).toBe(roundDown(value, 4096));
      expect(guestPageCeiling(value)).toBe(roundUp(value, 4096));
      expect(guestPageOffset(value)).toBe(offsetWithin(value, 4096));
      expect(isGuestPageAligned(value)).toBe(isAligned(value, 4096));
      expect(BigInt(guestPageNumber(value))).toBe(BigInt(value) >> 12n);
    }
  });

  it('recognises powers of two exactly', () => {
    for (let power = 0; power <= 52; power++) {
      expect(isPowerOfTwo(2 ** power)).toBe(true);
      if (power > 1) {
        expect(isPowerOfTwo(2 ** power - 1)).toBe(false);
        expect(isPowerOfTwo(2 ** power + 1)).toBe(false);
      }
    }
    expect(isPowerOfTwo(0)).toBe(false);
    expect(isPowerOfTwo(-4)).toBe(false);
  });
});
