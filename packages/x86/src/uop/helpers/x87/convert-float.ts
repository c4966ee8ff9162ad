/** IEEE single and double into 80-bit numbers and back (FLD, FST, FSTP and memory operands). */
import { CLASS_INFINITY, CLASS_SIGNALLING, CLASS_UNSUPPORTED, CLASS_ZERO, classify } from './classify.ts';
import { roundsUp } from './round.ts';
import {
  C1,
  DENORMAL,
  EXPONENT_BIAS,
  EXPONENT_MASK,
  INVALID,
  OVERFLOW,
  PRECISION,
  ROUND_CHOP,
  ROUND_DOWN,
  ROUND_UP,
  ROUNDING_CONTROL,
  SIGN,
  UNDERFLOW,
} from './status-bits.ts';
import { store } from './store.ts';

/**
 * target = the double high:low, exactly (a signalling NaN stays one).
 *
 * @returns DENORMAL when the double is denormal, INVALID when it is a signalling NaN: the caller raises them if they are due.
 */
export function fromDouble(words: Int32Array, target: number, high: number, low: number): number {
  const sign = (high >>> 16) & SIGN;
  const exponent = (high >>> 20) & 0x7ff;
  const fractionHigh = high & 0xfffff;
  const significandHigh = (fractionHigh << 11) | (low >>> 21);
  const significandLow = low << 11;
  if (exponent === 0x7ff) {
    store(words, target, sign | EXPONENT_MASK, significandHigh | 0x80000000, significandLow);
    return (fractionHigh | low) !== 0 && (high & 0x80000) === 0 ? INVALID : 0;
  }
  if (exponent !== 0) {
    store(words, target, sign | (exponent + EXPONENT_BIAS - 1023), significandHigh | 0x80000000, significandLow);
    return 0;
  }
  return fromFraction(words, target, sign, EXPONENT_BIAS - 1022, significandHigh, significandLow);
}

/** target = the single with these bits; as `fromDouble`. */
export function fromSingle(words: Int32Array, target: number, bits: number): number {
  const sign = (bits >>> 16) & SIGN;
  const exponent = (bits >>> 23) & 0xff;
  const significandHigh = bits << 8;
  if (exponent === 0xff) {
    store(words, target, sign | EXPONENT_MASK, significandHigh | 0x80000000, 0);
    return (bits & 0x7fffff) !== 0 && (bits & 0x400000) === 0 ? INVALID : 0;
  }
  if (exponent !== 0) {
    store(words, target, sign | (exponent + EXPONENT_BIAS - 127), significandHigh | 0x80000000, 0);
    return 0;
  }
  return fromFraction(words, target, sign, EXPONENT_BIAS - 126, significandHigh & 0x7fffffff, 0);
}

/** A denormal or zero of a narrower format, whose integer bit would have the given biased exponent. */
function fromFraction(words: Int32Array, target: number, sign: number, exponent: number, high: number, low: number): number {
  if ((high | low) === 0) {
    store(words, target, sign, 0, 0);
    return 0;
  }
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
  return DENORMAL;
}

/** Writes the double nearest in the rounding mode to words[target] (low), words[target + 1] (high); see `toNarrow`. */
export function toDouble(words: Int32Array, target: number, source: number, control: number): number {
  return toNarrow(words, target, source, control, 11, 1023);
}

/** Writes the single nearest in the rounding mode to words[target]; see `toNarrow`. */
export function toSingle(words: Int32Array, target: number, source: number, control: number): number {
  return toNarrow(words, target, source, control, 40, 127);
}

/**
 * Narrows to a format that keeps 64 - `drop` bits of significand.
 *
 * @returns Exception bits and C1. With INVALID, OVERFLOW or UNDERFLOW unmasked nothing may be stored.
 */
