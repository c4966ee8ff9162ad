/** The x87 helper rows: each takes its request from a constant cell, waits for pending exceptions and calls the unit. */
import { ExitStatus } from '../../../engine/exit-status.ts';
import { AF, CF, OF, PF, SF, ZF } from '../../../state/flags.ts';
import { EXIT_DETAIL, FAULT_ADDRESS, FXSAVE } from '../../../state/layout.ts';
import { type Helper, type HelperContext, type HelperRow, helper } from '../helper-row.ts';
import { exchange, INSTRUCTION_POINTER, MEMORY_OPERAND } from './stack.ts';
import { C0, C2, C3 } from './status-bits.ts';
import {
  ABSOLUTE,
  CHANGE_SIGN,
  compareMemory,
  compareRegisters,
  compareToFlags,
  computeMemory,
  computeRegisters,
  computeTop,
  computeTopPair,
  EXAMINE,
  EXTRACT,
  examineTop,
  extractTop,
  REMAINDER,
  REMAINDER_NEAREST,
  ROUND,
  SCALE,
  SQUARE_ROOT,
  TEST,
} from './unit-arithmetic.ts';
import { computeTranscendental } from './unit-transcendental.ts';
import {
  commitStore,
  loadConstantTop,
  loadDecimal,
  loadExtended,
  loadMemory,
  loadRegister,
  moveConditionally,
  prepareStore,
  storeRegister,
  storeRegisterUnchecked,
} from './unit-transfer.ts';

/** Vector of #MF. */
const FLOATING_POINT_ERROR = 16;

/** Word index of the x87 unit. */
export function unitOf({ cpu }: HelperContext): number {
  return (cpu.state + FXSAVE) >>> 2;
}

/** An unmasked exception from an earlier instruction is reported by the next waiting one. SDM vol. 1, 8.7. */
export function pendingException({ memory, cpu }: HelperContext): number {
  const { i32 } = memory;
  if ((i32[(cpu.state + FXSAVE) >>> 2] & 0x800000) === 0) return 0;
  i32[(cpu.state + EXIT_DETAIL) >>> 2] = FLOATING_POINT_ERROR;
  return ExitStatus.Exception;
}

/**
 * Reads a request cell (isa/x87/forms.ts): its upper 48 bits are the address of the instruction and go to the instruction
 * pointer, the lower 16 say what to do.
 */
export function takeRequest(words: Int32Array, unit: number, cell: number): number {
  const low = words[cell >>> 2];
  const high = words[(cell >>> 2) + 1];
  words[unit + INSTRUCTION_POINTER] = (low >>> 16) | (high << 16);
  words[unit + INSTRUCTION_POINTER + 1] = high >>> 16;
  return low & 0xffff;
}

type Action = (words: Int32Array, unit: number, request: number) => void;

// Most instructions: a request and nothing else.
function waiting(name: string, run: Action): HelperRow {
  return helper(name, (context, request) => {
    const pending = pendingException(context);
    if (pending !== 0) return pending;
    const words = context.memory.i32;
    const unit = unitOf(context);
    run(words, unit, takeRequest(words, unit, request));
    return 0;
  });
}

// Instructions with a memory operand, which has been loaded into a cell (two cells when it has 80 bits).
function withOperand(name: string, run: Action): HelperRow {
  return helper(name, (context, operand, request) => {
    const pending = pendingException(context);
    if (pending !== 0) return pending;
    const words = context.memory.i32;
    const unit = unitOf(context);
    const from = operand >>> 2;
    words[unit + MEMORY_OPERAND] = words[from];
    words[unit + MEMORY_OPERAND + 1] = words[from + 1];
    words[unit + MEMORY_OPERAND + 2] = words[from + 2];
    run(words, unit, takeRequest(words, unit, request));
    return 0;
  });
}

/** Opcodes D9 E0 to D9 FF that work on the top of the stack. */
function computeOpcode(words: Int32Array, unit: number, opcode: number): void {
  switch (opcode) {
    case CHANGE_SIGN:
    case ABSOLUTE:
    case SQUARE_ROOT:
    case ROUND:
      computeTop(words, unit, opcode);
      break;
    case TEST:
      compareMemory(words, unit, -1, 0);
      break;
    case EXAMINE:
      examineTop(words, unit);
      break;
    case EXTRACT:
      extractTop(words, unit);
      break;
    case REMAINDER_NEAREST:
    case REMAINDER:
    case SCALE:
      computeTopPair(words, unit, opcode);
      break;
    default:
      computeTranscendental(words, unit, opcode);
  }
}

