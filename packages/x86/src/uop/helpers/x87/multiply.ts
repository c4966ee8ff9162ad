/** Multiplication of 80-bit numbers (FMUL). */
import { CLASS_DENORMAL, CLASS_INFINITY, CLASS_NORMAL, CLASS_QUIET, CLASS_ZERO, classify } from './classify.ts';
import { invalid, propagate } from './nan.ts';
import { roundAndStore } from './round.ts';
import { DENORMAL, EXPONENT_BIAS, EXPONENT_MASK, MEMORY_DENORMAL, SIGN } from './status-bits.ts';
import { storeInfinity, storeZero } from './store.ts';

/**
 * Upper word of an unsigned 32 x 32 bit product. The double product is off by less than 2^11, so taking away the exact
 * lower word leaves the upper one within a hair of an integer: no 16-bit splitting is needed.
 */
function multiplyHigh(left: number, right: number): number {
  const product = (left >>> 0) * (right >>> 0);
  return ((product - (Math.imul(left, right) >>> 0)) * 2 ** -32 + 0.5) >>> 0;
}

/** target = left * right. Slots are word indices and may coincide. Returns exception bits and C1. */
export function multiply(words: Int32Array, target: number, left: number, right: number, control: number): number {
  const leftClass = classify(words, left);
  const rightClass = classify(words, right);
  const sign = (words[left + 2] ^ words[right + 2]) & SIGN;
  let flags = 0;
  if (leftClass !== CLASS_NORMAL || rightClass !== CLASS_NORMAL || control & MEMORY_DENORMAL) {
    if (leftClass >= CLASS_QUIET || rightClass >= CLASS_QUIET) return propagate(words, target, left, leftClass, right, rightClass, control);
    const zero = leftClass === CLASS_ZERO || rightClass === CLASS_ZERO;
    const infinite = leftClass === CLASS_INFINITY || rightClass === CLASS_INFINITY;
    if (zero && infinite) return invalid(words, target, control);
    if (leftClass === CLASS_DENORMAL || rightClass === CLASS_DENORMAL || control & MEMORY_DENORMAL) {
      flags = DENORMAL;
      if ((control & DENORMAL) === 0) return flags;
    }
    if (zero) {
      storeZero(words, target, sign);
      return flags;
    }
    if (infinite) {
      storeInfinity(words, target, sign);
      return flags;
    }
  }
  return multiplyFinite(words, target, left, right, control, sign) | flags;
}

function multiplyFinite(words: Int32Array, target: number, left: number, right: number, control: number, sign: number): number {
  let exponent = (words[left + 2] & EXPONENT_MASK || 1) + (words[right + 2] & EXPONENT_MASK || 1) - EXPONENT_BIAS + 1;
  const leftLow = words[left];
  const leftHigh = words[left + 1];
  const rightLow = words[right];
  const rightHigh = words[right + 1];
  // 128-bit product as four words; the sums of words stay exact in doubles.
  const bottom = Math.imul(leftLow, rightLow);
  const second = multiplyHigh(leftLow, rightLow) + (Math.imul(leftLow, rightHigh) >>> 0) + (Math.imul(leftHigh, rightLow) >>> 0);
  const secondCarry = second >= 0x200000000 ? 2 : second > 0xffffffff ? 1 : 0;
  const third = multiplyHigh(leftLow, rightHigh) + multiplyHigh(leftHigh, rightLow) + (Math.imul(leftHigh, rightHigh) >>> 0) + secondCarry;
  const thirdCarry = third >= 0x200000000 ? 2 : third > 0xffffffff ? 1 : 0;
  let high = (multiplyHigh(leftHigh, rightHigh) + thirdCarry) | 0;
  let low = third | 0;
  let tail = second | 0;
  let rest = bottom;
  // Two normal factors need at most one step; denormal ones any number.
  while (high === 0) {
    high = low;
    low = tail;
    tail = rest;
    rest = 0;
    exponent -= 32;
  }
  const shift = Math.clz32(high);
  if (shift !== 0) {
    high = (high << shift) | (low >>> (32 - shift));
    low = (low << shift) | (tail >>> (32 - shift));
    tail = (tail << shift) | (rest >>> (32 - shift));
    rest <<= shift;
    exponent -= shift;
  }
  if (rest !== 0) tail |= 1;
  return roundAndStore(words, target, sign, exponent, high, low, tail, control);
}
