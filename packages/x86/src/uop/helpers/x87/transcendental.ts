/** FYL2X, FYL2XP1, F2XM1, FPATAN, FSIN, FCOS and FPTAN on slots: special operands, argument reduction, one final rounding. */
import { CLASS_DENORMAL, CLASS_INFINITY, CLASS_QUIET, CLASS_ZERO, classify } from './classify.ts';
import { invalid, propagate, propagateOne } from './nan.ts';
import { C2, DENORMAL, EXPONENT_BIAS, EXPONENT_MASK, PRECISION, PRECISION_CONTROL, SIGN, UNDERFLOW, ZERO_DIVIDE } from './status-bits.ts';
import { copySlot, store, storeInfinity, storeZero } from './store.ts';
import { arctangent, exponentialMinusOne, FRACTION_BITS, LN_2, logarithmOfRatio, ONE, PI, sineAndCosine, toFixed } from './transcendental-series.ts';
import { normalised, storeWide } from './wide.ts';

/** Below this exponent the second term of a series lies under half a unit in the last place: the first one decides. */
const TINY_EXPONENT = -70;
const BITS = BigInt(FRACTION_BITS);
/** FPATAN: below this exponent of y / x the answer is their quotient, of so many bits (measured: every one of 20,000 random quotients). */
const TINY_RATIO_EXPONENT = -40;
const QUOTIENT_BITS = 67;

/** Exponent of a slot's value, with denormals normalised, and its significand scaled so that value = significand * 2^scale. */
function split(words: Int32Array, slot: number) {
  const { significand, exponent } = normalised(words, slot);
  return { significand, exponent: exponent - EXPONENT_BIAS, scale: exponent - EXPONENT_BIAS - 63 };
}

// Rounds a positive or negative fixed-point number times 2^scale; the sign is given apart.
function storeFixed(words: Int32Array, target: number, sign: number, value: bigint, scale: number, inexact: boolean, control: number): number {
  if (value < 0n) return storeFixed(words, target, sign ^ SIGN, -value, scale, inexact, control);
  return storeWide(words, target, sign, value, scale - FRACTION_BITS, inexact, control | PRECISION_CONTROL);
}

// A result that is exact by luck still counts as inexact, and as an underflow when it is denormal.
function storeInexact(words: Int32Array, target: number, sign: number, value: bigint, scale: number, control: number): number {
  const flags = PRECISION | storeFixed(words, target, sign, value, scale, false, control);
  return words[target + 2] & EXPONENT_MASK ? flags : flags | UNDERFLOW;
}

/** target = 2^source - 1. Beyond [-1, 1] the operand stays as it is. */
export function exponentialBase2(words: Int32Array, target: number, source: number, control: number): number {
  const sourceClass = classify(words, source);
  if (sourceClass >= CLASS_QUIET) return propagateOne(words, target, source, sourceClass, control);
  const sign = words[source + 2] & SIGN;
  if (sourceClass === CLASS_ZERO) return 0;
  if (sourceClass === CLASS_INFINITY) {
    if (sign) store(words, target, SIGN | EXPONENT_BIAS, 0x80000000 | 0, 0);
    return 0;
  }
  const flags = sourceClass === CLASS_DENORMAL ? DENORMAL : 0;
  if (flags & ~control) return flags;
  const { significand, exponent, scale } = split(words, source);
  if (exponent >= 0) {
    if (exponent === 0 && sign && significand === 1n << 63n) store(words, target, SIGN | (EXPONENT_BIAS - 1), 0x80000000 | 0, 0);
    return flags | PRECISION;
  }
  if (exponent < TINY_EXPONENT) return flags | storeFixed(words, target, sign, significand * LN_2, scale, true, control);
  const argument = (toFixed(sign ? -significand : significand, scale) * LN_2) >> BITS;
  return flags | storeFixed(words, target, 0, exponentialMinusOne(argument), 0, true, control);
}

