/** Addition and subtraction of 80-bit numbers (FADD, FSUB, FSUBR). */
import { CLASS_DENORMAL, CLASS_INFINITY, CLASS_NORMAL, CLASS_QUIET, CLASS_ZERO, classify } from './classify.ts';
import { invalid, propagate } from './nan.ts';
import { roundAndStore } from './round.ts';
import { DENORMAL, EXPONENT_MASK, MEMORY_DENORMAL, ROUND_DOWN, ROUNDING_CONTROL, SIGN } from './status-bits.ts';
import { storeInfinity, storeZero } from './store.ts';

/** target = left + right. Slots are word indices and may coincide. Returns exception bits and C1. */
export function add(words: Int32Array, target: number, left: number, right: number, control: number): number {
  return addSigned(words, target, left, right, control, 0);
}

/** target = left - right. */
export function subtract(words: Int32Array, target: number, left: number, right: number, control: number): number {
  return addSigned(words, target, left, right, control, SIGN);
}

function addSigned(words: Int32Array, target: number, left: number, right: number, control: number, flip: number): number {
  const leftClass = classify(words, left);
  const rightClass = classify(words, right);
  let flags = 0;
  if (leftClass !== CLASS_NORMAL || rightClass !== CLASS_NORMAL || control & MEMORY_DENORMAL) {
    if (leftClass >= CLASS_QUIET || rightClass >= CLASS_QUIET) return propagate(words, target, left, leftClass, right, rightClass, control);
    const leftSign = words[left + 2] & SIGN;
    const rightSign = (words[right + 2] ^ flip) & SIGN;
    if (leftClass === CLASS_INFINITY && rightClass === CLASS_INFINITY && leftSign !== rightSign) return invalid(words, target, control);
    if (leftClass === CLASS_DENORMAL || rightClass === CLASS_DENORMAL || control & MEMORY_DENORMAL) {
      flags = DENORMAL;
      if ((control & DENORMAL) === 0) return flags;
    }
    if (leftClass === CLASS_INFINITY || rightClass === CLASS_INFINITY) {
      storeInfinity(words, target, leftClass === CLASS_INFINITY ? leftSign : rightSign);
      return flags;
    }
    if (leftClass === CLASS_ZERO && rightClass === CLASS_ZERO) {
      storeZero(words, target, leftSign === rightSign ? leftSign : (control & ROUNDING_CONTROL) === ROUND_DOWN ? SIGN : 0);
      return flags;
    }
  }
  return addFinite(words, target, left, right, control, flip) | flags;
}

/** Both operands finite, not both zero; denormals count as exponent 1 with leading zeros. */
function addFinite(words: Int32Array, target: number, left: number, right: number, control: number, flip: number): number {
  let bigWord = words[left + 2];
  let bigHigh = words[left + 1];
  let bigLow = words[left];
  let smallWord = words[right + 2] ^ flip;
  let high = words[right + 1];
  let low = words[right];
  let exponent = bigWord & EXPONENT_MASK || 1;
  let smallExponent = smallWord & EXPONENT_MASK || 1;
  let distance = exponent - smallExponent;
  if (distance < 0 || (distance === 0 && (bigHigh === high ? bigLow >>> 0 < low >>> 0 : bigHigh >>> 0 < high >>> 0))) {
    const word = bigWord;
    bigWord = smallWord;
    smallWord = word;
    const wasHigh = bigHigh;
    bigHigh = high;
    high = wasHigh;
    const wasLow = bigLow;
    bigLow = low;
    low = wasLow;
    const wasExponent = exponent;
    exponent = smallExponent;
    smallExponent = wasExponent;
    distance = -distance;
  }
  // Align the smaller one: high:low:tail, with everything lost gathered in the tail's last bit.
  let tail = 0;
  if (distance !== 0) {
    if (distance < 32) {
      tail = low << (32 - distance);
      low = (low >>> distance) | (high << (32 - distance));
      high >>>= distance;
    } else if (distance < 64) {
      const shift = distance - 32;
      const lost = shift === 0 ? 0 : low << (32 - shift);
      tail = shift === 0 ? low : (low >>> shift) | (high << (32 - shift));
      if (lost !== 0) tail |= 1;
      low = high >>> shift;
      high = 0;
    } else {
      const shift = distance - 64;
      const lost = shift === 0 ? low : shift < 32 ? (high << (32 - shift)) | low : high | low;
      tail = shift < 32 ? (high >>> shift) | 0 : 0;
      if (lost !== 0) tail |= 1;
      low = 0;
      high = 0;
    }
  }
  const sign = bigWord & SIGN;
  if (((bigWord ^ smallWord) & SIGN) === 0) {
    const lowSum = (bigLow >>> 0) + (low >>> 0);
    const highSum = (bigHigh >>> 0) + (high >>> 0) + (lowSum > 0xffffffff ? 1 : 0);
    low = lowSum | 0;
    high = highSum | 0;
    if (highSum > 0xffffffff) {
      tail = (tail >>> 1) | (tail & 1) | (low << 31);
      low = (low >>> 1) | (high << 31);
      high = (high >>> 1) | 0x80000000;
      exponent++;
    }
  } else {
    const borrow = tail !== 0 ? 1 : 0;
    tail = -tail | 0;
    const lowDifference = (bigLow >>> 0) - (low >>> 0) - borrow;
    high = (bigHigh - high - (lowDifference < 0 ? 1 : 0)) | 0;
    low = lowDifference | 0;
    if ((high | low | tail) === 0) {
      storeZero(words, target, (control & ROUNDING_CONTROL) === ROUND_DOWN ? SIGN : 0);
      return 0;
    }
  }
  // Normalise: after cancellation, or because both were denormal.
  while (high === 0) {
    high = low;
    low = tail;
    tail = 0;
    exponent -= 32;
  }
  const shift = Math.clz32(high);
  if (shift !== 0) {
    high = (high << shift) | (low >>> (32 - shift));
    low = (low << shift) | (tail >>> (32 - shift));
    tail <<= shift;
    exponent -= shift;
  }
  return roundAndStore(words, target, sign, exponent, high, low, tail, control);
}
