/** Signed integers and packed decimals into 80-bit numbers and back (FILD, FBLD, FBSTP). */
import { CLASS_INFINITY, classify } from './classify.ts';
import { magnitude } from './integral.ts';
import { EXPONENT_BIAS, EXPONENT_MASK, INVALID, SIGN } from './status-bits.ts';
import { store, storeZero } from './store.ts';
import { significand } from './wide.ts';

/** target = the signed 64-bit integer high:low; always exact. */
export function fromInteger(words: Int32Array, target: number, high: number, low: number): void {
  if ((high | low) === 0) {
    storeZero(words, target, 0);
    return;
  }
  let sign = 0;
  if (high < 0) {
    sign = SIGN;
    high = (~high + (low === 0 ? 1 : 0)) | 0;
    low = -low | 0;
  }
  let exponent = EXPONENT_BIAS + 63;
  if (high === 0) {
    high = low;
    low = 0;
    exponent -= 32;
  }
  const shift = Math.clz32(high);
  if (shift !== 0) {
    high = (high << shift) | (low >>> (32 - shift));
    low <<= shift;
  }
  store(words, target, sign | (exponent - shift), high, low);
}

/**
 * target = 18 packed decimal digits: words[source], words[source + 1] and the low half of words[source + 2], whose bit 15 is
 * the sign (bits 8 to 14 are ignored). Always exact; digits above 9 count with their value, as the processor does.
 */
export function fromDecimal(words: Int32Array, target: number, source: number): void {
  let value = 0n;
  for (let digit = 17; digit >= 0; digit--) {
    value = value * 10n + BigInt((words[source + (digit >> 3)] >>> ((digit & 7) * 4)) & 15);
  }
  const sign = words[source + 2] & SIGN;
  fromInteger(words, target, Number(value >> 32n) | 0, Number(value & 0xffffffffn) | 0);
  words[target + 2] |= sign;
}

const LIMIT = 10n ** 18n;

/**
 * Writes the packed decimal of a number to three words (layout of `fromDecimal`).
 *
 * @returns Exception bits and C1. After INVALID the words hold the decimal indefinite.
 */
export function toDecimal(words: Int32Array, target: number, source: number, control: number): number {
  const word = words[source + 2];
  if (classify(words, source) < CLASS_INFINITY && (word & EXPONENT_MASK) < EXPONENT_BIAS + 64) {
    const flags = magnitude(words, source, target, control);
    let value = significand(words, target);
    if (value < LIMIT) {
      words[target] = 0;
      words[target + 1] = 0;
      words[target + 2] = word & SIGN;
      for (let digit = 0; digit < 18; digit++) {
        words[target + (digit >> 3)] |= Number(value % 10n) << ((digit & 7) * 4);
        value /= 10n;
      }
      return flags;
    }
  }
  words[target] = 0;
  words[target + 1] = 0xc0000000 | 0;
  words[target + 2] = 0xffff;
  return INVALID;
}
