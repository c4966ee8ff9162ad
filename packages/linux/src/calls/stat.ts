// stat(2) and its relatives, access(2), statfs(2).
import {
  defineSystemCall,
  descriptor,
  Errno,
  type FileIdentity,
  type FileStatus,
  FileType,
  flagSet,
  isType,
  path,
  permits,
  type Thread,
  unsigned,
} from '@elf/kernel';
import { ACCESS_NAMES, AT, AT_FLAG_NAMES } from '../abi/flags/file-flags.ts';
import { structOut } from '../abi/struct-arguments.ts';
import {
  printStat,
  statFields,
  stat as statLayout,
  StatxAttribute,
  type StatxFacts,
  statxFields,
  statx as statxLayout,
} from '../abi/structs/stat.ts';
import { statfs as statfsLayout } from '../abi/structs/system.ts';
import { describe, viewpointAt } from '../files-at.ts';
import { mountId } from '../proc/system-status.ts';

const EXT_MAGIC = 0xef53;
const statOut = structOut(statLayout, printStat);

export const stat = defineSystemCall({
  name: 'stat',
  numbers: { 'x86-64': 4, i386: 106 },
  support: 'full',
  arguments: { path, status: statOut },
  run: (task, values) =>
    store(lookUp(task, AT.FDCWD, values.path, 0), (found) => values.status.write(statFields(found))),
});

export const fstat = defineSystemCall({
  name: 'fstat',
  numbers: { 'x86-64': 5, i386: 108 },
  support: 'full',
  arguments: { fd: descriptor, status: statOut },
  run: (task, values) =>
    store(lookUp(task, values.fd, '', AT.EMPTY_PATH), (found) => values.status.write(statFields(found))),
});

export const lstat = defineSystemCall({
  name: 'lstat',
  numbers: { 'x86-64': 6, i386: 107 },
  support: 'full',
  arguments: { path, status: statOut },
  run: (task, values) =>
    store(lookUp(task, AT.FDCWD, values.path, AT.SYMLINK_NOFOLLOW), (found) => values.status.write(statFields(found))),
});

/** What fstatat(2) takes: no links, no automounts, the descriptor itself. */
const STAT_FLAGS = 0x100 | 0x800 | 0x1000; // not a page size: AT_* bits

export const newfstatat = defineSystemCall({
  name: 'newfstatat',
  numbers: { 'x86-64': 262 },
  support: 'full',
  arguments: { directory: descriptor, path, status: statOut, flags: flagSet(AT_FLAG_NAMES) },
  run: (task, values) =>
    (values.flags & ~STAT_FLAGS) !== 0
      ? -Errno.EINVAL
      : store(lookUp(task, values.directory, values.path, values.flags), (found) =>
          values.status.write(statFields(found)),
        ),
});

/** Both kinds of synchronisation at once are a mistake (fs/stat.c, do_statx). */
const AT_STATX_SYNC_TYPE = 0x6000;
const STATX_FLAGS = 0x100 | 0x800 | 0x1000 | AT_STATX_SYNC_TYPE; // not a page size: AT_* bits

export const statx = defineSystemCall({
  name: 'statx',
  numbers: { 'x86-64': 332, i386: 383 },
  support: 'partial',
  note: 'Direct I/O alignment is not reported.',
  arguments: {
    directory: descriptor,
    path,
    flags: flagSet(AT_FLAG_NAMES, 'AT_STATX_SYNC_AS_STAT'),
    mask: flagSet({ STATX_BASIC_STATS: 0x7ff, STATX_BTIME: 0x800, STATX_MNT_ID: 0x1000 }),
    status: structOut(
      statxLayout,
      (values) =>
        `{stx_mask=0x${values.mask.toString(16)}, stx_mode=0${values.mode.toString(8)}, stx_size=${values.size}, ...}`,
    ),
  },
  run: (task, values) => {
    if (values.mask >= 0x8000_0000 || (values.flags & ~STATX_FLAGS) !== 0) return -Errno.EINVAL;
    if ((values.flags & AT_STATX_SYNC_TYPE) === AT_STATX_SYNC_TYPE) return -Errno.EINVAL;
    return store(lookUp(task, values.directory, values.path, values.flags), (found) =>
      values.status.write(statxFields(found, factsOf(task, values.directory, values.path, values.flags, found))),
    );
  },
});

export const access = defineSystemCall({
  name: 'access',
  numbers: { 'x86-64': 21, i386: 33 },
  support: 'full',
  arguments: { path, mode: flagSet(ACCESS_NAMES, 'F_OK') },
  run: (task, values) => mayAccess(task, AT.FDCWD, values.path, values.mode, 0),
});

export const faccessat = defineSystemCall({
  name: 'faccessat',
  numbers: { 'x86-64': 269, i386: 307 },
  support: 'full',
  arguments: { directory: descriptor, path, mode: flagSet(ACCESS_NAMES, 'F_OK') },
  run: (task, values) => mayAccess(task, values.directory, values.path, values.mode, 0),
});