function toNarrow(words: Int32Array, target: number, source: number, control: number, drop: number, bias: number): number {
  const sourceClass = classify(words, source);
  const word = words[source + 2];
  const sign = word & SIGN;
  let high = words[source + 1];
  let low = words[source];
  if (sourceClass === CLASS_ZERO) return put(words, target, drop, sign, 0, 0, 0);
  if (sourceClass >= CLASS_INFINITY) {
    if (sourceClass === CLASS_INFINITY) return put(words, target, drop, sign, bias * 2 + 1, 0, 0);
    if (sourceClass === CLASS_UNSUPPORTED) return put(words, target, drop, SIGN, bias * 2 + 1, 0x40000000, 0) | INVALID;
    const flags = sourceClass === CLASS_SIGNALLING ? INVALID : 0;
    return put(words, target, drop, sign, bias * 2 + 1, high | 0x40000000, low) | flags;
  }
  let exponent = (word & EXPONENT_MASK || 1) - EXPONENT_BIAS + bias;
  const tiny = exponent <= 0 && !roundsIntoRange(exponent, high, low, drop, sign, control);
  let sticky = 0;
  if (exponent <= 0) {
    // Into the denormal range of the narrow format: shift right, gathering what falls off.
    let distance = 1 - exponent;
    if (distance > 66) distance = 66;
    for (; distance > 0; distance -= 31) {
      const shift = Math.min(distance, 31);
      if ((low & ((1 << shift) - 1)) !== 0) sticky = 1;
      low = (low >>> shift) | (high << (32 - shift));
      high >>>= shift;
    }
    exponent = 0;
  }
  let discarded: number;
  let odd: number;
  if (drop === 11) {
    discarded = ((low & 0x7ff) << 21) | sticky;
    odd = low & 0x800;
    low &= ~0x7ff;
  } else {
    discarded = ((high & 0xff) << 24) | (low !== 0 ? 1 : 0) | sticky;
    odd = high & 0x100;
    high &= ~0xff;
    low = 0;
  }
  let flags = 0;
  if (discarded !== 0) {
    flags = PRECISION;
    if (roundsUp(discarded, odd, sign, control)) {
      flags = PRECISION | C1;
      if (drop === 11) {
        low = (low + 0x800) | 0;
        if (low === 0) high = (high + 1) | 0;
      } else high = (high + 0x100) | 0;
      if (exponent === 0) {
        if (high < 0) exponent = 1;
      } else if (high === 0) {
        high = 0x80000000 | 0;
        exponent++;
      }
    }
  }
  if (tiny && (flags !== 0 || (control & UNDERFLOW) === 0)) flags |= UNDERFLOW;
  if (exponent > bias * 2) {
    const mode = control & ROUNDING_CONTROL;
    if (mode === ROUND_CHOP || (mode === ROUND_DOWN && sign === 0) || (mode === ROUND_UP && sign !== 0)) {
      put(words, target, drop, sign, bias * 2, -1, -1);
      return OVERFLOW | PRECISION;
    }
    put(words, target, drop, sign, bias * 2 + 1, 0, 0);
    return OVERFLOW | PRECISION | C1;
  }
  put(words, target, drop, sign, exponent, high, low);
  return flags;
}

/** Whether rounding with an unlimited exponent would reach the smallest normal number, so that the result is not tiny. */
function roundsIntoRange(exponent: number, high: number, low: number, drop: number, sign: number, control: number): boolean {
  if (exponent !== 0) return false;
  if (drop === 11) return high === -1 && low >>> 11 === 0x1fffff && (low & 0x7ff) !== 0 && roundsUp((low & 0x7ff) << 21, 1, sign, control);
  const discarded = ((high & 0xff) << 24) | (low !== 0 ? 1 : 0);
  return high >>> 8 === 0xffffff && discarded !== 0 && roundsUp(discarded, 1, sign, control);
}

/** Packs sign, biased exponent and the fraction below the integer bit of high:low. */
function put(words: Int32Array, target: number, drop: number, sign: number, exponent: number, high: number, low: number): number {
  const fraction = high & 0x7fffffff;
  if (drop === 11) {
    words[target] = (low >>> 11) | (fraction << 21);
    words[target + 1] = (sign << 16) | (exponent << 20) | (fraction >>> 11);
  } else words[target] = (sign << 16) | (exponent << 23) | (fraction >>> 8);
  return 0;
}
