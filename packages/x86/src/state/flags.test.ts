// The two-word flag representation stands for every combination of the six status flags.
import { describe, expect, it } from 'vitest';
import { AF, CF, lazyFromStatus, OF, PF, SF, statusFromLazy, ZF } from './flags.ts';

describe('lazy flags', () => {
  it('round-trips all 64 combinations, also those no arithmetic produces', () => {
    for (let bits = 0; bits < 64; bits += 1) {
      const status = [CF, PF, AF, ZF, SF, OF].reduce((sum, flag, index) => sum | (bits & (1 << index) ? flag : 0), 0);
      expect(statusFromLazy(lazyFromStatus(status))).toBe(status);
    }
  });
  it('reads parity from the low byte of the result alone', () => {
    const parity = (resultLow: number) => statusFromLazy({ resultLow, resultHigh: 1, auxLow: 0, auxHigh: 0 }) & PF;
    expect(parity(0x100)).toBe(PF);
    expect(parity(0x101)).toBe(0);
    expect(parity(0x103)).toBe(PF);
    expect(parity(0xff)).toBe(PF);
    expect(parity(0x7f)).toBe(0);
  });
});
