/** Square root of an 80-bit number (FSQRT). */
import { CLASS_DENORMAL, CLASS_INFINITY, CLASS_QUIET, CLASS_ZERO, classify } from './classify.ts';
import { invalid, propagateOne } from './nan.ts';
import { roundAndStore } from './round.ts';
import { DENORMAL, EXPONENT_BIAS, EXPONENT_MASK, SIGN } from './status-bits.ts';
import { copySlot } from './store.ts';

const DIGIT = 2 ** 22;
const PER_DIGIT = 2 ** -22;

/** target = sqrt(source). Returns exception bits and C1. */
export function squareRoot(words: Int32Array, target: number, source: number, control: number): number {
  const sourceClass = classify(words, source);
  if (sourceClass >= CLASS_QUIET) return propagateOne(words, target, source, sourceClass, control);
  if (sourceClass === CLASS_ZERO) {
    copySlot(words, target, source);
    return 0;
  }
  if (words[source + 2] & SIGN) return invalid(words, target, control);
  if (sourceClass === CLASS_INFINITY) {
    copySlot(words, target, source);
    return 0;
  }
  const flags = sourceClass === CLASS_DENORMAL ? DENORMAL : 0;
  if (flags & ~control) return flags;
  return flags | squareRootFinite(words, target, source, control);
}

/**
 * The root's 66 bits as three 22-bit digits in doubles (as in divide.ts: every product of digits is exact). The machine's own
 * square root gives the first two digits, a division by twice their value the third; each is corrected by the remainder.
 */
function squareRootFinite(words: Int32Array, target: number, source: number, control: number): number {
  let exponent = (words[source + 2] & EXPONENT_MASK || 1) - EXPONENT_BIAS;
  let high = words[source + 1];
  let low = words[source];
  while (high >= 0) {
    high = (high << 1) | (low >>> 31);
    low <<= 1;
    exponent--;
  }
  // The radicand as six digits of which the lower three are zero; an odd exponent lends it one bit.
  const odd = exponent & 1;
  const top = odd ? high >>> 10 : high >>> 11;
  const middle = odd ? ((high & 0x3ff) << 12) | (low >>> 20) : ((high & 0x7ff) << 11) | (low >>> 21);
  const bottom = odd ? (low & 0xfffff) << 2 : (low & 0x1fffff) << 1;
  let root = Math.floor(Math.sqrt(((top * DIGIT + middle) * DIGIT + bottom) * DIGIT));
  let digit2 = Math.floor(root * PER_DIGIT);
  let digit1 = root - digit2 * DIGIT;
  // What is left of the upper four digits: small, though its parts are large.
  let rest0 = -digit1 * digit1;
  let rest1 = bottom - 2 * digit2 * digit1;
  let carry = Math.floor(rest0 * PER_DIGIT);
  rest0 -= carry * DIGIT;
  rest1 += carry;
  carry = Math.floor(rest1 * PER_DIGIT);
  rest1 -= carry * DIGIT;
  let rest = ((top * DIGIT + middle - digit2 * digit2 + carry) * DIGIT + rest1) * DIGIT + rest0;
  while (rest < 0) {
    root--;
    rest += 2 * root + 1;
  }
  while (rest > 2 * root) {
    rest -= 2 * root + 1;
    root++;
  }
  digit2 = Math.floor(root * PER_DIGIT);
  digit1 = root - digit2 * DIGIT;
  let digit0 = Math.min(Math.floor((rest * DIGIT) / (2 * root)), DIGIT - 1);
  rest0 = -digit0 * digit0;
  rest1 = -2 * digit1 * digit0;
  let rest2 = rest - 2 * digit2 * digit0;
  carry = Math.floor(rest0 * PER_DIGIT);
  rest0 -= carry * DIGIT;
  rest1 += carry;
  carry = Math.floor(rest1 * PER_DIGIT);
  rest1 -= carry * DIGIT;
  rest2 += carry;
  if (rest2 < 0) {
    // One too many: (r - 1)^2 = r^2 - 2r + 1.
    digit0--;
    rest0 += 2 * digit0 + 1;
    rest1 += 2 * digit1;
    rest2 += 2 * digit2;
  } else if (rest2 * DIGIT + rest1 > 2 * root || (rest2 * DIGIT + rest1 === 2 * root && rest0 > 2 * digit0)) {
    rest0 -= 2 * digit0 + 1;
    rest1 -= 2 * digit1;
    rest2 -= 2 * digit2;
    digit0++;
  }
  // The parts may have carries outstanding; their sum is zero only when the root is exact.
  const inexact = (rest2 * DIGIT + rest1) * DIGIT + rest0 !== 0 ? 1 : 0;
  const rootHigh = (digit2 << 10) | (digit1 >>> 12);
  const rootLow = (digit1 << 20) | (digit0 >>> 2);
  const rootExponent = ((exponent - odd) >> 1) + EXPONENT_BIAS;
  return roundAndStore(words, target, 0, rootExponent, rootHigh, rootLow, (digit0 << 30) | inexact, control);
}
