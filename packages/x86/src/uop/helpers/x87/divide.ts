/** Division of 80-bit numbers (FDIV, FDIVR). */
import { CLASS_DENORMAL, CLASS_INFINITY, CLASS_NORMAL, CLASS_QUIET, CLASS_ZERO, classify } from './classify.ts';
import { invalid, propagate } from './nan.ts';
import { roundAndStore } from './round.ts';
import { DENORMAL, EXPONENT_BIAS, EXPONENT_MASK, MEMORY_DENORMAL, SIGN, ZERO_DIVIDE } from './status-bits.ts';
import { storeInfinity, storeZero } from './store.ts';

const DIGIT = 2 ** 22;
const PER_DIGIT = 2 ** -22;

/** target = left / right. Slots are word indices and may coincide. Returns exception bits and C1. */
export function divide(words: Int32Array, target: number, left: number, right: number, control: number): number {
  const leftClass = classify(words, left);
  const rightClass = classify(words, right);
  const sign = (words[left + 2] ^ words[right + 2]) & SIGN;
  let flags = 0;
  if (leftClass !== CLASS_NORMAL || rightClass !== CLASS_NORMAL || control & MEMORY_DENORMAL) {
    if (leftClass >= CLASS_QUIET || rightClass >= CLASS_QUIET) return propagate(words, target, left, leftClass, right, rightClass, control);
    if (leftClass === rightClass && (leftClass === CLASS_ZERO || leftClass === CLASS_INFINITY)) return invalid(words, target, control);
    // A zero divisor hides a denormal dividend: the processor raises ZE alone.
    if (rightClass === CLASS_ZERO && leftClass !== CLASS_INFINITY) flags = ZERO_DIVIDE;
    else if (leftClass === CLASS_DENORMAL || rightClass === CLASS_DENORMAL || control & MEMORY_DENORMAL) flags = DENORMAL;
    if (flags & ~control) return flags;
    if (leftClass === CLASS_INFINITY || rightClass === CLASS_ZERO) {
      storeInfinity(words, target, sign);
      return flags;
    }
    if (rightClass === CLASS_INFINITY || leftClass === CLASS_ZERO) {
      storeZero(words, target, sign);
      return flags;
    }
  }
  return divideFinite(words, target, left, right, control, sign) | flags;
}

/**
 * Long division with three 22-bit digits held in doubles: a digit times a digit stays below 2^53, so every step is exact,
 * and the double estimate of a quotient digit is off by at most one. No BigInt, no allocation.
 */
function divideFinite(words: Int32Array, target: number, left: number, right: number, control: number, sign: number): number {
  let leftHigh = words[left + 1];
  let leftLow = words[left];
  let rightHigh = words[right + 1];
  let rightLow = words[right];
  let exponent = (words[left + 2] & EXPONENT_MASK || 1) - (words[right + 2] & EXPONENT_MASK || 1) + EXPONENT_BIAS;
  while (leftHigh >= 0) {
    leftHigh = (leftHigh << 1) | (leftLow >>> 31);
    leftLow <<= 1;
    exponent--;
  }
  while (rightHigh >= 0) {
    rightHigh = (rightHigh << 1) | (rightLow >>> 31);
    rightLow <<= 1;
    exponent++;
  }
  // 64 bits as digits of 20, 22 and 22 bits.
  const divisor2 = rightHigh >>> 12;
  const divisor1 = ((rightHigh & 0xfff) << 10) | (rightLow >>> 22);
  const divisor0 = rightLow & 0x3fffff;
  let rest2 = leftHigh >>> 12;
  let rest1 = ((leftHigh & 0xfff) << 10) | (leftLow >>> 22);
  let rest0 = leftLow & 0x3fffff;
  // Make the quotient 1.xxx, and take that 1 away.
  if (leftHigh === rightHigh ? leftLow >>> 0 < rightLow >>> 0 : leftHigh >>> 0 < rightHigh >>> 0) {
    exponent--;
    rest2 *= 2;
    rest1 *= 2;
    rest0 *= 2;
  }
  rest2 -= divisor2;
  rest1 -= divisor1;
  rest0 -= divisor0;
  const divisor = (divisor2 * DIGIT + divisor1) * DIGIT + divisor0;
  const scale = DIGIT / divisor;
  let digitA = 0;
  let digitB = 0;
  let digit = 0;
  for (let step = 0; step < 3; step++) {
    digitA = digitB;
    digitB = digit;
    digit = Math.floor(((rest2 * DIGIT + rest1) * DIGIT + rest0) * scale);
    let next0 = -digit * divisor0;
    let next1 = rest0 - digit * divisor1;
    let next2 = rest2 * DIGIT + rest1 - digit * divisor2;
    let carry = Math.floor(next0 * PER_DIGIT);
    next0 -= carry * DIGIT;
    next1 += carry;
    carry = Math.floor(next1 * PER_DIGIT);
    next1 -= carry * DIGIT;
    next2 += carry;
    while (next2 < 0) {
      digit--;
      next0 += divisor0;
      next1 += divisor1;
      next2 += divisor2;
      if (next0 >= DIGIT) {
        next0 -= DIGIT;
        next1++;
      }
      if (next1 >= DIGIT) {
        next1 -= DIGIT;
        next2++;
      }
    }
    while (next2 > divisor2 || (next2 === divisor2 && (next1 > divisor1 || (next1 === divisor1 && next0 >= divisor0)))) {
      digit++;
      next0 -= divisor0;
      next1 -= divisor1;
      next2 -= divisor2;
      if (next0 < 0) {
        next0 += DIGIT;
        next1--;
      }
      if (next1 < 0) {
        next1 += DIGIT;
        next2--;
      }
    }
    rest0 = next0;
    rest1 = next1;
    rest2 = next2;
  }
  const high = 0x80000000 | (digitA << 9) | (digitB >>> 13);
  const low = (digitB << 19) | (digit >>> 3);
  const tail = (digit << 29) | (rest0 !== 0 || rest1 !== 0 || rest2 !== 0 ? 1 : 0);
  return roundAndStore(words, target, sign, exponent, high, low, tail, control);
}
