// flock(2) and the record locks of fcntl(2): waiting for them, and giving them back when a file is closed.
import {
  defineSystemCall,
  descriptor,
  Errno,
  type FileLock,
  int,
  type LockFamily,
  type OpenDescription,
  Pending,
  type SystemCallResult,
  type Thread,
} from '@elf/kernel';
import { FCNTL_NAMES } from '../abi/flags/file-flags.ts';
import { defineStruct, layoutFor } from '../abi/struct-layout.ts';
import { describe } from '../files-at.ts';

const LOCK = { SH: 1, EX: 2, NB: 4, UN: 8 } as const;
const TYPES = { F_RDLCK: 0, F_WRLCK: 1, F_UNLCK: 2 } as const;
// biome-ignore format: a table
const flock32 = defineStruct(16, { type: [0, 'u16'], whence: [2, 'u16'], start: [4, 'i32'], length: [8, 'i32'], process: [12, 'i32'] });
/** struct flock64 of i386: what F_GETLK64 and its relatives take there. */
// biome-ignore format: a table
export const flock64 = defineStruct(24, { type: [0, 'u16'], whence: [2, 'u16'], start: [4, 'i64'], length: [12, 'i64'], process: [20, 'i32'] });
// biome-ignore format: a table
const flockLayout = defineStruct(32, {
  type: [0, 'u16'], whence: [2, 'u16'], start: [8, 'i64'], length: [16, 'i64'], process: [24, 'i32'],
}, { layout: flock32 });
const WHOLE = { start: 0, end: Number.POSITIVE_INFINITY } as const;

/** Descriptions that give their locks back at the last close. */
const watched = /* @__PURE__ */ new WeakSet<OpenDescription>();

export const flock = defineSystemCall({
  name: 'flock',
  numbers: { 'x86-64': 73, i386: 143 },
  support: 'partial',
  note: 'Other processes of the host do not see the lock.',
  arguments: { fd: descriptor, operation: int },
  run: (task, { fd, operation }) => {
    const kind = operation & ~LOCK.NB;
    if (kind !== LOCK.SH && kind !== LOCK.EX && kind !== LOCK.UN) return -Errno.EINVAL;
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    if (file.mode.pathOnly) return -Errno.EBADF;
    const key = keyOf(file);
    const { locks } = task.kernel.tree;
    const range = { ...WHOLE, owner: file };
    if (kind === LOCK.UN) {
      locks.release('whole', key, range);
      return 0;
    }
    releaseAtClose(task, file, key);
    const lock = { ...range, isExclusive: kind === LOCK.EX, process: -1 };
    // A change from shared to exclusive gives the old lock back first (man 2 flock).
    if (locks.conflict('whole', key, lock) !== undefined) locks.release('whole', key, range);
    return waitForLock(task, 'whole', key, lock, (operation & LOCK.NB) !== 0);
  },
});

/** The lock commands of fcntl(2). */
export function recordLock(
  task: Thread,
  file: OpenDescription,
  command: number,
  argument: number,
  layout: typeof flockLayout = layoutFor(task, flockLayout),
): SystemCallResult {
  const bytes = task.user.read(argument, layout.sizeInBytes);
  if (bytes === undefined) return -Errno.EFAULT;
  const given = layout.decode(bytes);
  const isOfDescription = command >= FCNTL_NAMES.F_OFD_GETLK;
  const isQuestion = command === FCNTL_NAMES.F_GETLK || command === FCNTL_NAMES.F_OFD_GETLK;
  if (isOfDescription && given.process !== 0) return -Errno.EINVAL;
  const range = rangeOf(file, given);
  if (typeof range === 'number') return range;
  const { locks } = task.kernel.tree;
  const key = keyOf(file);
  const owner = isOfDescription ? file : task.process.descriptors;
  const lock: FileLock = {
    ...range,
    owner,
    isExclusive: given.type === TYPES.F_WRLCK,
    process: isOfDescription ? -1 : task.process.id,
  };
  if (given.type < 0 || given.type > TYPES.F_UNLCK) return -Errno.EINVAL;
  if (isQuestion) {
    if (given.type === TYPES.F_UNLCK) return -Errno.EINVAL;
    const found = locks.conflict('record', key, lock);
    const answer = found === undefined ? { ...given, type: TYPES.F_UNLCK } : describeLock(found);
    return task.user.write(argument, layout.encode(answer)) ? 0 : -Errno.EFAULT;
  }
  if (given.type === TYPES.F_UNLCK) {
    locks.release('record', key, lock);
    return 0;
  }
  if (lock.isExclusive ? !file.mode.writable : !file.mode.readable) return -Errno.EBADF;
  if (isOfDescription) releaseAtClose(task, file, key);
  else {
    // Closing any descriptor of the file gives all record locks of the process back (man 2 fcntl).
    task.process.descriptors.onClose = (closed, table) =>
      locks.release('record', keyOf(closed), { ...WHOLE, owner: table });
  }
  const waits = command === FCNTL_NAMES.F_SETLKW || command === FCNTL_NAMES.F_OFD_SETLKW;
  return waitForLock(task, 'record', key, lock, !waits);
}

function waitForLock(
  task: Thread,
  family: LockFamily,
  key: string,
  lock: FileLock,
  isImpatient: boolean,
): SystemCallResult {
  const { locks } = task.kernel.tree;
  const attempt = () => {
    const holder = locks.conflict(family, key, lock)?.owner;
    locks.setWait(lock.owner, undefined);
    if (holder === undefined) {
      locks.take(family, key, lock);
      return 0;
    }
    if (isImpatient) return -Errno.EAGAIN;
    if (family === 'record' && locks.wouldDeadlock(lock.owner, holder)) return -Errno.EDEADLK;
    locks.setWait(lock.owner, holder);
    return undefined;
  };
  const interrupt = () => {
    locks.setWait(lock.owner, undefined);
    return -Errno.EINTR;
  };
  return attempt() ?? new Pending({ queues: [locks.changes], attempt, interrupt, restartable: true });
}

/** flock_to_posix_lock (fs/locks.c): a negative length means the bytes before. */
function rangeOf(file: OpenDescription, given: { whence: number; start: number; length: number }) {
  const status = file.file.status();
  if (typeof status === 'number') return status;
  const base = [0, file.position, status.sizeInBytes][given.whence];
  if (base === undefined) return -Errno.EINVAL;
  const first = base + given.start;
  const start = given.length < 0 ? first + given.length : first;
  if (start < 0) return -Errno.EINVAL;
  const end = given.length < 0 ? first : given.length === 0 ? Number.POSITIVE_INFINITY : first + given.length;
  return { start, end };
}

function describeLock(lock: FileLock) {
  return {
    type: lock.isExclusive ? TYPES.F_WRLCK : TYPES.F_RDLCK,
    whence: 0,
    start: lock.start,
    length: Number.isFinite(lock.end) ? lock.end - lock.start : 0,
    process: lock.process,
  };
}

function releaseAtClose(task: Thread, file: OpenDescription, key: string): void {
  if (watched.has(file)) return;
  watched.add(file);
  const { locks } = task.kernel.tree;
  file.onClose(() => {
    for (const each of ['whole', 'record'] as const) locks.release(each, key, { ...WHOLE, owner: file });
  });
}

/** A file by its inode; something without one is only itself. */
function keyOf(file: OpenDescription): string {
  const status = file.file.status();
  return typeof status === 'number' ? 'none' : `${status.device}:${status.inode}`;
}
