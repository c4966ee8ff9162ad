// preadv(2), pwritev(2) and their forms with flags: vectored transfers at a position.
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  flagSet,
  int,
  offset,
  type SystemCallResult,
  size,
  type Thread,
} from '@elf/kernel';
import { describe } from '../files-at.ts';
import { readFile, writeFile } from '../transfer.ts';
import { eachVector } from './read-write.ts';

// biome-ignore format: a table
const RWF = { RWF_HIPRI: 1, RWF_DSYNC: 2, RWF_SYNC: 4, RWF_NOWAIT: 8, RWF_APPEND: 16 } as const;
const KNOWN_FLAGS = 31;
/** The registers hold the position's halves for 32-bit callers; a 64-bit caller has all of it in the first. */
const positionArguments = { position: offset, positionHigh: size } as const;

export const preadv = defineSystemCall({
  name: 'preadv',
  numbers: { 'x86-64': 295 },
  support: 'full',
  arguments: { fd: descriptor, vectors: address, count: int, ...positionArguments },
  run: (task, values) => readAt(task, values),
});

export const pwritev = defineSystemCall({
  name: 'pwritev',
  numbers: { 'x86-64': 296 },
  support: 'full',
  arguments: { fd: descriptor, vectors: address, count: int, ...positionArguments },
  run: (task, values) => writeAt(task, values, 0),
});

export const preadv2 = defineSystemCall({
  name: 'preadv2',
  numbers: { 'x86-64': 327 },
  support: 'full',
  arguments: { fd: descriptor, vectors: address, count: int, ...positionArguments, flags: flagSet(RWF) },
  run: (task, values) => ((values.flags & ~KNOWN_FLAGS) !== 0 ? -Errno.EOPNOTSUPP : readAt(task, values, true)),
});

export const pwritev2 = defineSystemCall({
  name: 'pwritev2',
  numbers: { 'x86-64': 328 },
  support: 'full',
  arguments: { fd: descriptor, vectors: address, count: int, ...positionArguments, flags: flagSet(RWF) },
  run: (task, values) =>
    (values.flags & ~KNOWN_FLAGS) !== 0 ? -Errno.EOPNOTSUPP : writeAt(task, values, values.flags, true),
});

interface Transfer {
  readonly fd: number;
  readonly vectors: number;
  readonly count: number;
  readonly position: number;
}

/** With `usesOwn`, position -1 means the description's own (man 2 preadv2). */
function readAt(task: Thread, { fd, vectors, count, position }: Transfer, usesOwn = false): SystemCallResult {
  const file = describe(task, fd);
  if (typeof file === 'number') return file;
  const at = usesOwn && position === -1 ? undefined : position;
  if (at !== undefined && at < 0) return -Errno.EINVAL;
  if (at !== undefined && !file.file.isSeekable) return -Errno.ESPIPE;
  return eachVector(task, vectors, count, (buffer) => readFile(file, buffer, at));
}

function writeAt(
  task: Thread,
  { fd, vectors, count, position }: Transfer,
  flags: number,
  usesOwn = false,
): SystemCallResult {
  const file = describe(task, fd);
  if (typeof file === 'number') return file;
  let at = usesOwn && position === -1 ? undefined : position;
  if (at !== undefined && at < 0) return -Errno.EINVAL;
  if (at !== undefined && !file.file.isSeekable) return -Errno.ESPIPE;
  const status = (flags & RWF.RWF_APPEND) !== 0 && at !== undefined ? file.file.status() : undefined;
  if (typeof status === 'object') at = status.sizeInBytes;
  const result = eachVector(task, vectors, count, (buffer) => writeFile(task, file, buffer, at));
  if ((flags & (RWF.RWF_DSYNC | RWF.RWF_SYNC)) !== 0) file.file.synchronize?.();
  return result;
}
