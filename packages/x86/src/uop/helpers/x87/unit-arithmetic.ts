/** Instructions that compute on the register stack: what `arithmetic on slots` plus stack, tags and status word make of them. */
import { add, subtract } from './add.ts';
import { CLASS_QUIET, classify } from './classify.ts';
import { compare, examine, examineEmpty } from './compare.ts';
import { fromDouble, fromSingle } from './convert-float.ts';
import { fromInteger } from './convert-integer.ts';
import { divide } from './divide.ts';
import { roundToIntegral } from './integral.ts';
import { multiply } from './multiply.ts';
import { remainder } from './remainder.ts';
import { extract, scale } from './scale.ts';
import { squareRoot } from './square-root.ts';
import {
  aborts,
  controlWord,
  faultTwice,
  isEmpty,
  isFull,
  MEMORY_OPERAND,
  markValid,
  moveTop,
  pop,
  raise,
  raiseKeepingC1,
  registerSlot,
  underflowTo,
  WORK,
  WORK_2,
} from './stack.ts';
import { C0, C2, C3, DENORMAL, INVALID, MEMORY_DENORMAL, SIGN, STACK_FAULT } from './status-bits.ts';
import { copySlot, storeZero } from './store.ts';

/** The operation field of the opcodes D8 to DE: 0 add, 1 multiply, 4 subtract, 5 reversed, 6 divide, 7 reversed. */
export function compute(words: Int32Array, operation: number, target: number, left: number, right: number, control: number): number {
  switch (operation) {
    case 0:
      return add(words, target, left, right, control);
    case 1:
      return multiply(words, target, left, right, control);
    case 4:
      return subtract(words, target, left, right, control);
    case 5:
      return subtract(words, target, right, left, control);
    case 6:
      return divide(words, target, left, right, control);
    default:
      return divide(words, target, right, left, control);
  }
}

/** ST(target) = ST(0) op ST(index), where target is 0 or index; then pops when `pops`. */
export function computeRegisters(words: Int32Array, unit: number, operation: number, target: number, index: number, pops: boolean): void {
  if (isEmpty(words, unit, 0) || isEmpty(words, unit, index)) {
    if (underflowTo(words, unit, target) && pops) pop(words, unit);
    return;
  }
  const flags = compute(
    words,
    operation,
    registerSlot(words, unit, target),
    registerSlot(words, unit, 0),
    registerSlot(words, unit, index),
    controlWord(words, unit),
  );
  raise(words, unit, flags);
  if (pops && !aborts(words, unit, flags)) pop(words, unit);
}

/** Memory operand formats, as the opcodes D8, DC, DA and DE imply them. */
export const MEMORY_SINGLE = 0;
export const MEMORY_DOUBLE = 1;
export const MEMORY_INT16 = 2;
export const MEMORY_INT32 = 3;
export const MEMORY_INT64 = 4;

/** Widens the memory operand of the unit into WORK; returns DENORMAL or INVALID as `fromDouble` does. */
export function widenOperand(words: Int32Array, unit: number, format: number): number {
  const low = words[unit + MEMORY_OPERAND];
  const high = words[unit + MEMORY_OPERAND + 1];
  switch (format) {
    case MEMORY_SINGLE:
      return fromSingle(words, unit + WORK, low);
    case MEMORY_DOUBLE:
      return fromDouble(words, unit + WORK, high, low);
    case MEMORY_INT16:
      fromInteger(words, unit + WORK, (low << 16) >> 31, (low << 16) >> 16);
      return 0;
    case MEMORY_INT32:
      fromInteger(words, unit + WORK, low >> 31, low);
      return 0;
    default:
      fromInteger(words, unit + WORK, high, low);
      return 0;
  }
}

/** ST(0) = ST(0) op memory operand. */
export function computeMemory(words: Int32Array, unit: number, operation: number, format: number): void {
  if (isEmpty(words, unit, 0)) {
    underflowTo(words, unit, 0);
    return;
  }
  const widening = widenOperand(words, unit, format);
  const slot = registerSlot(words, unit, 0);
  const control = controlWord(words, unit) | (widening === DENORMAL ? MEMORY_DENORMAL : 0);
  raise(words, unit, compute(words, operation, slot, slot, unit + WORK, control));
}

/** Compares ST(0) with a slot, sets C3 C2 C0 and pops. An unmasked exception leaves conditions and stack alone. */
function compareWith(words: Int32Array, unit: number, right: number, quiet: boolean, pops: number, control: number): void {
  const result = compare(words, registerSlot(words, unit, 0), right, quiet, control);
  raise(words, unit, result, C3 | C2 | C0);
  if (aborts(words, unit, result)) return;
  for (let count = 0; count < pops; count++) pop(words, unit);
}

/** FCOM and FUCOM with their popping forms. */
export function compareRegisters(words: Int32Array, unit: number, index: number, quiet: boolean, pops: number): void {
  if (isEmpty(words, unit, 0) || isEmpty(words, unit, index)) {
    raise(words, unit, INVALID | STACK_FAULT | C3 | C2 | C0, C3 | C2 | C0);
    if ((words[unit] & INVALID) !== 0) for (let count = 0; count < pops; count++) pop(words, unit);
    return;
  }
  compareWith(words, unit, registerSlot(words, unit, index), quiet, pops, controlWord(words, unit));
}

