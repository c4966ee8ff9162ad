// open(2), openat(2), creat(2), close(2).
import {
  defineSystemCall,
  descriptor,
  Errno,
  FileType,
  flagSet,
  isType,
  path,
  permissions,
  type Thread,
  unsigned,
} from '@elf/kernel';
import { AT, O, OPEN_FLAG_NAMES } from '../abi/flags/file-flags.ts';
import { masked, viewpointAt } from '../files-at.ts';

const ACCESS_MODE = 3;
const ACCESS_NAMES = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'];
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

export const open = defineSystemCall({
  name: 'open',
  numbers: { 'x86-64': 2 },
  support: 'full',
  arguments: { path, flags: openFlags, mode: permissions },
  run: (task, values) => openPath(task, AT.FDCWD, values.path, values.flags, values.mode),
});

export const openat = defineSystemCall({
  name: 'openat',
  numbers: { 'x86-64': 257 },
  support: 'partial',
  note: 'O_TMPFILE is refused with EOPNOTSUPP.',
  arguments: { directory: descriptor, path, flags: openFlags, mode: permissions },
  run: (task, values) => openPath(task, values.directory, values.path, values.flags, values.mode),
});

export const creat = defineSystemCall({
  name: 'creat',
  numbers: { 'x86-64': 85 },
  support: 'full',
  arguments: { path, mode: permissions },
  run: (task, values) => openPath(task, AT.FDCWD, values.path, O.CREAT | O.WRONLY | O.TRUNC, values.mode),
});

export const close = defineSystemCall({
  name: 'close',
  numbers: { 'x86-64': 3 },
  support: 'full',
  arguments: { fd: descriptor },
  run: (task, { fd }) => task.process.descriptors.close(fd),
});

export const closeRange = defineSystemCall({
  name: 'close_range',
  numbers: { 'x86-64': 436 },
  support: 'partial',
  note: 'CLOSE_RANGE_UNSHARE is refused with EINVAL.',
  arguments: { first: unsigned, last: unsigned, flags: flagSet({ CLOSE_RANGE_UNSHARE: 2, CLOSE_RANGE_CLOEXEC: 4 }) },
  run: (task, { first, last, flags }) => {
    if (first > last || (flags & ~4) !== 0) return -Errno.EINVAL;
    const table = task.process.descriptors;
    for (const number of table.numbers().filter((each) => each >= first && each <= last)) {
      if (flags & 4) table.setCloseOnExec(number, true);
      else table.close(number);
    }
    return 0;
  },
});

function openPath(task: Thread, directory: number, name: string, flags: number, mode: number): number {
  const from = viewpointAt(task, directory, name);
  if (typeof from === 'number') return from;
  if ((flags & O.TMPFILE) !== 0) return -Errno.EOPNOTSUPP;
  const pathOnly = (flags & O.PATH) !== 0;
  const access = flags & ACCESS_MODE;
  const readable = !pathOnly && access !== O.WRONLY;
  const writable = !pathOnly && (access === O.WRONLY || access === O.RDWR);
  const creates = !pathOnly && (flags & O.CREAT) !== 0;
  const request = {
    read: readable,
    write: writable,
    createMode: creates ? masked(task, mode) : undefined,
    exclusive: creates && (flags & O.EXCL) !== 0,
    truncate: !pathOnly && (flags & O.TRUNC) !== 0,
    append: (flags & O.APPEND) !== 0,
    noFollow: (flags & O.NOFOLLOW) !== 0,
    directory: (flags & O.DIRECTORY) !== 0,
    pathOnly,
  };
  const openMode = {
    readable,
    writable,
    append: (flags & O.APPEND) !== 0,
    nonBlocking: (flags & O.NONBLOCK) !== 0,
    pathOnly,
    otherFlags: flags & (pathOnly ? O.PATH | REMEMBERED : REMEMBERED),
  };
  const opened = task.kernel.tree.open(from, name, request, openMode);
  if (typeof opened === 'number') return opened;
  const status = opened.file.status();
  if (request.directory && typeof status !== 'number' && !isType(status, FileType.Directory)) {
    opened.release();
    return -Errno.ENOTDIR;
  }
  return task.process.descriptors.insert(opened, (flags & O.CLOEXEC) !== 0);
}
