/** The register stack: top, tags, status word, stack faults. Intel SDM vol. 1, 8.1 and 8.5.1.1. */
// The unit lies in an Int32Array at word index `unit`, in FXSAVE's layout with one difference: slots are the physical registers
// R0 to R7 (where MMX finds its registers), not rotated by the stack top. Rotation happens in FXSAVE itself.
import { BUSY, C1, EARLY_EXCEPTIONS, ERROR_SUMMARY, EXCEPTIONS, INVALID, SLOT_WORDS, STACK_FAULT } from './status-bits.ts';
import { copySlot, storeIndefinite } from './store.ts';

/** Words from the start of the unit: control word (low half) and status word (high half). */
export const CONTROL_STATUS = 0;
/** Abridged tag byte (bit n set: physical register n is in use); the last opcode in the high half. */
export const TAGS = 1;
/** Address of the last instruction that is no control instruction, two words; the operand pointer's two words follow. */
export const INSTRUCTION_POINTER = 2;
export const OPERAND_POINTER = 4;
/** First physical register. */
export const REGISTERS = 8;
/** A memory operand, as it stands in memory; stores leave theirs here too. Beyond FXSAVE's registers: not architectural. */
export const MEMORY_OPERAND = REGISTERS + 8 * SLOT_WORDS;
/** Scratch slots. */
export const WORK = MEMORY_OPERAND + SLOT_WORDS;
export const WORK_2 = WORK + SLOT_WORDS;
/** What a prepared store will do to the status word when it is committed. */
export const PENDING_FLAGS = WORK_2 + SLOT_WORDS;
/** Words of the whole unit, scratch included. */
export const UNIT_WORDS = PENDING_FLAGS + 1;

/** Word index of ST(index). */
export function registerSlot(words: Int32Array, unit: number, index: number): number {
  return unit + REGISTERS + ((((words[unit] >>> 27) + index) & 7) << 2);
}

export function isEmpty(words: Int32Array, unit: number, index: number): boolean {
  return ((words[unit + TAGS] >>> (((words[unit] >>> 27) + index) & 7)) & 1) === 0;
}

export function markValid(words: Int32Array, unit: number, index: number): void {
  words[unit + TAGS] |= 1 << (((words[unit] >>> 27) + index) & 7);
}

export function markEmpty(words: Int32Array, unit: number, index: number): void {
  words[unit + TAGS] &= ~(1 << (((words[unit] >>> 27) + index) & 7));
}

/** The control word of the unit. */
export function controlWord(words: Int32Array, unit: number): number {
  return words[unit] & 0xffff;
}

export function statusWord(words: Int32Array, unit: number): number {
  return words[unit] >>> 16;
}

/**
 * Takes the outcome of an instruction into the status word: exceptions stick, C1 is replaced, an unmasked one raises ES and B.
 *
 * @param conditions Condition bits besides C1 that the instruction defines; they are replaced too.
 */
export function raise(words: Int32Array, unit: number, flags: number, conditions = 0): void {
  const word = (words[unit] & ~((C1 | conditions) << 16)) | (flags << 16);
  words[unit] = flags & ~word & EXCEPTIONS ? word | ((ERROR_SUMMARY | BUSY) << 16) : word;
}

/** Whether the flags hold an unmasked exception that leaves the operands and the stack as they were. */
export function aborts(words: Int32Array, unit: number, flags: number): boolean {
  return (flags & ~words[unit] & EARLY_EXCEPTIONS) !== 0;
}

/** As `raise` for the instructions that leave C1 as it is (FCMOVcc, FCOMI). */
export function raiseKeepingC1(words: Int32Array, unit: number, flags: number): void {
  if (flags === 0) return;
  const word = words[unit] | (flags << 16);
  words[unit] = flags & ~word & EXCEPTIONS ? word | ((ERROR_SUMMARY | BUSY) << 16) : word;
}

export function moveTop(words: Int32Array, unit: number, by: number): void {
  const word = words[unit];
  words[unit] = (word & ~0x38000000) | ((((word >>> 27) + by) & 7) << 27);
}

