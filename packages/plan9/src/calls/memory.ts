// Memory: brk_, segments, semaphores in memory.
import { guestPageAddress, guestPageCeiling } from '@elf/mm';
import { int, type SystemCallResult, type Thread, unsigned, Pending, hexadecimal } from '@elf/kernel';
import { fileName, pointer } from '../argument-kinds.ts';
import { defineCall } from '../define-call.ts';
import { Failure } from '../errors.ts';
import { Segment } from '../memory/segment.ts';
import {
  attachSegment,
  detachSegment,
  findHole,
  forgetPages,
  growSegment,
  isAddressable,
  segmentAt,
  shrinkSegment,
} from '../memory/segments.ts';
import { type Plan9Process, stateOf } from '../process-state.ts';
import { badAddress, oddAddress } from '../settle-call.ts';

const NANOSECONDS_PER_MILLISECOND = 1_000_000;
/** Places for segments of a process, without the one that exec uses (NSEG of portdat.h). */
const MAXIMUM_SEGMENTS = 9;
/** SG_RONLY and SG_CEXEC of segattach. */
const READ_ONLY = 0x20;
const CLOSE_ON_EXEC = 0x40;

/** Moves the end of a segment (ibrk of segment.c). */
function moveEnd(task: Thread, segment: Segment, address: number): number {
  const { process } = task;
  const state = stateOf(task);
  if (address === 0) return segment.start;
  let wanted = address;
  if (address < segment.start) {
    // The bss may begin inside the last page of the data.
    const data = state.segments.find(({ kind }) => kind === 'Data');
    if (segment.kind !== 'Bss' || data === undefined || address < data.start) return -Failure.NoMemory;
    wanted = segment.start;
  }
  const end = guestPageCeiling(wanted);
  if (end < segment.end) {
    if (segment.members.size > 1) return -Failure.InUse;
    shrinkSegment(process, segment, end);
    return 0;
  }
  const overlaps = state.segments.some((other) => other !== segment && end > other.start && segment.start < other.end);
  if (overlaps) return -Failure.SegmentOverlap;
  if (end > process.space.layout.taskSize) return -Failure.NoMemory;
  return end === segment.end || growSegment(segment, end) ? 0 : -Failure.NoMemory;
}

export const brk = defineCall({
  name: 'brk_',
  number: 24,
  support: 'full',
  arguments: { address: pointer },
  run: (task, { address }) => {
    const bss = stateOf(task).segments.find(({ kind }) => kind === 'Bss');
    if (bss === undefined) return -Failure.BadArgument;
    const result = moveEnd(task, bss, address);
    return result < 0 ? result : BigInt(result);
  },
});

export const segbrk = defineCall({
  name: 'segbrk',
  number: 12,
  support: 'full',
  arguments: { segment: pointer, address: pointer },
  run: (task, { segment, address }) => {
    const found = segmentAt(stateOf(task), segment);
    const isMovable = found !== undefined && ['Bss', 'Shared', 'Memory'].includes(found.kind);
    if (!isMovable) return -Failure.BadArgument;
    const result = moveEnd(task, found, address);
    return result < 0 ? result : BigInt(result);
  },
});

export const segattach = defineCall({
  name: 'segattach',
  number: 30,
  support: 'partial',
  note: 'The classes "shared" and "memory"; physical and global (#g) segments are not there.',
  result: 'hex',
  arguments: { attributes: hexadecimal, class: fileName, address: pointer, length: unsigned },
  run: (task, { attributes, class: className, address, length }) => {
    const state = stateOf(task);
    const { taskSize } = task.process.space.layout;
    if (address >= taskSize) return -Failure.BadArgument;
    if (state.segments.length >= MAXIMUM_SEGMENTS) return -Failure.NoMemory;
    const bytes = guestPageCeiling(length + (address - guestPageAddress(address)));
    if (bytes === 0) return -Failure.BadArgument;
    const start = address === 0 ? findHole(state, bytes) : guestPageAddress(address);
    if (start === undefined) return -Failure.NoMemory;
    if (start === 0 || start + bytes > taskSize) return -Failure.BadArgument;
    if (state.segments.some((other) => start < other.end && start + bytes > other.start))
      return -Failure.SegmentOverlap;
    if (className !== 'shared' && className !== 'memory') return -Failure.BadArgument;
    const options = { isReadOnly: (attributes & READ_ONLY) !== 0, closesOnExec: (attributes & CLOSE_ON_EXEC) !== 0 };
    const segment = new Segment(className === 'shared' ? 'Shared' : 'Memory', start, start + bytes, options);
    return attachSegment(task.process, segment) ? BigInt(start) : -Failure.NoMemory;
  },
});