/** FCOM and FICOM with a memory operand, and FTST when `format` is negative. */
export function compareMemory(words: Int32Array, unit: number, format: number, pops: number): void {
  if (isEmpty(words, unit, 0)) {
    raise(words, unit, INVALID | STACK_FAULT | C3 | C2 | C0, C3 | C2 | C0);
    if (pops !== 0 && (words[unit] & INVALID) !== 0) pop(words, unit);
    return;
  }
  let control = controlWord(words, unit);
  if (format < 0) storeZero(words, unit + WORK, 0);
  else if (widenOperand(words, unit, format) === DENORMAL) control |= MEMORY_DENORMAL;
  compareWith(words, unit, unit + WORK, false, pops, control);
}

/**
 * FCOMI and FUCOMI. Unlike FCOM they deliver their result even when an unmasked exception keeps them from popping.
 *
 * @returns C3, C2, C0 standing for ZF, PF, CF.
 */
export function compareToFlags(words: Int32Array, unit: number, index: number, quiet: boolean, pops: number): number {
  let result = INVALID | STACK_FAULT | C3 | C2 | C0;
  if (isEmpty(words, unit, 0) || isEmpty(words, unit, index)) raise(words, unit, INVALID | STACK_FAULT);
  else {
    result = compare(words, registerSlot(words, unit, 0), registerSlot(words, unit, index), quiet, controlWord(words, unit));
    raiseKeepingC1(words, unit, result & ~(C3 | C2 | C0));
  }
  if (!aborts(words, unit, result)) for (let count = 0; count < pops; count++) pop(words, unit);
  return result & (C3 | C2 | C0);
}

/** One-operand instructions, numbered by the last opcode byte behind D9. */
export const CHANGE_SIGN = 0xe0;
export const ABSOLUTE = 0xe1;
export const TEST = 0xe4;
export const EXAMINE = 0xe5;
export const EXTRACT = 0xf4;
export const REMAINDER_NEAREST = 0xf5;
export const REMAINDER = 0xf8;
export const SQUARE_ROOT = 0xfa;
export const ROUND = 0xfc;
export const SCALE = 0xfd;

/** FXAM. */
export function examineTop(words: Int32Array, unit: number): void {
  const slot = registerSlot(words, unit, 0);
  raise(words, unit, isEmpty(words, unit, 0) ? examineEmpty(words, slot) : examine(words, slot), C3 | C2 | C0);
}

/** FCHS, FABS, FSQRT, FRNDINT. */
export function computeTop(words: Int32Array, unit: number, operation: number): void {
  if (isEmpty(words, unit, 0)) {
    underflowTo(words, unit, 0);
    return;
  }
  const slot = registerSlot(words, unit, 0);
  const control = controlWord(words, unit);
  if (operation === CHANGE_SIGN) {
    words[slot + 2] ^= SIGN;
    raise(words, unit, 0);
  } else if (operation === ABSOLUTE) {
    words[slot + 2] &= ~SIGN;
    raise(words, unit, 0);
  } else raise(words, unit, operation === SQUARE_ROOT ? squareRoot(words, slot, slot, control) : roundToIntegral(words, slot, slot, control));
}

/** FSCALE, FPREM, FPREM1: ST(0) from ST(0) and ST(1), without a pop. */
export function computeTopPair(words: Int32Array, unit: number, operation: number): void {
  if (isEmpty(words, unit, 0) || isEmpty(words, unit, 1)) {
    underflowTo(words, unit, 0, operation === SCALE ? 0 : C2);
    return;
  }
  const top = registerSlot(words, unit, 0);
  const next = registerSlot(words, unit, 1);
  const control = controlWord(words, unit);
  if (operation === SCALE) {
    raise(words, unit, scale(words, top, top, next, control));
    return;
  }
  // Without numbers, or where an unmasked denormal stops it, there is no quotient, and C0 and C3 stay as they are.
  const numbers = classify(words, top) < CLASS_QUIET && classify(words, next) < CLASS_QUIET;
  const result = remainder(words, top, top, next, operation === REMAINDER_NEAREST, control);
  const isDone = numbers && (result & INVALID) === 0 && !aborts(words, unit, result);
  raise(words, unit, result, isDone ? C3 | C2 | C0 : C2);
}

/** FXTRACT: the exponent replaces ST(0), the significand is pushed. */
export function extractTop(words: Int32Array, unit: number): void {
  if (isEmpty(words, unit, 0) || isFull(words, unit)) {
    faultTwice(words, unit, 0);
    return;
  }
  const slot = registerSlot(words, unit, 0);
  const flags = extract(words, unit + WORK, unit + WORK_2, slot, controlWord(words, unit));
  raise(words, unit, flags);
  if (aborts(words, unit, flags)) return;
  copySlot(words, slot, unit + WORK);
  moveTop(words, unit, -1);
  copySlot(words, registerSlot(words, unit, 0), unit + WORK_2);
  markValid(words, unit, 0);
}
