// splice(2), tee(2), vmsplice(2), copy_file_range(2), readahead(2), sync_file_range(2), syncfs(2): bytes between files.
//
// Data is moved through a buffer of ours; the guest cannot tell.
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  FileType,
  flagSet,
  type GuestBuffer,
  isType,
  type OpenDescription,
  offset,
  Pending,
  type SystemCallResult,
  size,
  type Thread,
  unsigned,
} from '@elf/kernel';
import { structOut } from '../abi/struct-arguments.ts';
import { defineStruct } from '../abi/struct-layout.ts';
import { describe } from '../files-at.ts';
import { brokenPipe, readFile } from '../transfer.ts';
import { eachVector } from './read-write.ts';

const SPLICE = { SPLICE_F_MOVE: 1, SPLICE_F_NONBLOCK: 2, SPLICE_F_MORE: 4, SPLICE_F_GIFT: 8 } as const;
/** A pipe's default capacity: no call moves more at once. */
const CHUNK_BYTES = 65536;

export const splice = defineSystemCall({
  name: 'splice',
  numbers: { 'x86-64': 275, i386: 313 },
  support: 'full',
  arguments: {
    input: descriptor,
    inputPosition: address,
    output: descriptor,
    outputPosition: address,
    length: size,
    flags: flagSet(SPLICE),
  },
  run: (task, values) => {
    if ((values.flags & ~15) !== 0) return -Errno.EINVAL;
    if (values.length === 0) return 0;
    const ends = bothFiles(task, values.input, values.output);
    if (typeof ends === 'number') return ends;
    const [input, output] = ends;
    if (input.file.pipeCapacity === undefined && output.file.pipeCapacity === undefined) return -Errno.EINVAL;
    if (isSamePipe(input, output)) return -Errno.EINVAL;
    if (values.inputPosition !== 0 && !input.file.isSeekable) return -Errno.ESPIPE;
    if (values.outputPosition !== 0 && !output.file.isSeekable) return -Errno.ESPIPE;
    if (output.mode.append) return -Errno.EINVAL;
    return move(task, { ...values, input, output, waits: (values.flags & SPLICE.SPLICE_F_NONBLOCK) === 0 });
  },
});

export const copyFileRange = defineSystemCall({
  name: 'copy_file_range',
  numbers: { 'x86-64': 326, i386: 377 },
  support: 'full',
  arguments: {
    input: descriptor,
    inputPosition: address,
    output: descriptor,
    outputPosition: address,
    length: size,
    flags: unsigned,
  },
  run: (task, values) => {
    const ends = bothFiles(task, values.input, values.output);
    if (typeof ends === 'number') return ends;
    if (values.flags !== 0) return -Errno.EINVAL;
    const [input, output] = ends;
    if (output.mode.append) return -Errno.EBADF;
    for (const { file } of ends) {
      const status = file.status();
      if (typeof status === 'number') return status;
      if (isType(status, FileType.Directory)) return -Errno.EISDIR;
      if (!isType(status, FileType.Regular)) return -Errno.EINVAL;
    }
    return move(task, { ...values, input, output, waits: true });
  },
});

/** Copies what waits in one pipe to another without taking it away. */
export const tee = defineSystemCall({
  name: 'tee',
  numbers: { 'x86-64': 276, i386: 315 },
  support: 'full',
  arguments: { input: descriptor, output: descriptor, length: size, flags: flagSet(SPLICE) },
  run: (task, { input, output, length, flags }) => {
    if ((flags & ~15) !== 0) return -Errno.EINVAL;
    const ends = bothFiles(task, input, output);
    if (typeof ends === 'number') return ends;
    const [source, target] = ends;
    const { peek } = source.file.pipeCapacity ?? {};
    if (peek === undefined || target.file.pipeCapacity === undefined || isSamePipe(source, target))
      return -Errno.EINVAL;
    if (length === 0) return 0;
    const isImpatient = (flags & SPLICE.SPLICE_F_NONBLOCK) !== 0;
    const attempt = () => {
      const bytes = peek(Math.min(length, CHUNK_BYTES));
      if (bytes === undefined) return isImpatient ? -Errno.EAGAIN : undefined;
      if (bytes.length === 0) return 0;
      const count = target.file.write(bytes, 0);
      return count === -Errno.EAGAIN && !isImpatient ? undefined : count;
    };
    return attempt() ?? new Pending({ queues: queuesOf(source, target), attempt, restartable: true });
  },
});

