/** What an 80-bit encoding stands for. Intel SDM vol. 1, tables 8-3 and 8-4. */
import { EXPONENT_MASK } from './status-bits.ts';

export const CLASS_ZERO = 0;
/** A denormal or a pseudo-denormal (exponent 0 with the integer bit set: the processor takes it as exponent 1). */
export const CLASS_DENORMAL = 1;
export const CLASS_NORMAL = 2;
export const CLASS_INFINITY = 3;
/** Classes from here on never reach arithmetic. */
export const CLASS_QUIET = 4;
export const CLASS_SIGNALLING = 5;
/** Unnormals, pseudo-infinities and pseudo-NaNs: exponent not 0, integer bit clear. */
export const CLASS_UNSUPPORTED = 6;

/** Class of the slot at word index `slot`; ordered so that `>= CLASS_QUIET` means "no number". */
export function classify(words: Int32Array, slot: number): number {
  const exponent = words[slot + 2] & EXPONENT_MASK;
  const high = words[slot + 1];
  if (exponent === 0) return (high | words[slot]) === 0 ? CLASS_ZERO : CLASS_DENORMAL;
  if (high >= 0) return CLASS_UNSUPPORTED;
  if (exponent !== EXPONENT_MASK) return CLASS_NORMAL;
  if (((high & 0x7fffffff) | words[slot]) === 0) return CLASS_INFINITY;
  return high & 0x40000000 ? CLASS_QUIET : CLASS_SIGNALLING;
}
