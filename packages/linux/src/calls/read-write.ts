// read(2), write(2), their positioned and vectored forms, lseek(2), sendfile(2).
import {
  address,
  bytesIn,
  bytesOut,
  defineSystemCall,
  descriptor,
  Errno,
  FileType,
  GuestBuffer,
  int,
  isType,
  offset,
  oneOf,
  type OpenDescription,
  Pending,
  type SystemCallResult,
  size,
  type Thread,
  wideOffset,
} from '@elf/kernel';
import { SEEK_NAMES } from '../abi/flags/file-flags.ts';
import { readOffset, writeOffset } from '../abi/words.ts';
import { describe } from '../files-at.ts';
import { brokenPipe, readWatched, writeFile } from '../transfer.ts';
import type { VectorBuffer } from '../vector-buffer.ts';
import { gatherVectors, MAXIMUM_TRANSFER_BYTES } from '../vectors.ts';

/** Bytes that sendfile holds at once. */
const SENDFILE_CHUNK_BYTES = 1 << 16;

export const read = defineSystemCall({
  name: 'read',
  numbers: { 'x86-64': 0, i386: 3 },
  support: 'full',
  arguments: { fd: descriptor, buffer: bytesOut('count'), count: size },
  run: (task, { fd, buffer, count }) => {
    const file = describe(task, fd);
    return typeof file === 'number' ? file : readWatched(task, file, clamp(task, buffer, count));
  },
});

export const write = defineSystemCall({
  name: 'write',
  numbers: { 'x86-64': 1, i386: 4 },
  support: 'full',
  arguments: { fd: descriptor, buffer: bytesIn('count'), count: size },
  run: (task, { fd, buffer, count }) => {
    const file = describe(task, fd);
    return typeof file === 'number' ? file : writeFile(task, file, clamp(task, buffer, count));
  },
});

export const pread64 = defineSystemCall({
  name: 'pread64',
  numbers: { 'x86-64': 17, i386: 180 },
  support: 'full',
  arguments: { fd: descriptor, buffer: bytesOut('count'), count: size, position: wideOffset },
  run: (task, { fd, buffer, count, position }) => {
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    if (position < 0) return -Errno.EINVAL;
    return file.file.isSeekable ? readWatched(task, file, clamp(task, buffer, count), position) : -Errno.ESPIPE;
  },
});

export const pwrite64 = defineSystemCall({
  name: 'pwrite64',
  numbers: { 'x86-64': 18, i386: 181 },
  support: 'full',
  arguments: { fd: descriptor, buffer: bytesIn('count'), count: size, position: wideOffset },
  run: (task, { fd, buffer, count, position }) => {
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    if (position < 0) return -Errno.EINVAL;
    return file.file.isSeekable ? writeFile(task, file, clamp(task, buffer, count), position) : -Errno.ESPIPE;
  },
});

export const readv = defineSystemCall({
  name: 'readv',
  numbers: { 'x86-64': 19, i386: 145 },
  support: 'full',
  arguments: { fd: descriptor, vectors: address, count: int },
  run: (task, { fd, vectors, count }) => {
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    return eachVector(task, vectors, count, (buffer) => readWatched(task, file, buffer));
  },
});

export const writev = defineSystemCall({
  name: 'writev',
  numbers: { 'x86-64': 20, i386: 146 },
  support: 'full',
  arguments: { fd: descriptor, vectors: address, count: int },
  run: (task, { fd, vectors, count }) => {
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    return eachVector(task, vectors, count, (buffer) => writeFile(task, file, buffer));
  },
});