/** ST(1) * log2 ST(0), to target. `base` is ST(0), `factor` is ST(1). */
export function logarithmBase2(words: Int32Array, target: number, base: number, factor: number, control: number): number {
  const baseClass = classify(words, base);
  const factorClass = classify(words, factor);
  if (baseClass >= CLASS_QUIET || factorClass >= CLASS_QUIET) {
    return propagate(words, target, base, baseClass, factor, factorClass, control);
  }
  const baseSign = words[base + 2] & SIGN;
  const factorSign = words[factor + 2] & SIGN;
  if (baseSign && baseClass !== CLASS_ZERO) return invalid(words, target, control);
  if (baseClass === CLASS_ZERO) {
    if (factorClass === CLASS_ZERO) return invalid(words, target, control);
    const flags = factorClass === CLASS_INFINITY ? 0 : ZERO_DIVIDE;
    if (flags & ~control) return flags;
    storeInfinity(words, target, factorSign ^ SIGN);
    return flags;
  }
  const flags = baseClass === CLASS_DENORMAL || factorClass === CLASS_DENORMAL ? DENORMAL : 0;
  if (baseClass === CLASS_INFINITY) {
    if (factorClass === CLASS_ZERO) return invalid(words, target, control);
    if (flags & ~control) return flags;
    storeInfinity(words, target, factorSign);
    return flags;
  }
  const { significand, exponent, scale } = split(words, base);
  const isOne = exponent === 0 && significand === 1n << 63n;
  if (factorClass === CLASS_INFINITY) {
    if (isOne) return invalid(words, target, control);
    if (flags & ~control) return flags;
    storeInfinity(words, target, exponent < 0 ? factorSign ^ SIGN : factorSign);
    return flags;
  }
  if (flags & ~control) return flags;
  if (factorClass === CLASS_ZERO || isOne) {
    storeZero(words, target, exponent < 0 ? factorSign ^ SIGN : factorSign);
    return flags;
  }
  // base = 2^power * m with m in [3/4, 3/2): z = (m - 1) / (m + 1) keeps every bit when the base is close to 1.
  const power = significand >= 3n << 62n ? exponent + 1 : exponent;
  const mantissa = toFixed(significand, scale - power);
  const fraction = (logarithmOfRatio(((mantissa - ONE) << BITS) / (mantissa + ONE)) << BITS) / LN_2;
  const logarithm = (BigInt(power) << BITS) + fraction;
  if (mantissa === ONE) {
    const { significand: digits, scale: factorScale } = split(words, factor);
    const exact = logarithm * digits;
    const exactSign = exact < 0n ? factorSign ^ SIGN : factorSign;
    return flags | storeInexact(words, target, exactSign, exact < 0n ? -exact : exact, factorScale, control);
  }
  return flags | product(words, target, factor, factorSign, logarithm, 0, control);
}