const compareFlags: Helper = (context, request) => {
  const pending = pendingException(context);
  if (pending !== 0) return pending;
  const words = context.memory.i32;
  const unit = unitOf(context);
  const word = takeRequest(words, unit, request);
  const result = compareToFlags(words, unit, word & 7, (word & 8) !== 0, word >>> 4);
  const flags = (result & C3 ? ZF : 0) | (result & C2 ? PF : 0) | (result & C0 ? CF : 0);
  context.cpu.flags = (context.cpu.flags & ~(OF | SF | ZF | AF | PF | CF)) | flags;
  return 0;
};

/**
 * Cells: value (one or two cells), request (bits 0-3 format, 4 pops), address of the next instruction. When an unmasked exception
 * forbids the write, memory is not even looked at: the instruction is complete.
 */
const prepare: Helper = (context, value, request, next) => {
  const pending = pendingException(context);
  if (pending !== 0) return pending;
  const words = context.memory.i32;
  const unit = unitOf(context);
  const to = value >>> 2;
  if (prepareStore(words, unit, words[request >>> 2] & 15)) {
    words[to] = words[unit + MEMORY_OPERAND];
    words[to + 1] = words[unit + MEMORY_OPERAND + 1];
    words[to + 2] = words[unit + MEMORY_OPERAND + 2];
    return 0;
  }
  commitStore(words, unit, (takeRequest(words, unit, request) & 16) !== 0);
  const after = (context.cpu.state + FAULT_ADDRESS) >>> 2;
  words[after] = words[next >>> 2];
  words[after + 1] = words[(next >>> 2) + 1];
  return ExitStatus.Completed;
};

export const x87Helpers: readonly HelperRow[] = [
  // Bits 0-2 operation, 4-6 target, 8-10 other register, 12 pops.
  waiting('x87-compute', (words, unit, request) =>
    computeRegisters(words, unit, request & 7, (request >> 4) & 7, (request >> 8) & 7, (request & 0x1000) !== 0),
  ),
  // Bits 0-2 operation, 4-7 format of the memory operand.
  withOperand('x87-compute-memory', (words, unit, request) => computeMemory(words, unit, request & 7, request >> 4)),
  waiting('x87-compute-top', computeOpcode),
  // Bits 0-2 other register, 3 quiet, 4-5 pops.
  waiting('x87-compare', (words, unit, request) => compareRegisters(words, unit, request & 7, (request & 8) !== 0, request >>> 4)),
  // Bits 0-3 format, 4 pops.
  withOperand('x87-compare-memory', (words, unit, request) => compareMemory(words, unit, request & 15, request >>> 4)),
  helper('x87-compare-flags', compareFlags),
  withOperand('x87-load', loadMemory),
  withOperand('x87-load-extended', loadExtended),
  withOperand('x87-load-decimal', loadDecimal),
  waiting('x87-load-register', loadRegister),
  waiting('x87-load-constant', loadConstantTop),
  // Bits 0-2 register, 4 pops.
  waiting('x87-store-register', (words, unit, request) => storeRegister(words, unit, request & 7, request >>> 4 !== 0)),
  waiting('x87-store-register-unchecked', storeRegisterUnchecked),
  waiting('x87-exchange', exchange),
  // Cells: request (register), condition.
  helper('x87-move', (context, request, condition) => {
    const pending = pendingException(context);
    if (pending !== 0) return pending;
    const words = context.memory.i32;
    const unit = unitOf(context);
    moveConditionally(words, unit, takeRequest(words, unit, request), words[condition >>> 2] !== 0);
    return 0;
  }),
  helper('x87-prepare-store', prepare),
  helper('x87-commit-store', (context, request) => {
    const words = context.memory.i32;
    const unit = unitOf(context);
    commitStore(words, unit, (takeRequest(words, unit, request) & 16) !== 0);
    return 0;
  }),
];
