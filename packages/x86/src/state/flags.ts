// The two-word lazy representation of the status flags, and its conversion from and to RFLAGS.
//
// FLAG_RESULT holds the last result sign-extended to 64 bits; FLAG_AUX holds, in fixed places:
//   bit 63 CF, bit 62 such that OF = bit 63 ^ bit 62, bit 61 SF correction, bit 3 AF, bits 8-15 parity correction.
// ZF = (result == 0); SF = sign(result) ^ bit 61; PF = even parity of (result ^ aux >> 8) & 0xff.
// Every flag is a few operations away without knowing which instruction produced it, so there is no table of producers and
// no evaluation routine; corrections are zero except after POPF, SAHF and the like, which can set impossible combinations.

/** Status flag bits of RFLAGS (SDM vol. 1, section 3.4.3). */
export const CF = 0x001;
export const PF = 0x004;
export const AF = 0x010;
export const ZF = 0x040;
export const SF = 0x080;
export const DF = 0x400;
export const OF = 0x800;
/** Trap after the next instruction; check the alignment of accesses. */
export const TF = 0x100;
export const AC = 0x4_0000;
/** The six arithmetic flags. */
export const STATUS_FLAGS = CF | PF | AF | ZF | SF | OF;

/** The pair of words, as signed 32-bit halves. */
export interface LazyFlags {
  resultLow: number;
  resultHigh: number;
  auxLow: number;
  auxHigh: number;
}

/** The representation of a set of status flags. */
export function lazyFromStatus(status: number): LazyFlags {
  const carry = (status & CF) !== 0 ? 1 : 0;
  const overflow = (status & OF) !== 0 ? 1 : 0;
  const sign = (status & SF) !== 0 ? 1 : 0;
  return {
    // A result of 0x100 is not zero, positive and of even parity; the corrections make the rest.
    resultLow: (status & ZF) !== 0 ? 0 : 0x100,
    resultHigh: 0,
    auxLow: ((status & AF) !== 0 ? 8 : 0) | ((status & PF) !== 0 ? 0 : 0x100),
    auxHigh: (carry << 31) | ((carry ^ overflow) << 30) | (sign << 29),
  };
}

/** The status flags that a representation stands for. */
export function statusFromLazy({ resultLow, resultHigh, auxLow, auxHigh }: LazyFlags): number {
  const carry = auxHigh >>> 31;
  let parity = (resultLow ^ (auxLow >>> 8)) & 0xff;
  parity ^= parity >> 4;
  return (
    (carry ? CF : 0) |
    ((0x9669 >> (parity & 0xf)) & 1 ? PF : 0) |
    ((auxLow & 8) << 1) |
    (resultLow === 0 && resultHigh === 0 ? ZF : 0) |
    (((resultHigh >>> 31) ^ (auxHigh >>> 29)) & 1 ? SF : 0) |
    ((carry ^ (auxHigh >>> 30)) & 1 ? OF : 0)
  );
}