export function pop(words: Int32Array, unit: number): void {
  markEmpty(words, unit, 0);
  moveTop(words, unit, 1);
}

/** Stack underflow at ST(index): raises it and says whether the masked response goes on. */
export function underflow(words: Int32Array, unit: number, conditions = 0): boolean {
  raise(words, unit, INVALID | STACK_FAULT, conditions);
  return (words[unit] & INVALID) !== 0;
}

/** Underflow of an instruction with one register result: the indefinite goes to ST(target). Returns whether it completed. */
export function underflowTo(words: Int32Array, unit: number, target: number, conditions = 0): boolean {
  if (!underflow(words, unit, conditions)) return false;
  storeIndefinite(words, registerSlot(words, unit, target));
  markValid(words, unit, target);
  return true;
}

/**
 * Makes room for a push. Returns the slot of the new top, or -1 when the stack was full (masked: the indefinite was
 * pushed, unmasked: nothing changed).
 */
export function push(words: Int32Array, unit: number): number {
  const full = !isEmpty(words, unit, 7);
  if (full) {
    raise(words, unit, INVALID | STACK_FAULT | C1);
    if ((words[unit] & INVALID) === 0) return -1;
  }
  moveTop(words, unit, -1);
  markValid(words, unit, 0);
  const slot = registerSlot(words, unit, 0);
  if (!full) return slot;
  storeIndefinite(words, slot);
  return -1;
}

/** Stack fault of an instruction that replaces ST(0) and pushes a second result: both become the indefinite. */
export function faultTwice(words: Int32Array, unit: number, conditions: number): void {
  raise(words, unit, INVALID | STACK_FAULT | (isEmpty(words, unit, 0) ? 0 : C1), conditions);
  if ((words[unit] & INVALID) === 0) return;
  storeIndefinite(words, registerSlot(words, unit, 0));
  markValid(words, unit, 0);
  moveTop(words, unit, -1);
  storeIndefinite(words, registerSlot(words, unit, 0));
  markValid(words, unit, 0);
}

/** Whether a push would overflow; nothing changes. */
export function isFull(words: Int32Array, unit: number): boolean {
  return !isEmpty(words, unit, 7);
}

/** FXCH ST(index). Empty registers count as the indefinite when that is masked. */
export function exchange(words: Int32Array, unit: number, index: number): void {
  const top = registerSlot(words, unit, 0);
  const other = registerSlot(words, unit, index);
  const topEmpty = isEmpty(words, unit, 0);
  const otherEmpty = isEmpty(words, unit, index);
  if (topEmpty || otherEmpty) {
    if (!underflow(words, unit)) return;
    if (topEmpty) storeIndefinite(words, top);
    if (otherEmpty) storeIndefinite(words, other);
    markValid(words, unit, 0);
    markValid(words, unit, index);
  } else raise(words, unit, 0);
  copySlot(words, unit + WORK, top);
  copySlot(words, top, other);
  copySlot(words, other, unit + WORK);
}

/** FNINIT: control 0x37f, everything empty; register contents stay. */
export function initialise(words: Int32Array, unit: number): void {
  words[unit] = 0x37f;
  words[unit + TAGS] = 0;
  for (let word = 2; word < 6; word++) words[unit + word] = 0;
}

/** FNCLEX. */
export function clearExceptions(words: Int32Array, unit: number): void {
  words[unit] &= ~((EXCEPTIONS | STACK_FAULT | ERROR_SUMMARY | BUSY) << 16);
}

/** Loads a control word; bit 6 always reads 1. ES and B follow the new masks. */
export function setControlWord(words: Int32Array, unit: number, value: number): void {
  words[unit] = (words[unit] & ~0xffff) | (value & 0x1f3f) | 0x40;
  summarise(words, unit);
}

/** Recomputes ES and B from the exception flags and masks. */
export function summarise(words: Int32Array, unit: number): void {
  const word = words[unit];
  const pending = ((word >>> 16) & ~word & EXCEPTIONS) !== 0;
  words[unit] = pending ? word | ((ERROR_SUMMARY | BUSY) << 16) : word & ~((ERROR_SUMMARY | BUSY) << 16);
}
