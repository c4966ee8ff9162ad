// Time, notes, rendezvous and the error string.
import {
  Errno,
  flagSet,
  fromBytes,
  int,
  oneOf,
  Pending,
  type SystemCallResult,
  type Thread,
  toBytes,
  unsigned,
} from '@elf/kernel';
import { textOut, pointer, resultAt, word } from '../argument-kinds.ts';
import { defineCall } from '../define-call.ts';
import { ERROR_BYTES, Failure } from '../errors.ts';
import { isAddressable } from '../memory/segments.ts';
import { Noted, returnFromNote } from '../notes/deliver.ts';
import { postNote } from '../notes/post-note.ts';
import { stateOf } from '../process-state.ts';
import { badAddress } from '../settle-call.ts';

const NANOSECONDS_PER_MILLISECOND = 1_000_000;

export const sleep = defineCall({
  name: 'sleep',
  number: 17,
  support: 'full',
  arguments: { milliseconds: int },
  run: (task, { milliseconds }) => {
    if (milliseconds <= 0) {
      task.yields = true;
      return 0;
    }
    const deadline = task.host.clock.monotonic() + milliseconds * NANOSECONDS_PER_MILLISECOND;
    return new Pending({ queues: [], attempt: () => undefined, deadline, expire: () => 0 });
  },
});

export const alarm = defineCall({
  name: 'alarm',
  number: 6,
  support: 'full',
  arguments: { milliseconds: unsigned },
  run: (task, { milliseconds }) => {
    const state = stateOf(task);
    const { kernel, process } = task;
    const now = task.host.clock.monotonic();
    const { alarm: before } = state;
    const left =
      before === undefined ? 0 : Math.max(0, Math.ceil((before.deadline - now) / NANOSECONDS_PER_MILLISECOND));
    before?.cancel();
    state.alarm = undefined;
    if (milliseconds > 0) {
      const deadline = now + milliseconds * NANOSECONDS_PER_MILLISECOND;
      const cancel = kernel.addTimer(deadline, () => {
        state.alarm = undefined;
        postNote(process, 'alarm', 'user');
      });
      state.alarm = { deadline, cancel };
    }
    return left;
  },
});

export const nsec = defineCall({
  name: 'nsec',
  number: 53,
  only: 'amd64',
  support: 'full',
  arguments: {},
  run: (task) => task.host.clock.realtime(),
});

/** A 32-bit register cannot hold it. */
export const nsec386 = defineCall({
  name: 'nsec',
  number: 53,
  only: '386',
  support: 'full',
  arguments: { result: resultAt(8) },
  run: (task, { result }) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, task.host.clock.realtime(), true);
    return result.copyOut(bytes) ? 0 : -Failure.BadArgument;
  },
});

export const notify = defineCall({
  name: 'notify',
  number: 28,
  support: 'full',
  arguments: { handler: pointer },
  run: (task, { handler }) => {
    const state = stateOf(task);
    if (handler !== 0 && !isAddressable(state, handler, state.wordBytes, false)) {
      badAddress(task, handler, state.wordBytes);
      return -Failure.BadArgument;
    }
    state.notes.handler = handler;
    return 0;
  },
});

export const noted = defineCall({
  name: 'noted',
  number: 29,
  support: 'full',
  arguments: { how: oneOf({ NCONT: Noted.Continue, NDFLT: Noted.Default, NSAVE: Noted.Save, NRSTR: Noted.Restore }) },
  // Registers are the interrupted program's again: a result would change one of them.
  run: (task, { how }) => keepRegisters(task, returnFromNote(task, how)),
});

/** A success has as its result what the register holds now, so that storing it changes nothing. */
function keepRegisters(task: Thread, result: number): SystemCallResult {
  return result < 0 || task.state === 'ended' ? result : task.cpu.register(0);
}

export const rendezvous = defineCall({
  name: 'rendezvous',
  number: 34,
  support: 'full',
  result: 'hex',
  arguments: { tag: word, value: word },
  run: (task, { tag, value }) => {
    const group = stateOf(task).rendezvous;
    const met = group.meet(tag, value);
    if (met !== undefined) return met;
    const waiter = group.wait(tag, value, () => task.process.exitStatus === undefined);
    return new Pending({
      queues: [group.changes],
      attempt: () => waiter.answer,
      interrupt: () => {
        group.leave(tag, waiter);
        return -Errno.EINTR;
      },
    });
  },
});

/** Cuts at a byte count, never inside a character of UTF-8 (utfecpy). */
function cutText(text: string, bytes: number): string {
  let end = Math.min(text.length, bytes);
  while (end > 0 && end < text.length && (text.charCodeAt(end) & 0xc0) === 0x80) end--;
  return text.slice(0, end);
}

/** The old text goes out, what the buffer holds becomes the new one. */
function swapError(task: Thread, address: number, length: number): number {
  const state = stateOf(task);
  const given = task.user.readCString(address, length - 1) ?? new Uint8Array(0);
  const text = cutText(state.errorText, length - 1);
  state.errorText = cutText(fromBytes(given), ERROR_BYTES - 1);
  return task.user.write(address, toBytes(`${text}\0`)) ? 0 : -Failure.BadArgument;
}

export const errstr = defineCall({
  name: 'errstr',
  number: 41,
  support: 'full',
  arguments: { buffer: textOut('count'), count: unsigned },
  run: (task, { buffer, count }) =>
    count === 0 ? -Failure.BadArgument : swapError(task, buffer.address, Math.min(count, ERROR_BYTES)),
});

/** Bytes of the buffer before the 4th edition. */
const OLD_ERROR_BYTES = 64;

export const oldErrstr = defineCall({
  name: '_errstr',
  number: 1,
  support: 'full',
  arguments: { buffer: resultAt(OLD_ERROR_BYTES) },
  run: (task, { buffer }) => swapError(task, buffer.address, OLD_ERROR_BYTES),
});

export const sysr1 = defineCall({
  name: 'sysr1',
  number: 0,
  support: 'full',
  arguments: { argument: flagSet({}) },
  run: () => 0,
});