export const vmsplice = defineSystemCall({
  name: 'vmsplice',
  numbers: { 'x86-64': 278 },
  support: 'partial',
  note: 'Pages are copied, so that later stores of the program are not seen by the reader.',
  arguments: { fd: descriptor, vectors: address, count: size, flags: flagSet(SPLICE) },
  run: (task, { fd, vectors, count, flags }) => {
    if ((flags & ~15) !== 0) return -Errno.EINVAL;
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    if (file.file.pipeCapacity === undefined) return -Errno.EBADF;
    const isImpatient = (flags & SPLICE.SPLICE_F_NONBLOCK) !== 0 || file.mode.nonBlocking;
    return eachVector(task, vectors, count, (buffer) =>
      file.mode.writable ? fillPipe(task, file, buffer, isImpatient) : readFile(file, buffer),
    );
  },
});

export const readahead = defineSystemCall({
  name: 'readahead',
  numbers: { 'x86-64': 187 },
  support: 'full',
  arguments: { fd: descriptor, position: offset, length: size },
  run: (task, { fd }) => {
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    if (!file.mode.readable) return -Errno.EBADF;
    const status = file.file.status();
    if (typeof status === 'number') return status;
    return isType(status, FileType.Regular) || isType(status, FileType.Block) ? 0 : -Errno.EINVAL;
  },
});

export const syncFileRange = defineSystemCall({
  name: 'sync_file_range',
  numbers: { 'x86-64': 277 },
  support: 'full',
  arguments: { fd: descriptor, position: offset, length: offset, flags: unsigned },
  run: (task, { fd, position, length, flags }) => {
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    if ((flags & ~7) !== 0 || position < 0 || length < 0) return -Errno.EINVAL;
    const status = file.file.status();
    const type = typeof status === 'number' ? 0 : status.mode & FileType.Mask;
    if (![FileType.Regular, FileType.Block, FileType.Directory, FileType.SymbolicLink].includes(type as never))
      return -Errno.ESPIPE;
    return flags === 0 ? 0 : (file.file.synchronize?.() ?? 0);
  },
});

export const syncfs = defineSystemCall({
  name: 'syncfs',
  numbers: { 'x86-64': 306, i386: 344 },
  support: 'full',
  arguments: { fd: descriptor },
  run: (task, { fd }) => {
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    return file.mode.pathOnly ? -Errno.EBADF : 0;
  },
});

const cachestatLayout = defineStruct(40, { cached: [0, 'u64'], dirty: [8, 'u64'], writeback: [16, 'u64'] });
const GUEST_BLOCK_BYTES = 4096; // not a page size: the unit cachestat(2) counts in

/** A file's pages are all at hand: the host's page cache is behind every read. */
export const cachestat = defineSystemCall({
  name: 'cachestat',
  numbers: { 'x86-64': 451 },
  support: 'partial',
  note: 'Every page of the file counts as cached and clean.',
  arguments: { fd: descriptor, range: address, status: structOut(cachestatLayout), flags: unsigned },
  run: (task, { fd, range, status, flags }) => {
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    const start = task.user.readAddress(range);
    const length = task.user.readAddress(range + 8);
    if (start === undefined || length === undefined) return -Errno.EFAULT;
    if (flags !== 0) return -Errno.EINVAL;
    const facts = file.file.status();
    if (typeof facts === 'number') return facts;
    const end = length === 0 ? facts.sizeInBytes : Math.min(facts.sizeInBytes, start + length);
    const cached = Math.max(0, Math.ceil(end / GUEST_BLOCK_BYTES) - Math.floor(start / GUEST_BLOCK_BYTES));
    return status.write({ cached });
  },
});