export const lseek = defineSystemCall({
  name: 'lseek',
  numbers: { 'x86-64': 8, i386: 19 },
  support: 'partial',
  note: 'SEEK_DATA and SEEK_HOLE see files of the host as one extent.',
  arguments: { fd: descriptor, offset, whence: oneOf(SEEK_NAMES) },
  run: (task, { fd, offset: distance, whence }) => {
    const description = describe(task, fd);
    if (typeof description === 'number') return description;
    if (description.file.ignoresSeek) return 0;
    if (!description.file.isSeekable) return -Errno.ESPIPE;
    const status = description.file.status();
    if (typeof status === 'number') return status;
    const size = description.file.end?.() ?? status.sizeInBytes;
    const end = isType(status, FileType.Directory) ? Number.MAX_SAFE_INTEGER : size;
    const bases = [0, description.position, end, 0, 0];
    if (bases[whence] === undefined) return -Errno.EINVAL;
    if (whence >= 3 && (distance < 0 || distance >= end)) return -Errno.ENXIO;
    const position = whence >= 3 ? seekContent(description, distance, end, whence) : bases[whence] + distance;
    if (whence === SEEK_NAMES.SEEK_DATA && position >= end) return -Errno.ENXIO;
    if (position < 0) return -Errno.EINVAL;
    description.position = position;
    if (position === 0) description.listing = undefined;
    return position;
  },
});

/** Data is moved through a buffer of ours; the guest cannot tell. */
export const sendfile = defineSystemCall({
  name: 'sendfile',
  numbers: { 'x86-64': 40, i386: 187 },
  support: 'full',
  arguments: { output: descriptor, input: descriptor, position: address, count: size },
  run: (task, { output, input, position, count }) => {
    const target = describe(task, output);
    const source = describe(task, input);
    if (typeof target === 'number') return target;
    if (typeof source === 'number') return source;
    if (!source.mode.readable || !target.mode.writable) return -Errno.EBADF;
    // Only files with a page cache can be a source.
    if (!source.file.isSeekable || target.mode.append) return -Errno.EINVAL;
    const given = position === 0 ? undefined : readOffset(task, position);
    if (position !== 0 && given === undefined) return -Errno.EFAULT;
    if (given !== undefined && given > Number.MAX_SAFE_INTEGER) return -Errno.EINVAL;
    // A position that cannot be stored is told before anything moves.
    if (given !== undefined && !writeOffset(task, position, given)) return -Errno.EFAULT;
    let at = given ?? source.position;
    let moved = 0;
    let kept: Uint8Array | undefined;
    const total = Math.min(count, MAXIMUM_TRANSFER_BYTES);
    const settle = (error: number) => {
      if (given === undefined) source.position = at;
      else if (!writeOffset(task, position, at)) return -Errno.EFAULT;
      return moved > 0 ? moved : error;
    };
    const attempt = () => {
      while (moved < total) {
        if (kept === undefined) {
          const chunk = new Uint8Array(Math.min(total - moved, SENDFILE_CHUNK_BYTES));
          const length = source.file.read(chunk, at);
          if (length <= 0) return settle(length);
          kept = chunk.subarray(0, length);
        }
        const written = target.file.write(kept, target.position);
        if (written === -Errno.EPIPE) brokenPipe(task);
        if (written === -Errno.EAGAIN && !target.mode.nonBlocking) return undefined;
        if (written <= 0) return settle(written);
        if (target.file.isSeekable) target.position += written;
        at += written;
        moved += written;
        kept = written < kept.length ? kept.subarray(written) : undefined;
      }
      return settle(0);
    };
    const queues = target.file.changes === undefined ? [] : [target.file.changes];
    return attempt() ?? new Pending({ queues, attempt, interrupt: () => settle(-Errno.EINTR) });
  },
});

export function clamp(task: Thread, buffer: GuestBuffer, count: number): GuestBuffer {
  return count <= MAXIMUM_TRANSFER_BYTES ? buffer : new GuestBuffer(task.user, buffer.address, MAXIMUM_TRANSFER_BYTES);
}

/** Gathers the vectors into one transfer, which keeps a vectored write to a pipe atomic and lets it wait like any other. */
export function eachVector(
  task: Thread,
  vectors: number,
  count: number,
  transfer: (buffer: VectorBuffer) => SystemCallResult,
): SystemCallResult {
  const buffer = gatherVectors(task, vectors, count);
  return typeof buffer === 'number' ? buffer : transfer(buffer);
}

/** Where SEEK_DATA and SEEK_HOLE lead; a file that does not know its holes has one, at its end. */
function seekContent({ file }: OpenDescription, from: number, end: number, whence: number): number {
  const kind = whence === SEEK_NAMES.SEEK_DATA ? 'data' : 'hole';
  return file.seekContent?.(from, kind) ?? (kind === 'data' ? from : end);
}
