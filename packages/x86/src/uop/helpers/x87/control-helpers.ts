/** The x87 helper rows that touch control, status and tags, and those that save or load the whole unit. */

import { ExitStatus } from '../../../engine/exit-status.ts';
import { EXIT_STATUS, FXSAVE, MXCSR, VECTOR, VECTOR_STRIDE } from '../../../state/layout.ts';
import { type HelperContext, type HelperRow, helper } from '../helper-row.ts';
import { environmentBytes, readEnvironment, readFxsave, readRegisters, writeEnvironment, writeFxsave, writeRegisters } from './image.ts';
import { clearExceptions, initialise, markEmpty, moveTop, pop, raise, setControlWord, TAGS } from './stack.ts';
import { EXCEPTIONS } from './status-bits.ts';
import { pendingException, takeRequest, unitOf } from './x87-helpers.ts';

/** What `x87-control` does, by number. */
export const ControlAction = {
  Initialise: 0,
  ClearExceptions: 1,
  Wait: 2,
  Nothing: 8,
  Increment: 3,
  Decrement: 4,
  Free: 5,
  FreeAndPop: 6,
  EmptyAll: 7,
} as const;

function control(context: HelperContext, request: number, register: number): number {
  const words = context.memory.i32;
  const action = words[request >>> 2] & 0xffff;
  const unit = unitOf(context);
  if (action > ControlAction.ClearExceptions) {
    const pending = pendingException(context);
    if (pending !== 0) return pending;
    if (action !== ControlAction.Wait && action !== ControlAction.EmptyAll) takeRequest(words, unit, request);
  }
  const index = words[register >>> 2];
  switch (action) {
    case ControlAction.Initialise:
      initialise(words, unit);
      break;
    case ControlAction.ClearExceptions:
      clearExceptions(words, unit);
      break;
    case ControlAction.Increment:
    case ControlAction.Decrement:
      moveTop(words, unit, action === ControlAction.Increment ? 1 : -1);
      raise(words, unit, 0);
      break;
    case ControlAction.Free:
    case ControlAction.FreeAndPop:
      markEmpty(words, unit, index);
      raise(words, unit, 0);
      if (action === ControlAction.FreeAndPop) pop(words, unit);
      break;
    case ControlAction.EmptyAll:
      words[unit + TAGS] &= ~0xff;
      moveTop(words, unit, -(words[unit] >>> 27));
      break;
    default:
  }
  return 0;
}

const exitStatus = ({ memory, cpu }: HelperContext) => memory.i32[(cpu.state + EXIT_STATUS) >>> 2];
const CHUNK = 16;

// Reads or writes an image in 16-byte pieces: every piece is checked before the first byte is written. 0 or an exit status.
function transfer(context: HelperContext, address: number, image: Uint8Array, write: boolean): number {
  const { memory, access } = context;
  const low = memory.i32[address >>> 2];
  const high = memory.i32[(address >>> 2) + 1];
  const start = (high >>> 0) * 0x1_0000_0000 + (low >>> 0);
  for (let pass = write ? 0 : 1; pass < 2; pass += 1) {
    for (let offset = 0; offset < image.length; offset += CHUNK) {
      const at = start + offset;
      const size = Math.min(CHUNK, image.length - offset);
      const lowPart = at | 0;
      const highPart = Math.floor(at / 0x1_0000_0000) | 0;
      const host = write ? access.slowWrite(lowPart, highPart, size) : access.slowRead(lowPart, highPart, size);
      if (host === 0) return exitStatus(context);
      if (pass === 0) continue;
      if (write) {
        memory.u8.set(image.subarray(offset, offset + size), host);
        access.commitIfCrossing(host);
      } else image.set(memory.u8.subarray(host, host + size), offset);
    }
  }
  return 0;
}

// Request: 1 when the operand size is 16 bits, 2 when registers follow (FNSAVE, FRSTOR).
function saveEnvironment(context: HelperContext, request: number, address: number): number {
  const words = context.memory.i32;
  const narrow = (words[request >>> 2] & 1) !== 0;
  const whole = (words[request >>> 2] & 2) !== 0;
  const unit = unitOf(context);
  const image = new Uint8Array(environmentBytes(narrow) + (whole ? 80 : 0));
  writeEnvironment(image, words, unit, narrow);
  if (whole) writeRegisters(image, environmentBytes(narrow), words, unit);
  const failed = transfer(context, address, image, true);
  if (failed !== 0) return failed;
  // FNSTENV masks everything it has saved the masks of; FNSAVE starts afresh.
  if (whole) initialise(context.memory.i32, unit);
  else context.memory.i32[unit] |= EXCEPTIONS;
  return 0;
}

function loadEnvironment(context: HelperContext, request: number, address: number): number {
  const pending = pendingException(context);
  if (pending !== 0) return pending;
  const word = context.memory.i32[request >>> 2];
  const narrow = (word & 1) !== 0;
  const image = new Uint8Array(environmentBytes(narrow) + (word & 2 ? 80 : 0));
  const failed = transfer(context, address, image, false);
  if (failed !== 0) return failed;
  const words = context.memory.i32;
  const unit = unitOf(context);
  readEnvironment(image, words, unit, narrow);
  if (word & 2) readRegisters(image, environmentBytes(narrow), words, unit);
  return 0;
}

/** FXSAVE's vector part: 16 xmm registers at byte 160. */
const FXSAVE_VECTORS = 160;
/** The last 96 bytes of the 512 are the operating system's and are not written. */
const FXSAVE_BYTES = 416;

function saveAll(context: HelperContext, address: number): number {
  const { memory, cpu } = context;
  const image = new Uint8Array(FXSAVE_BYTES);
  writeFxsave(image, memory.i32, unitOf(context));
  for (let register = 0; register < 16; register += 1) {
    const from = cpu.state + VECTOR + VECTOR_STRIDE * register;
    image.set(memory.u8.subarray(from, from + 16), FXSAVE_VECTORS + 16 * register);
  }
  return transfer(context, address, image, true);
}

function loadAll(context: HelperContext, address: number): number {
  const { memory, cpu } = context;
  const image = new Uint8Array(FXSAVE_BYTES);
  const failed = transfer(context, address, image, false);
  if (failed !== 0) return failed;
  const view = new DataView(image.buffer);
  const mxcsr = view.getUint32(MXCSR - FXSAVE, true);
  if (mxcsr & ~memory.u32[(cpu.state + MXCSR + 4) >>> 2]) return ExitStatus.GeneralProtection;
  memory.u32[(cpu.state + MXCSR) >>> 2] = mxcsr;
  readFxsave(image, memory.i32, unitOf(context));
  for (let register = 0; register < 16; register += 1) {
    const at = FXSAVE_VECTORS + 16 * register;
    memory.u8.set(image.subarray(at, at + 16), cpu.state + VECTOR + VECTOR_STRIDE * register);
  }
  return 0;
}

export const x87ControlHelpers: readonly HelperRow[] = [
  // Cells: action, register number.
  helper('x87-control', control),
  helper('x87-load-control', (context, value) => {
    const pending = pendingException(context);
    if (pending !== 0) return pending;
    const words = context.memory.i32;
    setControlWord(words, unitOf(context), words[value >>> 2] & 0xffff);
    return 0;
  }),
  // Cells: request, address.
  helper('x87-save-environment', saveEnvironment),
  helper('x87-load-environment', loadEnvironment),
  helper('fxsave', saveAll),
  helper('fxrstor', loadAll),
];
