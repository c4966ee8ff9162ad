/** The x87 helper rows that touch control, status and tags, and those that save or load the whole unit. */

import { ExitStatus } from '../../../engine/exit-status.ts';
import { transferImage } from '../area-transfer.ts';
import { type HelperContext, type HelperRow, helper } from '../helper-row.ts';
import { environmentBytes, readEnvironment, readRegisters, writeEnvironment, writeRegisters } from './image.ts';
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

/** What is looked at first: the control word, in a piece of its slot's size, and the last byte. */
const ends = (image: Uint8Array, narrow: boolean) =>
  [
    [0, narrow ? 2 : 4],
    [image.length - 1, 1],
  ] as const;

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

// Environments lie on their operand size.
function isAligned({ access, memory }: HelperContext, address: number, narrow: boolean): boolean {
  const { i32 } = memory;
  return access.isAligned(i32[address >>> 2], i32[(address >>> 2) + 1], narrow ? 2 : 4);
}

// Request: 1 when the operand size is 16 bits, 2 when registers follow (FNSAVE, FRSTOR).
function saveEnvironment(context: HelperContext, request: number, address: number): number {
  const words = context.memory.i32;
  const narrow = (words[request >>> 2] & 1) !== 0;
  const whole = (words[request >>> 2] & 2) !== 0;
  const unit = unitOf(context);
  if (!isAligned(context, address, narrow)) return ExitStatus.Exception;
  const image = new Uint8Array(environmentBytes(narrow) + (whole ? 80 : 0));
  writeEnvironment(image, words, unit, narrow);
  if (whole) writeRegisters(image, environmentBytes(narrow), words, unit);
  const failed = transferImage(context, address, image, true, undefined, ends(image, narrow));
  if (failed !== 0) return failed;
  // FNSTENV masks everything it has saved the masks of, and then nothing is pending any more; FNSAVE starts afresh.
  if (whole) initialise(context.memory.i32, unit);
  else setControlWord(context.memory.i32, unit, context.memory.i32[unit] | EXCEPTIONS);
  return 0;
}

function loadEnvironment(context: HelperContext, request: number, address: number): number {
  const pending = pendingException(context);
  if (pending !== 0) return pending;
  const word = context.memory.i32[request >>> 2];
  const narrow = (word & 1) !== 0;
  if (!isAligned(context, address, narrow)) return ExitStatus.Exception;
  const image = new Uint8Array(environmentBytes(narrow) + (word & 2 ? 80 : 0));
  const failed = transferImage(context, address, image, false, undefined, ends(image, narrow));
  if (failed !== 0) return failed;
  const words = context.memory.i32;
  const unit = unitOf(context);
  readEnvironment(image, words, unit, narrow);
  if (word & 2) readRegisters(image, environmentBytes(narrow), words, unit);
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
];
