/** Rounding to an integer: within the format (FRNDINT) and out of it (FIST, FISTP, FISTTP, the integer part of FBSTP). */
import { CLASS_DENORMAL, CLASS_INFINITY, CLASS_QUIET, CLASS_ZERO, classify } from './classify.ts';
import { propagateOne } from './nan.ts';
import { roundsUp } from './round.ts';
import { C1, DENORMAL, EXPONENT_BIAS, EXPONENT_MASK, INVALID, PRECISION, ROUND_CHOP, SIGN } from './status-bits.ts';
import { copySlot, store } from './store.ts';

/** target = source rounded to an integer as the rounding control says. Returns exception bits and C1. */
export function roundToIntegral(words: Int32Array, target: number, source: number, control: number): number {
  const sourceClass = classify(words, source);
  if (sourceClass >= CLASS_QUIET) return propagateOne(words, target, source, sourceClass, control);
  const flags = sourceClass === CLASS_DENORMAL ? DENORMAL : 0;
  if (flags & ~control) return flags;
  const word = words[source + 2];
  const exponent = word & EXPONENT_MASK;
  if (sourceClass === CLASS_ZERO || sourceClass === CLASS_INFINITY || exponent >= EXPONENT_BIAS + 63) {
    copySlot(words, target, source);
    return flags;
  }
  const sign = word & SIGN;
  const integerFlags = magnitude(words, source, target, control);
  let low = words[target];
  let high = words[target + 1];
  if ((high | low) === 0) {
    store(words, target, sign, 0, 0);
    return flags | integerFlags;
  }
  let shift = 0;
  if (high === 0) {
    high = low;
    low = 0;
    shift = 32;
  }
  const rest = Math.clz32(high);
  if (rest !== 0) {
    high = (high << rest) | (low >>> (32 - rest));
    low <<= rest;
  }
  store(words, target, sign | (EXPONENT_BIAS + 63 - shift - rest), high, low);
  return flags | integerFlags;
}

/**
 * Writes |source| rounded to an unsigned 64-bit integer to words[target] (low) and words[target + 1] (high); the source is
 * finite and below 2^64. Returns PE and C1. A carry out of 64 bits cannot happen: from 2^63 on there is no fraction.
 */
export function magnitude(words: Int32Array, source: number, target: number, control: number): number {
  const word = words[source + 2];
  let low = words[source];
  let high = words[source + 1];
  if ((high | low) === 0) {
    words[target] = 0;
    words[target + 1] = 0;
    return 0;
  }
  const distance = EXPONENT_BIAS + 63 - (word & EXPONENT_MASK);
  let discarded = 0;
  if (distance > 0) {
    if (distance < 32) {
      discarded = low << (32 - distance);
      low = (low >>> distance) | (high << (32 - distance));
      high >>>= distance;
    } else if (distance < 64) {
      const shift = distance - 32;
      discarded = shift === 0 ? low : (low >>> shift) | (high << (32 - shift)) | (low << (32 - shift) !== 0 ? 1 : 0);
      low = high >>> shift;
      high = 0;
    } else {
      discarded = distance === 64 ? high | (low !== 0 ? 1 : 0) : 1;
      low = 0;
      high = 0;
    }
  }
  let flags = 0;
  if (discarded !== 0) {
    flags = PRECISION;
    if (roundsUp(discarded, low & 1, word & SIGN, control)) {
      flags = PRECISION | C1;
      low = (low + 1) | 0;
      if (low === 0) high = (high + 1) | 0;
    }
  }
  words[target] = low;
  words[target + 1] = high;
  return flags;
}

/**
 * Converts to a signed integer of 16, 32 or 64 bits, written sign-extended to words[target], words[target + 1].
 *
 * @param chop True for FISTTP: truncate whatever the rounding control says.
 * @returns Exception bits and C1. After INVALID the words hold the integer indefinite (the most negative number).
 */
export function toInteger(words: Int32Array, target: number, source: number, sizeInBits: number, chop: boolean, control: number): number {
  const sourceClass = classify(words, source);
  const word = words[source + 2];
  if (sourceClass < CLASS_INFINITY && (word & EXPONENT_MASK) < EXPONENT_BIAS + 64) {
    const flags = magnitude(words, source, target, chop ? control | ROUND_CHOP : control);
    const low = words[target];
    const high = words[target + 1];
    const negative = (word & SIGN) !== 0;
    if (fits(high, low, negative, sizeInBits)) {
      if (negative) {
        words[target] = -low | 0;
        words[target + 1] = (~high + (low === 0 ? 1 : 0)) | 0;
      }
      return flags;
    }
  }
  words[target] = sizeInBits === 64 ? 0 : -(2 ** (sizeInBits - 1));
  words[target + 1] = sizeInBits === 64 ? 0x80000000 | 0 : -1;
  return INVALID;
}

/** Whether a magnitude fits a signed integer: up to 2^(n-1) when negative, below it otherwise. */
function fits(high: number, low: number, negative: boolean, sizeInBits: number): boolean {
  if (sizeInBits === 64) return high >= 0 || (negative && high === (0x80000000 | 0) && low === 0);
  const limit = 2 ** (sizeInBits - 1);
  return high === 0 && (negative ? low >>> 0 <= limit : low >>> 0 < limit);
}
