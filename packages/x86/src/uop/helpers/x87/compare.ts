/** Comparisons of 80-bit numbers (FCOM, FUCOM, FCOMI, FTST) and the classes that FXAM reports. */
import { CLASS_DENORMAL, CLASS_INFINITY, CLASS_NORMAL, CLASS_QUIET, CLASS_SIGNALLING, CLASS_UNSUPPORTED, CLASS_ZERO, classify } from './classify.ts';
import { C0, C1, C2, C3, DENORMAL, EXPONENT_MASK, INVALID, MEMORY_DENORMAL, SIGN } from './status-bits.ts';

const UNORDERED = C3 | C2 | C0;

/**
 * Compares two slots.
 *
 * @param quiet True for the "unordered" forms: a quiet NaN is no invalid operation.
 * @returns Exception bits plus C3, C2, C0 as FCOM sets them (greater 000, less 001, equal 100, unordered 111).
 */
export function compare(words: Int32Array, left: number, right: number, quiet: boolean, control: number): number {
  const leftClass = classify(words, left);
  const rightClass = classify(words, right);
  if (leftClass >= CLASS_QUIET || rightClass >= CLASS_QUIET) {
    const worst = Math.max(leftClass, rightClass);
    return quiet && worst < CLASS_SIGNALLING ? UNORDERED : UNORDERED | INVALID;
  }
  const flags = leftClass === CLASS_DENORMAL || rightClass === CLASS_DENORMAL || control & MEMORY_DENORMAL ? DENORMAL : 0;
  return flags | order(words, left, leftClass, right, rightClass);
}

function order(words: Int32Array, left: number, leftClass: number, right: number, rightClass: number): number {
  if (leftClass === CLASS_ZERO && rightClass === CLASS_ZERO) return C3;
  const leftSign = words[left + 2] & SIGN;
  if (leftClass === CLASS_ZERO) return words[right + 2] & SIGN ? 0 : C0;
  if (rightClass === CLASS_ZERO) return leftSign ? C0 : 0;
  if (leftSign !== (words[right + 2] & SIGN)) return leftSign ? C0 : 0;
  let difference = (words[left + 2] & EXPONENT_MASK || 1) - (words[right + 2] & EXPONENT_MASK || 1);
  if (difference === 0) difference = (words[left + 1] >>> 0) - (words[right + 1] >>> 0);
  if (difference === 0) difference = (words[left] >>> 0) - (words[right] >>> 0);
  if (difference === 0) return C3;
  return difference < 0 === (leftSign === 0) ? C0 : 0;
}

/** Condition bits of FXAM for a register that is not empty; C1 is the sign. Intel SDM vol. 2A, FXAM. */
export function examine(words: Int32Array, source: number): number {
  const sign = words[source + 2] & SIGN ? C1 : 0;
  switch (classify(words, source)) {
    case CLASS_ZERO:
      return sign | C3;
    case CLASS_DENORMAL:
      return sign | C3 | C2;
    case CLASS_NORMAL:
      return sign | C2;
    case CLASS_INFINITY:
      return sign | C2 | C0;
    case CLASS_UNSUPPORTED:
      return sign;
    default:
      return sign | C0;
  }
}

/** Condition bits of FXAM for an empty register (the sign of its stale content still shows in C1). */
export function examineEmpty(words: Int32Array, source: number): number {
  return C3 | C0 | (words[source + 2] & SIGN ? C1 : 0);
}
