/** Powers of two: FSCALE multiplies by one, FXTRACT splits one off. Intel SDM vol. 2A. */
import { CLASS_DENORMAL, CLASS_INFINITY, CLASS_QUIET, CLASS_ZERO, classify } from './classify.ts';
import { fromInteger } from './convert-integer.ts';
import { invalid, propagate, propagateOne } from './nan.ts';
import { DENORMAL, EXPONENT_BIAS, EXPONENT_MASK, PRECISION_CONTROL, SIGN, ZERO_DIVIDE } from './status-bits.ts';
import { copyNumber, copySlot, store, storeInfinity, storeZero } from './store.ts';
import { normalised, storeWide } from './wide.ts';

/** target = left * 2^trunc(right). Returns exception bits and C1. */
export function scale(words: Int32Array, target: number, left: number, right: number, control: number): number {
  const leftClass = classify(words, left);
  const rightClass = classify(words, right);
  if (leftClass >= CLASS_QUIET || rightClass >= CLASS_QUIET) return propagate(words, target, left, leftClass, right, rightClass, control);
  const sign = words[left + 2] & SIGN;
  const down = (words[right + 2] & SIGN) !== 0;
  if (rightClass === CLASS_INFINITY && leftClass === (down ? CLASS_INFINITY : CLASS_ZERO)) return invalid(words, target, control);
  const flags = leftClass === CLASS_DENORMAL || rightClass === CLASS_DENORMAL ? DENORMAL : 0;
  if (flags & ~control) return flags;
  if (rightClass === CLASS_INFINITY) {
    if (down) storeZero(words, target, sign);
    else storeInfinity(words, target, sign);
    return flags;
  }
  if (rightClass === CLASS_ZERO || leftClass === CLASS_ZERO || leftClass === CLASS_INFINITY) {
    copyNumber(words, target, left);
    return flags;
  }
  const exponent = words[right + 2] & EXPONENT_MASK;
  let count = 0;
  if (exponent >= EXPONENT_BIAS + 17) count = 0x20000;
  else if (exponent >= EXPONENT_BIAS) count = words[right + 1] >>> (31 - (exponent - EXPONENT_BIAS));
  const operand = normalised(words, left);
  return (
    flags |
    storeWide(words, target, sign, operand.significand, operand.exponent - EXPONENT_BIAS - 63 + (down ? -count : count), false, control | PRECISION_CONTROL)
  );
}

/**
 * Splits source into its exponent (as a number, to `exponentTarget`) and its significand in [1, 2) (to `significandTarget`).
 *
 * @returns Exception bits. Nothing is written when one of them is unmasked.
 */
export function extract(words: Int32Array, exponentTarget: number, significandTarget: number, source: number, control: number): number {
  const sourceClass = classify(words, source);
  const word = words[source + 2];
  const high = words[source + 1];
  const low = words[source];
  if (sourceClass >= CLASS_QUIET) {
    const flags = propagateOne(words, exponentTarget, source, sourceClass, control);
    if ((flags & ~control) === 0) copySlot(words, significandTarget, exponentTarget);
    return flags;
  }
  if (sourceClass === CLASS_ZERO) {
    if ((control & ZERO_DIVIDE) === 0) return ZERO_DIVIDE;
    storeInfinity(words, exponentTarget, SIGN);
    store(words, significandTarget, word, high, low);
    return ZERO_DIVIDE;
  }
  if (sourceClass === CLASS_INFINITY) {
    storeInfinity(words, exponentTarget, 0);
    store(words, significandTarget, word, high, low);
    return 0;
  }
  const flags = sourceClass === CLASS_DENORMAL ? DENORMAL : 0;
  if (flags & ~control) return flags;
  const operand = normalised(words, source);
  const exponent = operand.exponent - EXPONENT_BIAS;
  fromInteger(words, exponentTarget, exponent < 0 ? -1 : 0, exponent);
  const top = operand.significand;
  store(words, significandTarget, (word & SIGN) | EXPONENT_BIAS, Number(top >> 32n) | 0, Number(top & 0xffffffffn) | 0);
  return flags;
}
