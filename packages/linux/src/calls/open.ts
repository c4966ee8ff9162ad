// open(2), openat(2), creat(2), close(2).
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  FileType,
  flagSet,
  isType,
  type OpenMode,
  Pending,
  path,
  permissions,
  type SystemCallResult,
  size,
  type Thread,
  type TreeOpenRequest,
  unsigned,
  type Viewpoint,
  type WalkRestrictions,
} from '@elf/kernel';
import { AT, O, OPEN_FLAG_NAMES } from '../abi/flags/file-flags.ts';
import { isRunning } from '../busy-programs.ts';
import { afterLeases, leasedFile } from '../file-signals/leases.ts';
import { masked, viewpointAt } from '../files-at.ts';
import { terminalsOf } from '../terminals/terminals.ts';

const ACCESS_MODE = 3;
const ACCESS_NAMES = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'];
/** VALID_OPEN_FLAGS (fs/fcntl.c): openat2 refuses others, open ignores them. */
const KNOWN_OPEN_FLAGS = 0o37777703;
/** Flags fcntl(F_GETFL) reports but nothing here acts on. */
const REMEMBERED = O.DIRECT | O.NOATIME | O.DSYNC | O.ASYNC | O.LARGEFILE | O.DIRECTORY | O.NOFOLLOW;

const openFlags = {
  ...flagSet(OPEN_FLAG_NAMES),
  print: (value: number) => {
    const rest = value & ~ACCESS_MODE;
    const name = ACCESS_NAMES[value & ACCESS_MODE];
    return rest === 0 ? name : `${name}|${flagSet(OPEN_FLAG_NAMES).print(rest, undefined as never, 0)}`;
  },
};

/** Permissions of a new file: shown when the call may make one. */
const newMode: typeof permissions = {
  ...permissions,
  print: (value, call, index) =>
    (call.low[call.indexOf('flags')] & (O.CREAT | O.TMPFILE)) === 0 ? undefined : permissions.print(value, call, index),
};

export const open = defineSystemCall({
  name: 'open',
  numbers: { 'x86-64': 2, i386: 5 },
  support: 'full',
  arguments: { path, flags: openFlags, mode: newMode },
  run: (task, values) => openPath(task, AT.FDCWD, values.path, values.flags, values.mode),
});

export const openat = defineSystemCall({
  name: 'openat',
  numbers: { 'x86-64': 257, i386: 295 },
  support: 'partial',
  note: 'A file of O_TMPFILE cannot get a name afterwards.',
  arguments: { directory: descriptor, path, flags: openFlags, mode: newMode },
  run: (task, values) => openPath(task, values.directory, values.path, values.flags, values.mode),
});

const RESOLVE = {
  RESOLVE_NO_XDEV: 1,
  RESOLVE_NO_MAGICLINKS: 2,
  RESOLVE_NO_SYMLINKS: 4,
  RESOLVE_BENEATH: 8,
  RESOLVE_IN_ROOT: 16,
  RESOLVE_CACHED: 32,
} as const;
/** struct open_how: flags, mode, resolve. */
const OPEN_HOW_BYTES = 24;
/** Longer ones are refused: the kernel reads one page of them at most. */
const LARGEST_HOW_BYTES = 4096; // not a page size: what one call may make us copy

export const openat2 = defineSystemCall({
  name: 'openat2',
  numbers: { 'x86-64': 437, i386: 437 },
  support: 'partial',
  note: 'RESOLVE_CACHED is EAGAIN: nothing is cached here.',
  arguments: { directory: descriptor, path, how: address, size },
  run: (task, { directory, path: name, how, size: length }) => {
    if (length < OPEN_HOW_BYTES) return -Errno.EINVAL;
    const bytes = length > LARGEST_HOW_BYTES ? -Errno.E2BIG : (task.user.read(how, length) ?? -Errno.EFAULT);
    if (typeof bytes === 'number') return bytes;
    if (bytes.subarray(OPEN_HOW_BYTES).some((byte) => byte !== 0)) return -Errno.E2BIG;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const [flags, mode, resolve] = [0, 8, 16].map((at) => Number(view.getBigUint64(at, true)));
    const creates = (flags & (O.CREAT | O.TMPFILE)) !== 0;
    if (flags > 0x7fff_ffff || (flags & ~KNOWN_OPEN_FLAGS) !== 0 || resolve > 63) return -Errno.EINVAL;
    if (creates ? mode > 0o7777 : mode !== 0) return -Errno.EINVAL;
    const isBeneath = (resolve & RESOLVE.RESOLVE_BENEATH) !== 0;
    const isRooted = (resolve & RESOLVE.RESOLVE_IN_ROOT) !== 0;
    if (isBeneath && isRooted) return -Errno.EINVAL;
    if ((resolve & RESOLVE.RESOLVE_CACHED) !== 0)
      return creates || (flags & O.TRUNC) !== 0 ? -Errno.EINVAL : -Errno.EAGAIN;
    const restrictions = {
      isBeneath,
      noLinks: (resolve & RESOLVE.RESOLVE_NO_SYMLINKS) !== 0,
      noObjectLinks: isRooted || (resolve & (RESOLVE.RESOLVE_NO_MAGICLINKS | RESOLVE.RESOLVE_NO_SYMLINKS)) !== 0,
      sameMount: (resolve & RESOLVE.RESOLVE_NO_XDEV) !== 0,
    };
    const base = isRooted ? viewpointAt(task, directory, '.') : undefined;
    if (typeof base === 'number') return base;
    const start = base && { ...base, root: base.base };
    return openPath(task, directory, name, flags, mode, restrictions, start);
  },
});