/** ST(1) * log2(1 + ST(0)), to target. */
export function logarithmOfOnePlus(words: Int32Array, target: number, base: number, factor: number, control: number): number {
  const baseClass = classify(words, base);
  const factorClass = classify(words, factor);
  if (baseClass >= CLASS_QUIET || factorClass >= CLASS_QUIET) {
    return propagate(words, target, base, baseClass, factor, factorClass, control);
  }
  const baseSign = words[base + 2] & SIGN;
  const sign = (words[factor + 2] & SIGN) ^ baseSign;
  if (baseClass === CLASS_INFINITY && (baseSign || factorClass === CLASS_ZERO)) return invalid(words, target, control);
  if (factorClass === CLASS_INFINITY && baseClass === CLASS_ZERO) return invalid(words, target, control);
  const flags = baseClass === CLASS_DENORMAL || factorClass === CLASS_DENORMAL ? DENORMAL : 0;
  if (flags & ~control) return flags;
  if (baseClass === CLASS_INFINITY || factorClass === CLASS_INFINITY) {
    storeInfinity(words, target, sign);
    return flags;
  }
  if (baseClass === CLASS_ZERO || factorClass === CLASS_ZERO) {
    storeZero(words, target, sign);
    return flags;
  }
  const { significand, exponent, scale } = split(words, base);
  // From -1 down there is no logarithm; the processor leaves the operand.
  if (baseSign && exponent >= 0) {
    copySlot(words, target, base);
    return flags | PRECISION;
  }
  const factorSign = words[factor + 2] & SIGN;
  if (exponent < TINY_EXPONENT) {
    const first = (significand << (2n * BITS)) / LN_2;
    return flags | product(words, target, factor, sign, first, scale, control);
  }
  if (exponent > 100) {
    const power = exponent + 1;
    const mantissa = toFixed(significand, scale - power);
    const fraction = (logarithmOfRatio(((mantissa - ONE) << BITS) / (mantissa + ONE)) << BITS) / LN_2;
    return flags | product(words, target, factor, factorSign, (BigInt(power) << BITS) + fraction, 0, control);
  }
  let value = ONE + toFixed(baseSign ? -significand : significand, scale);
  let power = 0;
  while (value >= (ONE * 3n) / 2n) {
    value >>= 1n;
    power++;
  }
  while (value < (ONE * 3n) / 4n) {
    value <<= 1n;
    power--;
  }
  const fraction = (logarithmOfRatio(((value - ONE) << BITS) / (value + ONE)) << BITS) / LN_2;
  return flags | product(words, target, factor, factorSign, (BigInt(power) << BITS) + fraction, 0, control);
}

// factor * value * 2^scale, rounded once.
function product(words: Int32Array, target: number, factor: number, sign: number, value: bigint, scale: number, control: number): number {
  const { significand, scale: factorScale } = split(words, factor);
  return storeFixed(words, target, sign, value * significand, factorScale + scale, true, control);
}

/** Angle of the point (ST(0), ST(1)), to target: `x` is ST(0), `y` is ST(1). Intel SDM vol. 2A, table 3-30. */
export function angle(words: Int32Array, target: number, x: number, y: number, control: number): number {
  const xClass = classify(words, x);
  const yClass = classify(words, y);
  if (xClass >= CLASS_QUIET || yClass >= CLASS_QUIET) return propagate(words, target, x, xClass, y, yClass, control);
  const left = (words[x + 2] & SIGN) !== 0;
  const sign = words[y + 2] & SIGN;
  const flags = xClass === CLASS_DENORMAL || yClass === CLASS_DENORMAL ? DENORMAL : 0;
  if (flags & ~control) return flags;
  const put = (value: bigint) => flags | storeFixed(words, target, sign, value, 0, true, control);
  if (yClass === CLASS_INFINITY) {
    if (xClass !== CLASS_INFINITY) return put(PI >> 1n);
    return put(left ? (PI * 3n) >> 2n : PI >> 2n);
  }
  if (xClass === CLASS_INFINITY || yClass === CLASS_ZERO) {
    if (left) return put(PI);
    storeZero(words, target, sign);
    return flags;
  }
  if (xClass === CLASS_ZERO) return put(PI >> 1n);
  const abscissa = split(words, x);
  const ordinate = split(words, y);
  const difference = ordinate.scale - abscissa.scale;
  const halved = ordinate.significand < abscissa.significand ? 1 : 0;
  if (!left && difference - halved < TINY_RATIO_EXPONENT) {
    // The arctangent lies just below the quotient, but the processor answers with the quotient itself, cut to 67 bits.
    const shift = QUOTIENT_BITS - 1 + halved;
    const quotient = (ordinate.significand << BigInt(shift)) / abscissa.significand;
    return flags | storeInexact(words, target, sign, quotient, difference - shift + FRACTION_BITS, control);
  }
  if (left && difference < TINY_EXPONENT) return put(PI - 1n);
  if (difference > -TINY_EXPONENT) return put((PI >> 1n) + (left ? 1n : -1n));
  const height = difference > 0 ? ordinate.significand << BigInt(difference) : ordinate.significand;
  const width = difference < 0 ? abscissa.significand << BigInt(-difference) : abscissa.significand;
  const acute = height <= width ? arctangent(height, width) : (PI >> 1n) - arctangent(width, height);
  return put(left ? PI - acute : acute);
}

