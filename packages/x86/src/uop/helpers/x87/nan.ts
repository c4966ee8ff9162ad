/** Operands that are no numbers: which NaN comes out and whether it is an invalid operation. Intel SDM vol. 1, table 4-7. */
import { CLASS_QUIET, CLASS_SIGNALLING, CLASS_UNSUPPORTED } from './classify.ts';
import { INVALID, SIGN } from './status-bits.ts';
import { store, storeIndefinite } from './store.ts';

/** Masked response to an invalid operation without a NaN operand: the indefinite, or nothing when IE is unmasked. */
export function invalid(words: Int32Array, target: number, control: number): number {
  if (control & INVALID) storeIndefinite(words, target);
  return INVALID;
}

/** Result of a one-operand operation on a slot of class CLASS_QUIET or above. */
export function propagateOne(words: Int32Array, target: number, source: number, sourceClass: number, control: number): number {
  if (sourceClass === CLASS_UNSUPPORTED) return invalid(words, target, control);
  const flags = sourceClass === CLASS_SIGNALLING ? INVALID : 0;
  if ((flags & ~control) === 0) store(words, target, words[source + 2], words[source + 1] | 0x40000000, words[source]);
  return flags;
}

/** Result of a two-operand operation of which at least one operand is of class CLASS_QUIET or above. */
export function propagate(words: Int32Array, target: number, left: number, leftClass: number, right: number, rightClass: number, control: number): number {
  if (leftClass === CLASS_UNSUPPORTED || rightClass === CLASS_UNSUPPORTED) return invalid(words, target, control);
  const flags = leftClass === CLASS_SIGNALLING || rightClass === CLASS_SIGNALLING ? INVALID : 0;
  if (flags & ~control) return flags;
  let winner = left;
  if (leftClass < CLASS_QUIET) winner = right;
  else if (rightClass >= CLASS_QUIET) winner = stronger(words, left, leftClass, right, rightClass);
  store(words, target, words[winner + 2], words[winner + 1] | 0x40000000, words[winner]);
  return flags;
}

/** A quiet NaN beats a signalling one, then the larger significand wins, then the positive sign. */
function stronger(words: Int32Array, left: number, leftClass: number, right: number, rightClass: number): number {
  if (leftClass !== rightClass) return leftClass === CLASS_QUIET ? left : right;
  const highDifference = (words[left + 1] >>> 0) - (words[right + 1] >>> 0);
  const difference = highDifference !== 0 ? highDifference : (words[left] >>> 0) - (words[right] >>> 0);
  if (difference !== 0) return difference > 0 ? left : right;
  return words[left + 2] & SIGN ? right : left;
}
