/** Partial remainders (FPREM, FPREM1). Intel SDM vol. 2A. */
import { CLASS_DENORMAL, CLASS_INFINITY, CLASS_QUIET, CLASS_ZERO, classify } from './classify.ts';
import { invalid, propagate } from './nan.ts';
import { C0, C1, C2, C3, DENORMAL, EXPONENT_BIAS, PRECISION_CONTROL, SIGN } from './status-bits.ts';
import { copyNumber, storeZero } from './store.ts';
import { normalised, storeWide } from './wide.ts';

/**
 * target = left - right * quotient, for as much of the quotient as one instruction computes.
 *
 * @param nearest True for FPREM1 (quotient rounded to nearest even), false for FPREM (truncated).
 * @returns Exception bits and condition bits: C2 while the reduction is incomplete, else C0 C3 C1 = quotient bits 2 1 0.
 */
export function remainder(words: Int32Array, target: number, left: number, right: number, nearest: boolean, control: number): number {
  const leftClass = classify(words, left);
  const rightClass = classify(words, right);
  if (leftClass >= CLASS_QUIET || rightClass >= CLASS_QUIET) return propagate(words, target, left, leftClass, right, rightClass, control);
  if (leftClass === CLASS_INFINITY || rightClass === CLASS_ZERO) return invalid(words, target, control);
  let flags = leftClass === CLASS_DENORMAL || rightClass === CLASS_DENORMAL ? DENORMAL : 0;
  if (flags & ~control) return flags;
  if (leftClass === CLASS_ZERO || rightClass === CLASS_INFINITY) {
    copyNumber(words, target, left);
    return flags;
  }
  const dividend = normalised(words, left);
  const divisor = normalised(words, right);
  const sign = words[left + 2] & SIGN;
  const exact = control | PRECISION_CONTROL;
  const difference = dividend.exponent - divisor.exponent;
  const scale = divisor.exponent - EXPONENT_BIAS - 63;
  if (difference >= 64) {
    const reduced = (difference & 31) | 32;
    const rest = (dividend.significand << BigInt(reduced)) % divisor.significand;
    if (rest === 0n) storeZero(words, target, sign);
    else flags |= storeWide(words, target, sign, rest, scale + difference - reduced, false, exact);
    return flags | C2;
  }
  if (difference < (nearest ? -1 : 0)) {
    return flags | storeWide(words, target, sign, dividend.significand, dividend.exponent - EXPONENT_BIAS - 63, false, exact);
  }
  // One more bit of room below, so that FPREM1 can compare with half the divisor.
  const numerator = dividend.significand << BigInt(difference + 1);
  const denominator = divisor.significand << 1n;
  let quotient = numerator / denominator;
  let rest = numerator - quotient * denominator;
  let resultSign = sign;
  if (nearest && (rest * 2n > denominator || (rest * 2n === denominator && (quotient & 1n) === 1n))) {
    quotient++;
    rest = denominator - rest;
    resultSign ^= SIGN;
  }
  const low = Number(quotient & 7n);
  const conditions = (low & 4 ? C0 : 0) | (low & 2 ? C3 : 0) | (low & 1 ? C1 : 0);
  if (rest === 0n) {
    storeZero(words, target, sign);
    return flags | conditions;
  }
  return flags | conditions | storeWide(words, target, resultSign, rest, scale - 1, false, exact);
}
