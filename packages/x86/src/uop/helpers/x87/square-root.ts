/** Square root of an 80-bit number (FSQRT). */
import { CLASS_DENORMAL, CLASS_INFINITY, CLASS_QUIET, CLASS_ZERO, classify } from './classify.ts';
import { invalid, propagateOne } from './nan.ts';
import { DENORMAL, EXPONENT_BIAS, SIGN } from './status-bits.ts';
import { copySlot } from './store.ts';
import { normalised, storeWide } from './wide.ts';

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
  const operand = normalised(words, source);
  let exponent = operand.exponent - EXPONENT_BIAS - 63;
  let value = operand.significand << 127n;
  if ((exponent & 1) === 0) {
    value >>= 1n;
    exponent++;
  }
  // A double gives 52 good bits; one Newton step doubles them, past the 96 that are wanted.
  let root = BigInt(Math.floor(Math.sqrt(Number(value >> 126n)) * 2 ** 19)) << 44n;
  root = (root + value / root) >> 1n;
  while (root * root > value) root--;
  while ((root + 1n) * (root + 1n) <= value) root++;
  return flags | storeWide(words, target, 0, root, (exponent - 127) / 2, root * root !== value, control);
}