export const faccessat2 = defineSystemCall({
  name: 'faccessat2',
  numbers: { 'x86-64': 439, i386: 439 },
  support: 'full',
  arguments: {
    directory: descriptor,
    path,
    mode: flagSet(ACCESS_NAMES, 'F_OK'),
    flags: flagSet({ AT_EACCESS: 0x200, AT_SYMLINK_NOFOLLOW: 0x100, AT_EMPTY_PATH: 0x1000 }),
  },
  run: (task, values) =>
    (values.flags & ~(AT.EACCESS | AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) === 0
      ? mayAccess(task, values.directory, values.path, values.mode, values.flags)
      : -Errno.EINVAL,
});

export const statfs = defineSystemCall({
  name: 'statfs',
  numbers: { 'x86-64': 137, i386: 99 },
  support: 'partial',
  note: 'Every file system calls itself ext4.',
  arguments: { path, status: structOut(statfsLayout) },
  run: (task, values) => {
    const place = task.kernel.tree.resolve(task.process.viewpoint, values.path, true);
    if (typeof place === 'number') return place;
    return place.status === undefined ? -Errno.ENOENT : values.status.write(fileSystemFields(task, place.path));
  },
});

export const fstatfs = defineSystemCall({
  name: 'fstatfs',
  numbers: { 'x86-64': 138, i386: 100 },
  support: 'partial',
  note: 'Every file system calls itself ext4.',
  arguments: { fd: descriptor, status: structOut(statfsLayout) },
  run: (task, values) => {
    const file = describe(task, values.fd);
    return typeof file === 'number' ? file : values.status.write(fileSystemFields(task, file.path ?? '/'));
  },
});

export const umask = defineSystemCall({
  name: 'umask',
  numbers: { 'x86-64': 95, i386: 60 },
  support: 'full',
  result: 'octal',
  arguments: { mask: unsigned },
  run: (task, { mask }) => {
    const { place } = task.process;
    const before = place.umask;
    place.umask = mask & 0o777;
    return before;
  },
});

function fileSystemFields(task: Thread, at: string) {
  const { fileSystem } = task.kernel.tree.mounts.locate(at)?.mount ?? {};
  const space = fileSystem?.space?.() ?? { total: 0, free: 0, files: 0, freeFiles: 0 };
  const blocks = Math.floor(space.total / 4096);
  const free = Math.floor(space.free / 4096);
  return {
    type: EXT_MAGIC,
    blockSize: 4096,
    blocks,
    freeBlocks: free,
    availableBlocks: free,
    files: space.files ?? 0,
    freeFiles: space.freeFiles ?? 0,
    nameLength: 255,
    fragmentSize: 4096,
    flags: 0x20,
  };
}

/** The status a *stat call means. */
function lookUp(
  task: Thread,
  directory: number,
  name: string,
  flags: number,
  who: FileIdentity = task.process.fileIdentity,
): FileStatus | number {
  if (name === '' && (flags & AT.EMPTY_PATH) !== 0) {
    if (directory === AT.FDCWD) return task.kernel.tree.status(task.process.viewpoint, '.', true);
    const file = describe(task, directory);
    return typeof file === 'number' ? file : file.file.status();
  }
  const from = viewpointAt(task, directory, name);
  return typeof from === 'number'
    ? from
    : task.kernel.tree.status({ ...from, who }, name, (flags & AT.SYMLINK_NOFOLLOW) === 0);
}

/** What statx tells of a file's flags and of its place in the tree. */
function factsOf(task: Thread, directory: number, name: string, flags: number, status: FileStatus): StatxFacts {
  const { tree } = task.kernel;
  const held = tree.inodeFlags.of(status) & StatxAttribute.OfFiles;
  const at = placeOf(task, directory, name, flags);
  const located = at === undefined ? undefined : tree.mounts.locate(at);
  if (located === undefined) return { attributes: held, mountId: undefined };
  const isRoot = located.mount.path === at;
  return { attributes: held | (isRoot ? StatxAttribute.MountRoot : 0), mountId: mountId(task.kernel, located.mount) };
}

/** The path of what a *stat call means; undefined for what has none. */
function placeOf(task: Thread, directory: number, name: string, flags: number): string | undefined {
  if (name === '' && (flags & AT.EMPTY_PATH) !== 0)
    return directory === AT.FDCWD ? task.process.place.workingDirectory : task.process.descriptors.get(directory)?.path;
  const from = viewpointAt(task, directory, name);
  const place =
    typeof from === 'number' ? from : task.kernel.tree.resolve(from, name, (flags & AT.SYMLINK_NOFOLLOW) === 0);
  if (typeof place === 'number') return undefined;
  place.object?.release();
  return place.object === undefined ? place.path : undefined;
}

function store(found: FileStatus | number, write: (found: FileStatus) => number): number {
  return typeof found === 'number' ? found : write(found);
}

/** access(2) checks with the real identities unless AT_EACCESS says otherwise. */
function mayAccess(task: Thread, directory: number, name: string, mode: number, flags: number): number {
  if ((mode & ~7) !== 0) return -Errno.EINVAL;
  const { credentials } = task.process;
  const isEffective = (flags & AT.EACCESS) !== 0;
  const who = isEffective
    ? task.process.fileIdentity
    : { user: credentials.user, group: credentials.group, supplementary: credentials.supplementary };
  const status = lookUp(task, directory, name, flags, who);
  if (typeof status === 'number') return status;
  if ((mode & WRITE) !== 0 && isUnchangeable(task, directory, name, flags, status)) return -Errno.EROFS;
  return permits(status, who, mode) ? 0 : -Errno.EACCES;
}

const WRITE = 2;

/** Whether a file, directory or link lies in a read-only mount; what devices and pipes lead to does not. */
function isUnchangeable(task: Thread, directory: number, name: string, flags: number, status: FileStatus): boolean {
  if (![FileType.Regular, FileType.Directory, FileType.SymbolicLink].some((type) => isType(status, type))) return false;
  const { tree } = task.kernel;
  const from = name === '' ? task.process.viewpoint : viewpointAt(task, directory, name);
  if (typeof from === 'number') return false;
  const known = name === '' ? task.process.descriptors.get(directory)?.path : undefined;
  const place = tree.resolve(from, known ?? (name === '' ? '.' : name), (flags & AT.SYMLINK_NOFOLLOW) === 0);
  return typeof place === 'object' && (tree.mounts.locate(place.path)?.mount.fileSystem.isReadOnly ?? false);
}