/** The processor reduces every angle with pi cut to 66 bits, 64 of them behind the point. */
const REDUCTION_PI = 0x3243f6a8885a308d3n;
const REDUCTION_BITS = 64;

/** An angle reduced to at most pi/4 in fixed point, and the number of quarter turns taken away (modulo 4). */
function reduce(words: Int32Array, source: number) {
  const { significand, scale } = split(words, source);
  // In units of 2^-131, where half of that pi and every argument from 2^-68 on are whole.
  const unit = 131;
  const quarter = REDUCTION_PI << BigInt(unit - REDUCTION_BITS - 1);
  const value = significand << BigInt(scale + unit);
  let turns = value / quarter;
  let rest = value - turns * quarter;
  if (rest * 2n > quarter) {
    rest -= quarter;
    turns++;
  }
  return { angle: toFixed(rest, -unit), turns: Number(turns & 3n) };
}

/** FSIN, FCOS, FSINCOS and FPTAN share their special operands; each names what it stores where. */
interface TrigonometricTargets {
  /** Sine, or tangent when `tangent`. */
  readonly sine: number;
  /** Cosine; the constant 1 when `tangent`. Negative: not wanted. */
  readonly cosine: number;
  readonly tangent: boolean;
}

/** @returns Exception bits and C1, or C2 alone when the argument is 2^63 or more and nothing was computed. */
export function trigonometric(words: Int32Array, targets: TrigonometricTargets, source: number, control: number): number {
  const { sine, cosine, tangent } = targets;
  const sourceClass = classify(words, source);
  const first = sine >= 0 ? sine : cosine;
  if (sourceClass >= CLASS_QUIET || sourceClass === CLASS_INFINITY) {
    const flags = sourceClass === CLASS_INFINITY ? invalid(words, first, control) : propagateOne(words, first, source, sourceClass, control);
    if ((flags & ~control) === 0 && sine >= 0 && cosine >= 0) copySlot(words, cosine, sine);
    return flags;
  }
  const sign = words[source + 2] & SIGN;
  if (sourceClass === CLASS_ZERO) {
    if (sine >= 0) storeZero(words, sine, sign);
    if (cosine >= 0) store(words, cosine, EXPONENT_BIAS, 0x80000000 | 0, 0);
    return 0;
  }
  if ((words[source + 2] & EXPONENT_MASK) >= EXPONENT_BIAS + 63) return C2;
  let flags = sourceClass === CLASS_DENORMAL ? DENORMAL : 0;
  if (flags & ~control) return flags;
  const { significand, exponent, scale } = split(words, source);
  if (exponent < -68) {
    // The processor answers sin x = tan x = x and cos x = 1 here in every rounding mode.
    if (sine >= 0) flags |= storeInexact(words, sine, sign, significand << BITS, scale, control);
    if (cosine >= 0 && !tangent) {
      store(words, cosine, EXPONENT_BIAS, 0x80000000 | 0, 0);
      flags |= PRECISION;
    }
  } else {
    const reduced = reduce(words, source);
    const values = sineAndCosine(reduced.angle);
    const odd = (reduced.turns & 1) !== 0;
    const sineValue = odd ? values.cosine : values.sine;
    const cosineValue = odd ? -values.sine : values.cosine;
    const half = reduced.turns & 2 ? SIGN : 0;
    if (tangent) flags |= storeFixed(words, sine, sign, (sineValue << BITS) / cosineValue, 0, true, control);
    else {
      if (sine >= 0) flags |= storeFixed(words, sine, sign ^ half, sineValue, 0, true, control);
      if (cosine >= 0) flags |= storeFixed(words, cosine, half, cosineValue, 0, true, control);
    }
  }
  if (tangent) store(words, cosine, EXPONENT_BIAS, 0x80000000 | 0, 0);
  return flags;
}
