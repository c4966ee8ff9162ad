/** Instructions that move values between the register stack and memory or other registers. */
import { loadConstant } from './constants.ts';
import { toDouble, toSingle } from './convert-float.ts';
import { fromDecimal, toDecimal } from './convert-integer.ts';
import { toInteger } from './integral.ts';
import {
  controlWord,
  isEmpty,
  isFull,
  MEMORY_OPERAND,
  markValid,
  moveTop,
  PENDING_FLAGS,
  pop,
  push,
  raise,
  registerSlot,
  underflow,
  underflowTo,
  WORK,
} from './stack.ts';
import { INVALID, OVERFLOW, STACK_FAULT, UNDERFLOW } from './status-bits.ts';
import { copySlot, storeIndefinite } from './store.ts';
import { widenOperand } from './unit-arithmetic.ts';

/** FLD ST(index). When the source is empty and the stack full, the processor reports the underflow. */
export function loadRegister(words: Int32Array, unit: number, index: number): void {
  if (isEmpty(words, unit, index)) {
    if (!underflow(words, unit)) return;
    moveTop(words, unit, -1);
    storeIndefinite(words, registerSlot(words, unit, 0));
    markValid(words, unit, 0);
    return;
  }
  const source = registerSlot(words, unit, index);
  const slot = push(words, unit);
  if (slot < 0) return;
  copySlot(words, slot, source);
  raise(words, unit, 0);
}

/** FLD1 and its kin; `index` is the low three bits of the opcode. */
export function loadConstantTop(words: Int32Array, unit: number, index: number): void {
  const slot = push(words, unit);
  if (slot < 0) return;
  loadConstant(words, slot, index, controlWord(words, unit));
  raise(words, unit, 0);
}

/** FLD m32, FLD m64 and FILD: formats as in unit-arithmetic. An unmasked DE is raised, yet the value is pushed. */
export function loadMemory(words: Int32Array, unit: number, format: number): void {
  if (isFull(words, unit)) {
    push(words, unit);
    return;
  }
  const flags = widenOperand(words, unit, format);
  raise(words, unit, flags);
  if (flags & ~words[unit] & INVALID) return;
  const slot = push(words, unit);
  copySlot(words, slot, unit + WORK);
  if (flags === INVALID) words[slot + 1] |= 0x40000000;
}

/** FLD m80: any encoding is loaded as it is. */
export function loadExtended(words: Int32Array, unit: number): void {
  const slot = push(words, unit);
  if (slot < 0) return;
  copySlot(words, slot, unit + MEMORY_OPERAND);
  words[slot + 2] &= 0xffff;
  raise(words, unit, 0);
}

/** FBLD. */
export function loadDecimal(words: Int32Array, unit: number): void {
  const slot = push(words, unit);
  if (slot < 0) return;
  fromDecimal(words, slot, unit + MEMORY_OPERAND);
  raise(words, unit, 0);
}

/** FST ST(index), FSTP ST(index). */
export function storeRegister(words: Int32Array, unit: number, index: number, pops: boolean): void {
  if (isEmpty(words, unit, 0)) {
    if (underflowTo(words, unit, index) && pops) pop(words, unit);
    return;
  }
  copySlot(words, registerSlot(words, unit, index), registerSlot(words, unit, 0));
  markValid(words, unit, index);
  raise(words, unit, 0);
  if (pops) pop(words, unit);
}

/** The undocumented twin of FSTP ST(index) at D9 D8: an empty ST(0) is popped without a fault. */
export function storeRegisterUnchecked(words: Int32Array, unit: number, index: number): void {
  if (!isEmpty(words, unit, 0)) {
    storeRegister(words, unit, index, true);
    return;
  }
  raise(words, unit, 0);
  pop(words, unit);
}

/** FCMOVcc ST(0), ST(index): an empty register is a fault whatever the condition says. */
export function moveConditionally(words: Int32Array, unit: number, index: number, condition: boolean): void {
  if (isEmpty(words, unit, 0) || isEmpty(words, unit, index)) {
    underflowTo(words, unit, 0);
    return;
  }
  if (condition) copySlot(words, registerSlot(words, unit, 0), registerSlot(words, unit, index));
}

/** What a store to memory writes. */
export const STORE_SINGLE = 0;
export const STORE_DOUBLE = 1;
export const STORE_EXTENDED = 2;
export const STORE_INT16 = 3;
export const STORE_INT32 = 4;
export const STORE_INT64 = 5;
export const STORE_INT16_CHOP = 6;
export const STORE_INT32_CHOP = 7;
export const STORE_INT64_CHOP = 8;
export const STORE_DECIMAL = 9;

/** Bytes that each format writes. */
export const STORE_BYTES: readonly number[] = [4, 8, 10, 2, 4, 8, 2, 4, 8, 10];

/**
 * First half of a store: converts ST(0) into the memory operand and keeps the exception bits aside. Nothing architectural
 * changes, so that the write itself may still fault.
 *
 * @returns Whether memory is to be written: an unmasked invalid operation, overflow or underflow forbids it.
 */
export function prepareStore(words: Int32Array, unit: number, format: number): boolean {
  const target = unit + MEMORY_OPERAND;
  const control = controlWord(words, unit);
  let flags: number;
  let source = registerSlot(words, unit, 0);
  let fault = 0;
  if (isEmpty(words, unit, 0)) {
    fault = INVALID | STACK_FAULT;
    source = unit + WORK;
    storeIndefinite(words, source);
  }
  switch (format) {
    case STORE_SINGLE:
      flags = toSingle(words, target, source, control);
      break;
    case STORE_DOUBLE:
      flags = toDouble(words, target, source, control);
      break;
    case STORE_EXTENDED:
      copySlot(words, target, source);
      flags = 0;
      break;
    case STORE_DECIMAL:
      flags = toDecimal(words, target, source, control);
      break;
    case STORE_INT16:
    case STORE_INT16_CHOP:
      flags = toInteger(words, target, source, 16, format === STORE_INT16_CHOP, control);
      break;
    case STORE_INT32:
    case STORE_INT32_CHOP:
      flags = toInteger(words, target, source, 32, format === STORE_INT32_CHOP, control);
      break;
    default:
      flags = toInteger(words, target, source, 64, format === STORE_INT64_CHOP, control);
  }
  flags |= fault;
  words[unit + PENDING_FLAGS] = flags;
  return (flags & ~control & (INVALID | OVERFLOW | UNDERFLOW)) === 0;
}

/** Second half of a store, after memory was written (or was not to be): exceptions, then the pop. */
export function commitStore(words: Int32Array, unit: number, pops: boolean): void {
  const flags = words[unit + PENDING_FLAGS];
  const refused = flags & ~words[unit] & (INVALID | OVERFLOW | UNDERFLOW);
  // A refused store has not rounded anything.
  raise(words, unit, refused ? flags & (INVALID | OVERFLOW | UNDERFLOW | STACK_FAULT) : flags);
  if (pops && refused === 0) pop(words, unit);
}
