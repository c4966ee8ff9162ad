/** Writing whole values into a slot: zeros, infinities, copies, the default NaN. */
import { EXPONENT_MASK, SIGN } from './status-bits.ts';

/** Writes the three words of a value; `signExponent` is the 16-bit top of the 80-bit format. */
export function store(words: Int32Array, target: number, signExponent: number, high: number, low: number): void {
  words[target] = low;
  words[target + 1] = high;
  words[target + 2] = signExponent;
}

export function storeZero(words: Int32Array, target: number, sign: number): void {
  store(words, target, sign, 0, 0);
}

export function storeInfinity(words: Int32Array, target: number, sign: number): void {
  store(words, target, sign | EXPONENT_MASK, 0x80000000 | 0, 0);
}

/** The "real indefinite": the quiet NaN that masked invalid operations answer with. */
export function storeIndefinite(words: Int32Array, target: number): void {
  store(words, target, SIGN | EXPONENT_MASK, 0xc0000000 | 0, 0);
}

export function copySlot(words: Int32Array, target: number, source: number): void {
  store(words, target, words[source + 2], words[source + 1], words[source]);
}

/** Copies a result: a pseudo-denormal gets the exponent 1 that it stands for. */
export function copyNumber(words: Int32Array, target: number, source: number): void {
  copySlot(words, target, source);
  if (words[target + 1] < 0 && (words[target + 2] & EXPONENT_MASK) === 0) words[target + 2] |= 1;
}