export const segdetach = defineCall({
  name: 'segdetach',
  number: 31,
  support: 'full',
  arguments: { address: pointer },
  run: (task, { address }) => {
    const segment = segmentAt(stateOf(task), address);
    if (segment === undefined || segment.kind === 'Stack') return -Failure.BadArgument;
    detachSegment(task.process, segment);
    return 0;
  },
});

export const segfree = defineCall({
  name: 'segfree',
  number: 32,
  support: 'full',
  arguments: { address: pointer, length: unsigned },
  run: (task, { address, length }) => {
    const segment = segmentAt(stateOf(task), address);
    if (segment === undefined) return -Failure.BadArgument;
    const [start, end] = [guestPageCeiling(address), guestPageAddress(address + length)];
    if (start >= end) return 0;
    if (end > segment.end) return -Failure.BadArgument;
    // Text comes back from the file when it is touched.
    if (!segment.isReadOnly) forgetPages(task.process, segment, start, end);
    return 0;
  },
});

export const segflush = defineCall({
  name: 'segflush',
  number: 33,
  support: 'full',
  note: 'Stores to code are always seen, as on a real x86.',
  arguments: { address: pointer, length: unsigned },
  run: () => 0,
});

/** The segment of a semaphore, whose word must be there and not negative. */
function semaphoreAt(task: Thread, state: Plan9Process, address: number): Segment | number {
  if (address % 4 !== 0) {
    oddAddress(task);
    return -Failure.BadArgument;
  }
  const segment = segmentAt(state, address);
  if (segment === undefined || segment.isReadOnly || address + 4 > segment.end) {
    if (!isAddressable(state, address, 4, true)) badAddress(task, address, 4);
    return -Failure.BadArgument;
  }
  return segment;
}

/** Takes one from a semaphore that has some. Undefined: it has none. */
function acquire(task: Thread, address: number): number | undefined {
  const value = task.user.readI32(address);
  if (value === undefined) return -Failure.BadArgument;
  if (value <= 0) return undefined;
  task.user.writeU32(address, value - 1);
  return 1;
}

function acquireWaiting(task: Thread, address: number, milliseconds: number | undefined): SystemCallResult {
  const segment = semaphoreAt(task, stateOf(task), address);
  if (typeof segment === 'number') return segment;
  if ((task.user.readI32(address) ?? -1) < 0) return -Failure.BadArgument;
  const attempt = () => acquire(task, address);
  const now = attempt();
  if (now !== undefined) return now;
  if (milliseconds === 0) return 0;
  const deadline =
    milliseconds === undefined ? undefined : task.host.clock.monotonic() + milliseconds * NANOSECONDS_PER_MILLISECOND;
  return new Pending({ queues: [segment.waitersOf(address)], attempt, deadline, expire: () => 0 });
}

export const semacquire = defineCall({
  name: 'semacquire',
  number: 37,
  support: 'full',
  arguments: { address: pointer, block: int },
  run: (task, { address, block }) => acquireWaiting(task, address, block === 0 ? 0 : undefined),
});

export const tsemacquire = defineCall({
  name: 'tsemacquire',
  number: 52,
  support: 'full',
  arguments: { address: pointer, milliseconds: unsigned },
  run: (task, { address, milliseconds }) => acquireWaiting(task, address, milliseconds),
});

export const semrelease = defineCall({
  name: 'semrelease',
  number: 38,
  support: 'full',
  arguments: { address: pointer, count: int },
  run: (task, { address, count }) => {
    const segment = semaphoreAt(task, stateOf(task), address);
    if (typeof segment === 'number') return segment;
    const value = task.user.readI32(address) ?? -1;
    if (value < 0 || value + count < 0 || value + count > 0x7fff_ffff) return -Failure.BadArgument;
    task.user.writeU32(address, value + count);
    segment.wakeWaiters(address);
    return value + count;
  },
});