/** As much as there is room for: vmsplice waits for a pipe that is full, and not until everything is in it (fs/splice.c, wait_for_space). */
function fillPipe(task: Thread, pipe: OpenDescription, buffer: GuestBuffer, isImpatient: boolean): SystemCallResult {
  if (buffer.length === 0) return 0;
  const attempt = () => {
    const bytes = buffer.copyIn(0, Math.min(buffer.length, Math.max(1, roomOf(pipe))));
    if (bytes === undefined) return -Errno.EFAULT;
    const count = pipe.file.write(bytes, 0);
    if (count === -Errno.EPIPE) brokenPipe(task);
    return count === -Errno.EAGAIN && !isImpatient ? undefined : count;
  };
  return attempt() ?? new Pending({ queues: queuesOf(pipe), attempt, restartable: true });
}

interface Move {
  readonly input: OpenDescription;
  readonly output: OpenDescription;
  /** Addresses of positions; 0 uses and moves the description's own. */
  readonly inputPosition: number;
  readonly outputPosition: number;
  readonly length: number;
  readonly waits: boolean;
}

function move(task: Thread, request: Move): SystemCallResult {
  const { input, output, length, waits } = request;
  const from = positionOf(task, request.inputPosition, input);
  const to = positionOf(task, request.outputPosition, output);
  if (from === undefined || to === undefined) return -Errno.EFAULT;
  if (from < 0 || to < 0) return -Errno.EINVAL;
  let kept: Uint8Array | undefined;
  const attempt = () => {
    if (kept === undefined) {
      const chunk = new Uint8Array(Math.min(length, CHUNK_BYTES, roomOf(output)));
      if (chunk.length === 0) return waits ? undefined : -Errno.EAGAIN;
      const count = input.file.read(chunk, from);
      if (count === -Errno.EAGAIN && waits && !input.mode.nonBlocking) return undefined;
      if (count <= 0) return count;
      kept = chunk.subarray(0, count);
    }
    const written = output.file.write(kept, to);
    if (written === -Errno.EAGAIN && waits) return undefined;
    if (written < 0) return written;
    advance(task, request.inputPosition, input, from + written);
    advance(task, request.outputPosition, output, to + written);
    return written;
  };
  return attempt() ?? new Pending({ queues: queuesOf(input, output), attempt, restartable: true });
}

/** Both ends of one pipe have one queue of those who wait. */
function isSamePipe({ file: one }: OpenDescription, { file: other }: OpenDescription): boolean {
  return one.pipeCapacity !== undefined && other.pipeCapacity !== undefined && one.changes === other.changes;
}

/** What fits into a pipe now: bytes once taken out of a pipe cannot be put back. */
function roomOf(output: OpenDescription): number {
  const capacity = output.file.pipeCapacity;
  return capacity === undefined ? CHUNK_BYTES : capacity.bytes - (output.file.available?.() ?? 0);
}

function positionOf(task: Thread, at: number, file: OpenDescription): number | undefined {
  return at === 0 ? file.position : task.user.readAddress(at);
}

function advance(task: Thread, at: number, file: OpenDescription, position: number): void {
  if (at !== 0) task.user.writeAddress(at, position);
  else if (file.file.isSeekable) file.position = position;
}

function bothFiles(task: Thread, input: number, output: number): readonly [OpenDescription, OpenDescription] | number {
  const source = describe(task, input);
  const target = describe(task, output);
  if (typeof source === 'number') return source;
  if (typeof target === 'number') return target;
  if (!source.mode.readable || !target.mode.writable) return -Errno.EBADF;
  return [source, target];
}

function queuesOf(...files: readonly OpenDescription[]) {
  return files.flatMap(({ file }) => (file.changes === undefined ? [] : [file.changes]));
}
