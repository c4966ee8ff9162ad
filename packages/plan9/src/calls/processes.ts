// The life of processes: rfork, exits, await.
import {
  DescriptorTable,
  flagSet,
  type GuestBuffer,
  Pending,
  type Process,
  Register,
  type SystemCallResult,
  type Thread,
  toBytes,
  unsigned,
} from '@elf/kernel';
import { bufferOut, exitString, pointer } from '../argument-kinds.ts';
import { defineCall } from '../define-call.ts';
import { Failure } from '../errors.ts';
import { forkSegments, forkSpace, isAddressable } from '../memory/segments.ts';
import { createNoteState } from '../notes/note-state.ts';
import { endWith } from '../notes/post-note.ts';
import { EnvironmentGroup } from '../environment-group.ts';
import { firstNameSpace } from '../names/first-name-space.ts';
import { adopt, type Plan9Process, stateOf, type WaitRecord } from '../process-state.ts';
import { RendezvousGroup } from '../rendezvous-group.ts';
import { badAddress } from '../settle-call.ts';
import { tosOffsets } from '../tos.ts';
import { formatWait } from '../wait-text.ts';
import { numberField } from '../devices/console.ts';

const NANOSECONDS_PER_MILLISECOND = 1_000_000;

/** Bits of rfork(2). */
// biome-ignore format: a table
const RF = {
  NAMEG: 1, ENVG: 2, FDG: 4, NOTEG: 8, PROC: 0x10, MEM: 0x20, NOWAIT: 0x40, CNAMEG: 0x400, CENVG: 0x800, CFDG: 0x1000, REND: 0x2000, NOMNT: 0x4000,
} as const;
const CONTRADICTIONS = [RF.FDG | RF.CFDG, RF.NAMEG | RF.CNAMEG, RF.ENVG | RF.CENVG];

export const rfork = defineCall({
  name: 'rfork',
  number: 19,
  support: 'full',
  arguments: { flags: flagSet(Object.fromEntries(Object.entries(RF).map(([name, bit]) => [`RF${name}`, bit]))) },
  run: (task, { flags }) => {
    if (CONTRADICTIONS.some((both) => (flags & both) === both)) return -Failure.BadArgument;
    if ((flags & RF.PROC) !== 0) return forkProcess(task, flags);
    if ((flags & (RF.MEM | RF.NOWAIT)) !== 0) return -Failure.BadArgument;
    const { process } = task;
    const state = stateOf(task);
    if ((flags & RF.FDG) !== 0) process.descriptors = process.descriptors.unshare();
    if ((flags & RF.CFDG) !== 0) {
      process.descriptors.release();
      process.descriptors = new DescriptorTable();
    }
    Object.assign(state, groupsOf(task, state, flags));
    if ((flags & RF.NOTEG) !== 0) state.noteGroup = process.id;
    return 0;
  },
});

/** The groups after rfork: shared, copied or new. */
function groupsOf(task: Thread, state: Plan9Process, flags: number) {
  const { nameSpace, environment, rendezvous, mayMount } = state;
  return {
    nameSpace:
      (flags & RF.CNAMEG) !== 0 ? firstNameSpace(task, true) : (flags & RF.NAMEG) !== 0 ? nameSpace.copy() : nameSpace,
    environment:
      (flags & RF.CENVG) !== 0 ? new EnvironmentGroup() : (flags & RF.ENVG) !== 0 ? environment.copy() : environment,
    rendezvous: (flags & RF.REND) !== 0 ? new RendezvousGroup() : rendezvous,
    mayMount: mayMount && (flags & RF.NOMNT) === 0,
  };
}

