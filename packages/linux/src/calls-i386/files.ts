// File calls of i386 with 64-bit sizes and offsets, beside the older calls without (arch/x86/kernel/sys_ia32.c, fs/read_write.c).
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  oneOf,
  path,
  type SystemCallResult,
  type SystemCallRow,
  type Thread,
  size,
  unsigned,
  wideOffset,
} from '@elf/kernel';
import { SEEK_NAMES } from '../abi/flags/file-flags.ts';
import { structOut } from '../abi/struct-arguments.ts';
import { printStat, stat64 as stat64Layout } from '../abi/structs/stat.ts';
import { statfs64 as statfs64Layout } from '../abi/structs/system.ts';
import { WIDE_OFFSETS } from '../abi/words.ts';
import * as descriptors from '../calls/descriptors.ts';
import { flock64, recordLock } from '../calls/locks.ts';
import * as readWrite from '../calls/read-write.ts';
import * as stat from '../calls/stat.ts';
import * as splice from '../calls/splice.ts';
import * as truncation from '../calls/truncation.ts';
import * as vectorTransfers from '../calls/vector-transfers.ts';
import { describe } from '../files-at.ts';
import { derivedRow } from './derived-row.ts';

const TWO_TO_32 = 4294967296;
const status = structOut(stat64Layout, printStat);
/** fcntl64's lock commands with 64-bit ranges: F_GETLK64, F_SETLK64, F_SETLKW64. */
const WIDE_LOCKS: Readonly<Record<number, number>> = { 12: 5, 13: 6, 14: 7 };

/** lseek(2) with the offset in two registers and the result in memory. */
const llseek = defineSystemCall({
  name: '_llseek',
  numbers: { i386: 140 },
  support: 'full',
  arguments: { fd: descriptor, high: unsigned, low: unsigned, result: address, whence: oneOf(SEEK_NAMES) },
  run: (task, { fd, high, low, result, whence }) => {
    const position = readWrite.lseek.run(task, { fd, offset: (high | 0) * TWO_TO_32 + low, whence });
    if (typeof position !== 'number' || position < 0) return position;
    return task.user.writeU64(result, BigInt(position)) ? 0 : -Errno.EFAULT;
  },
});

function fcntl64(task: Thread, values: Readonly<Record<string, unknown>>): SystemCallResult {
  const { fd, command, argument } = values as Readonly<Record<string, number>>;
  const lock = WIDE_LOCKS[command];
  if (lock === undefined) return descriptors.fcntl.run(task, values);
  const file = describe(task, fd);
  return typeof file === 'number' ? file : recordLock(task, file, lock, argument, flock64);
}

const statfs64Arguments = { size, status: structOut(statfs64Layout) };

/** preadv(2) and relatives: the position's halves are one argument. */
function positioned(row: SystemCallRow, number: number): SystemCallRow {
  const { positionHigh: _, ...kinds } = row.arguments;
  return { ...row, numbers: { i386: number }, arguments: { ...kinds, position: wideOffset } };
}

/** The size argument must be the structure's. */
function sized(row: SystemCallRow): SystemCallRow['run'] {
  return (task, values) => (values.size === statfs64Layout.sizeInBytes ? row.run(task, values) : -Errno.EINVAL);
}

/** Rows of this file. */
// biome-ignore format: a table
export const I386_FILE_CALLS: readonly SystemCallRow[] = [
  llseek,
  derivedRow(stat.stat, 'stat64', 195, { arguments: { path, status } }),
  derivedRow(stat.lstat, 'lstat64', 196, { arguments: { path, status } }),
  derivedRow(stat.fstat, 'fstat64', 197, { arguments: { fd: descriptor, status } }),
  derivedRow(stat.newfstatat, 'fstatat64', 300, { arguments: { status } }),
  { ...derivedRow(stat.statfs, 'statfs64', 268, { run: sized(stat.statfs) }), arguments: { path, ...statfs64Arguments } },
  { ...derivedRow(stat.fstatfs, 'fstatfs64', 269, { run: sized(stat.fstatfs) }), arguments: { fd: descriptor, ...statfs64Arguments } },
  derivedRow(truncation.truncate, 'truncate64', 193, { arguments: { length: wideOffset } }),
  derivedRow(truncation.ftruncate, 'ftruncate64', 194, { arguments: { length: wideOffset } }),
  derivedRow(readWrite.sendfile, 'sendfile64', 239, { variant: WIDE_OFFSETS }),
  derivedRow(descriptors.fadvise64, 'fadvise64', 250, { arguments: { offset: wideOffset, length: size } }),
  derivedRow(descriptors.fadvise64, 'fadvise64_64', 272, { arguments: { offset: wideOffset, length: wideOffset } }),
  derivedRow(splice.readahead, 'readahead', 225, { arguments: { position: wideOffset } }),
  derivedRow(splice.syncFileRange, 'sync_file_range', 314, { arguments: { position: wideOffset, length: wideOffset } }),
  positioned(vectorTransfers.preadv, 333), positioned(vectorTransfers.pwritev, 334),
  positioned(vectorTransfers.preadv2, 378), positioned(vectorTransfers.pwritev2, 379),
  derivedRow(descriptors.fcntl, 'fcntl64', 221, {
    run: fcntl64,
  }),
];