export const creat = defineSystemCall({
  name: 'creat',
  numbers: { 'x86-64': 85, i386: 8 },
  support: 'full',
  arguments: { path, mode: permissions },
  run: (task, values) => openPath(task, AT.FDCWD, values.path, O.CREAT | O.WRONLY | O.TRUNC, values.mode),
});

export const close = defineSystemCall({
  name: 'close',
  numbers: { 'x86-64': 3, i386: 6 },
  support: 'full',
  arguments: { fd: descriptor },
  run: (task, { fd }) => task.process.descriptors.close(fd),
});

export const closeRange = defineSystemCall({
  name: 'close_range',
  numbers: { 'x86-64': 436, i386: 436 },
  support: 'full',
  arguments: { first: unsigned, last: unsigned, flags: flagSet({ CLOSE_RANGE_UNSHARE: 2, CLOSE_RANGE_CLOEXEC: 4 }) },
  run: (task, { first, last, flags }) => {
    if (first > last || (flags & ~6) !== 0) return -Errno.EINVAL;
    if ((flags & 2) !== 0) task.process.descriptors = task.process.descriptors.unshare();
    const table = task.process.descriptors;
    for (const number of table.numbers().filter((each) => each >= first && each <= last)) {
      if (flags & 4) table.setCloseOnExec(number, true);
      else table.close(number);
    }
    return 0;
  },
});

export function openPath(
  task: Thread,
  directory: number,
  name: string,
  flags: number,
  mode: number,
  restrictions?: WalkRestrictions,
  start?: Viewpoint,
): SystemCallResult {
  const from = start ?? viewpointAt(task, directory, name);
  if (typeof from === 'number') return from;
  const pathOnly = (flags & O.PATH) !== 0;
  const isUnnamed = !pathOnly && (flags & O.TMPFILE) !== 0;
  const access = flags & ACCESS_MODE;
  const readable = !pathOnly && access !== O.WRONLY;
  const writable = !pathOnly && (access === O.WRONLY || access === O.RDWR);
  // O_TMPFILE includes O_DIRECTORY, and makes no sense read-only (fs/open.c, build_open_flags).
  if (isUnnamed && (!writable || (flags & O.DIRECTORY) === 0)) return -Errno.EINVAL;
  const creates = !pathOnly && ((flags & O.CREAT) !== 0 || isUnnamed);
  const request = {
    read: readable,
    write: writable,
    createMode: creates ? masked(task, mode) : undefined,
    askedMode: mode,
    isUnnamed,
    staysUnnamed: (flags & O.EXCL) !== 0,
    exclusive: creates && !isUnnamed && (flags & O.EXCL) !== 0,
    truncate: !pathOnly && (flags & O.TRUNC) !== 0,
    append: (flags & O.APPEND) !== 0,
    keepsAccessTime: !pathOnly && (flags & O.NOATIME) !== 0,
    noFollow: (flags & O.NOFOLLOW) !== 0,
    directory: !isUnnamed && (flags & O.DIRECTORY) !== 0,
    pathOnly,
    restrictions,
  };
  const openMode = {
    readable,
    writable,
    append: (flags & O.APPEND) !== 0,
    nonBlocking: (flags & O.NONBLOCK) !== 0,
    pathOnly,
    otherFlags: flags & (pathOnly ? O.PATH | REMEMBERED : REMEMBERED),
  };
  const leased = pathOnly ? undefined : leasedFile(task, from, name, request.noFollow);
  const wanted = { writes: writable || request.truncate, nonBlocking: openMode.nonBlocking };
  return afterLeases(task, leased, wanted, () => openNow(task, from, name, request, openMode, flags));
}

function openNow(
  task: Thread,
  from: Viewpoint,
  name: string,
  request: TreeOpenRequest,
  openMode: OpenMode,
  flags: number,
): SystemCallResult {
  if (openMode.writable && !request.isUnnamed) {
    const known = task.kernel.tree.status(from, name, !request.noFollow);
    if (typeof known === 'object' && isRunning(task.kernel, known)) return -Errno.ETXTBSY;
  }
  const opened = task.kernel.tree.open(from, name, request, openMode);
  if (typeof opened === 'number') return opened;
  const status = opened.file.status();
  const { user } = task.process.fileIdentity;
  if (
    (flags & O.NOATIME) !== 0 &&
    request.pathOnly !== true &&
    user !== 0 &&
    typeof status === 'object' &&
    status.user !== user
  ) {
    opened.release();
    return -Errno.EPERM;
  }
  if (request.directory && typeof status !== 'number' && !isType(status, FileType.Directory)) {
    opened.release();
    return -Errno.ENOTDIR;
  }
  if ((flags & O.NOCTTY) === 0 && opened.file.terminal !== undefined)
    terminalsOf(task.kernel).control(task.process, opened.file);
  const insert = () => task.process.descriptors.insert(opened, (flags & O.CLOEXEC) !== 0);
  const { changes, awaitsPeer } = opened.file;
  if (openMode.nonBlocking || awaitsPeer === undefined || !awaitsPeer()) return insert();
  const interrupt = () => {
    opened.release();
    return -Errno.EINTR;
  };
  return new Pending({
    queues: changes === undefined ? [] : [changes],
    attempt: () => (awaitsPeer() ? undefined : insert()),
    interrupt,
    restartable: true,
  });
}