function forkProcess(task: Thread, flags: number): number {
  const { kernel, process } = task;
  const parent = stateOf(task);
  const sharesMemory = (flags & RF.MEM) !== 0;
  const isAwaited = (flags & RF.NOWAIT) === 0;
  const child = kernel.fork(task, {
    space: forkSpace(process, sharesMemory),
    shareDescriptors: (flags & RF.FDG) === 0,
  });
  if ((flags & RF.CFDG) !== 0) {
    child.process.descriptors.release();
    child.process.descriptors = new DescriptorTable();
  }
  // Nobody waits as other systems do: what await(2) tells is kept by the parent.
  child.process.isCollected = true;
  adopt(child.process, {
    ...parent,
    ...groupsOf(task, parent, flags),
    errorText: '',
    arguments: undefined,
    detail: undefined,
    segments: forkSegments(parent, child.process, sharesMemory),
    notes: createNoteState(parent.notes.handler),
    noteGroup: (flags & RF.NOTEG) !== 0 ? child.process.id : parent.noteGroup,
    startedAt: Math.floor(task.host.clock.monotonic() / NANOSECONDS_PER_MILLISECOND),
    livingChildren: 0,
    waitRecords: [],
    waiter: isAwaited ? process : undefined,
    alarm: undefined,
    exitText: undefined,
  });
  if (isAwaited) parent.livingChildren++;
  child.user.writeU32(parent.tos + tosOffsets(parent.wordBytes).pid, child.process.id);
  kernel.withThread(child, (cpu) => cpu.setRegister(Register.Rax, 0n));
  kernel.release(child);
  return child.process.id;
}

export const exits = defineCall({
  name: 'exits',
  number: 8,
  support: 'full',
  result: 'none',
  arguments: { status: exitString },
  run: (task, { status }) => {
    endWith(task, status);
    return 0;
  },
});

/** Waits until a child has left a record. */
function waitForRecord(task: Thread, store: (record: WaitRecord) => number): SystemCallResult {
  const { process } = task;
  const state = stateOf(task);
  return new Pending({
    queues: [process.childChanges],
    attempt: () => {
      const record = state.waitRecords.shift();
      if (record !== undefined) return store(record);
      return state.livingChildren === 0 ? -Failure.NoChild : undefined;
    },
  });
}

function storeText(buffer: GuestBuffer, text: string): number {
  if (buffer.length === 0) return 0;
  const part = toBytes(text).subarray(0, buffer.length - 1);
  const bytes = new Uint8Array(part.length + 1);
  bytes.set(part);
  return buffer.copyOut(bytes) ? part.length : -Failure.BadArgument;
}

export const awaitCall = defineCall({
  name: 'await',
  number: 47,
  support: 'partial',
  note: 'User and system times are zero: instructions are not timed.',
  arguments: { buffer: bufferOut('count'), count: unsigned },
  run: (task, { buffer }) => waitForRecord(task, (record) => storeText(buffer, formatWait(record))),
});

/** OWaitmsg: pid and three times of 12 bytes each, 64 bytes of message. */
const OLD_WAIT_BYTES = 112;

export const oldWait = defineCall({
  name: '_wait',
  number: 36,
  support: 'partial',
  note: 'User and system times are zero: instructions are not timed.',
  arguments: { message: pointer },
  run: (task, { message }) => {
    if (message !== 0 && !isAddressable(stateOf(task), message, OLD_WAIT_BYTES, true)) {
      badAddress(task, message, OLD_WAIT_BYTES);
      return -Failure.BadArgument;
    }
    return waitForRecord(task, (record) => {
      if (message === 0) return record.process;
      const numbers = [record.process, record.user, record.system, record.real].map((value) => numberField(value));
      const text = numbers.join('') + record.message.slice(0, 63);
      const bytes = new Uint8Array(OLD_WAIT_BYTES);
      bytes.set(toBytes(text));
      return task.user.write(message, bytes) ? record.process : -Failure.BadArgument;
    });
  },
});

/** At most so many children are remembered (pexit of proc.c). */
const MAXIMUM_RECORDS = 128;

/** A process became a zombie: whoever waits for it gets its record. */
export function leaveRecord(process: Process): void {
  const { waiter, text, exitText, startedAt, clock } = stateOf(process);
  if (waiter === undefined || waiter.exitStatus !== undefined) return;
  const parent = stateOf(waiter);
  parent.livingChildren--;
  if (parent.waitRecords.length >= MAXIMUM_RECORDS) return;
  const message = exitText === undefined || exitText === '' ? '' : `${text} ${process.id}: ${exitText}`;
  const real = Math.floor(clock.monotonic() / NANOSECONDS_PER_MILLISECOND) - startedAt;
  parent.waitRecords.push({ process: process.id, user: 0, system: 0, real, message: message.slice(0, 127) });
}
