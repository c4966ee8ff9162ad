/** Bridges between slots and BigInt, for the operations that are rare enough to afford it. */

import { roundAndStore } from './round.ts';
import { EXPONENT_MASK } from './status-bits.ts';

/** The 64-bit significand of a slot. */
export function significand(words: Int32Array, slot: number): bigint {
  return (BigInt(words[slot + 1] >>> 0) << 32n) | BigInt(words[slot] >>> 0);
}

/** Significand with its top bit set and the matching biased exponent (below 1 for denormals); the value must not be zero. */
export function normalised(words: Int32Array, slot: number): { readonly significand: bigint; readonly exponent: number } {
  const exponent = words[slot + 2] & EXPONENT_MASK || 1;
  const value = significand(words, slot);
  const high = words[slot + 1];
  const shift = high !== 0 ? Math.clz32(high) : 32 + Math.clz32(words[slot]);
  return { significand: value << BigInt(shift), exponent: exponent - shift };
}

/** Number of bits of a positive BigInt. */
export function bitLength(value: bigint): number {
  const text = value.toString(16);
  return text.length * 4 - Math.clz32(Number.parseInt(text[0], 16)) + 28;
}

/**
 * Rounds and writes `value * 2^scale`; `value` is positive, and `inexact` says that a non-zero part below it was lost.
 *
 * @returns Exception bits and C1, as `roundAndStore`.
 */
export function storeWide(words: Int32Array, target: number, sign: number, value: bigint, scale: number, inexact: boolean, control: number): number {
  const bits = bitLength(value);
  let top: bigint;
  let lost = inexact;
  if (bits > 96) {
    const drop = BigInt(bits - 96);
    top = value >> drop;
    if (top << drop !== value) lost = true;
  } else top = value << BigInt(96 - bits);
  const high = Number(top >> 64n) | 0;
  const low = Number((top >> 32n) & 0xffffffffn) | 0;
  const tail = Number(top & 0xffffffffn) | 0 | (lost ? 1 : 0);
  return roundAndStore(words, target, sign, scale + bits - 1 + 16383, high, low, tail, control);
}
