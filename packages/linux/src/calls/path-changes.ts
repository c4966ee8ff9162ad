// Calls that change the tree: unlink, rename, mkdir, chmod, chown, utimensat, truncate and their *at forms.
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  type FileStatus,
  flagSet,
  int,
  type OpenDescription,
  optionalPath,
  path,
  permissions,
  type Thread,
  type Viewpoint,
} from '@elf/kernel';
import { AT } from '../abi/flags/file-flags.ts';
import { readTimespecFields, timespecBytes } from '../abi/structs/time.ts';
import { judgeOwner, judgeTimes, permittedMode } from '../file-rights.ts';
import { describe, masked, viewpointAt, withPath } from '../files-at.ts';
import { announce } from '../transfer.ts';

const RENAME_NAMES = { RENAME_NOREPLACE: 1, RENAME_EXCHANGE: 2, RENAME_WHITEOUT: 4 } as const;

export const mkdir = defineSystemCall({
  name: 'mkdir',
  numbers: { 'x86-64': 83, i386: 39 },
  support: 'full',
  arguments: { path, mode: permissions },
  run: (task, values) => makeDirectory(task, AT.FDCWD, values.path, values.mode),
});

export const mkdirat = defineSystemCall({
  name: 'mkdirat',
  numbers: { 'x86-64': 258, i386: 296 },
  support: 'full',
  arguments: { directory: descriptor, path, mode: permissions },
  run: (task, values) => makeDirectory(task, values.directory, values.path, values.mode),
});

export const rmdir = defineSystemCall({
  name: 'rmdir',
  numbers: { 'x86-64': 84, i386: 40 },
  support: 'full',
  arguments: { path },
  run: (task, values) => remove(task, AT.FDCWD, values.path, AT.REMOVEDIR),
});

export const unlink = defineSystemCall({
  name: 'unlink',
  numbers: { 'x86-64': 87, i386: 10 },
  support: 'full',
  arguments: { path },
  run: (task, values) => remove(task, AT.FDCWD, values.path, 0),
});

export const unlinkat = defineSystemCall({
  name: 'unlinkat',
  numbers: { 'x86-64': 263, i386: 301 },
  support: 'full',
  arguments: { directory: descriptor, path, flags: flagSet({ AT_REMOVEDIR: 0x200 }) },
  run: (task, values) =>
    values.flags & ~AT.REMOVEDIR ? -Errno.EINVAL : remove(task, values.directory, values.path, values.flags),
});

export const rename = defineSystemCall({
  name: 'rename',
  numbers: { 'x86-64': 82, i386: 38 },
  support: 'full',
  arguments: { from: path, to: path },
  run: (task, values) => renamePath(task, [AT.FDCWD, values.from], [AT.FDCWD, values.to], 0),
});

export const renameat = defineSystemCall({
  name: 'renameat',
  numbers: { 'x86-64': 264, i386: 302 },
  support: 'full',
  arguments: { fromDirectory: descriptor, from: path, toDirectory: descriptor, to: path },
  run: (task, values) => renamePath(task, [values.fromDirectory, values.from], [values.toDirectory, values.to], 0),
});

export const renameat2 = defineSystemCall({
  name: 'renameat2',
  numbers: { 'x86-64': 316, i386: 353 },
  support: 'partial',
  note: 'RENAME_WHITEOUT is refused with EINVAL.',
  arguments: {
    fromDirectory: descriptor,
    from: path,
    toDirectory: descriptor,
    to: path,
    flags: flagSet(RENAME_NAMES),
  },
  run: (task, values) =>
    renamePath(task, [values.fromDirectory, values.from], [values.toDirectory, values.to], values.flags),
});

export const symlink = defineSystemCall({
  name: 'symlink',
  numbers: { 'x86-64': 88, i386: 83 },
  support: 'full',
  arguments: { target: path, path },
  run: (task, values) => makeLink(task, values.target, AT.FDCWD, values.path),
});

export const symlinkat = defineSystemCall({
  name: 'symlinkat',
  numbers: { 'x86-64': 266, i386: 304 },
  support: 'full',
  arguments: { target: path, directory: descriptor, path },
  run: (task, values) => makeLink(task, values.target, values.directory, values.path),
});

export const chmod = defineSystemCall({
  name: 'chmod',
  numbers: { 'x86-64': 90, i386: 15 },
  support: 'full',
  arguments: { path, mode: permissions },
  run: (task, values) => changeMode(task, AT.FDCWD, values.path, values.mode),
});

export const fchmodat = defineSystemCall({
  name: 'fchmodat',
  numbers: { 'x86-64': 268, i386: 306 },
  support: 'full',
  arguments: { directory: descriptor, path, mode: permissions },
  run: (task, values) => changeMode(task, values.directory, values.path, values.mode),
});

export const fchmod = defineSystemCall({
  name: 'fchmod',
  numbers: { 'x86-64': 91, i386: 94 },
  support: 'full',
  arguments: { fd: descriptor, mode: permissions },
  run: (task, values) => {
    const file = describe(task, values.fd);
    if (typeof file === 'number') return file;
    if (file.mode.pathOnly) return -Errno.EBADF;
    if (isUnchangeable(task, file)) return -Errno.EROFS;
    const permitted = permittedMode(task, file.file.status(), values.mode);
    if (permitted < 0) return permitted;
    const result = file.file.setMode?.(permitted) ?? -Errno.EINVAL;
    if (result >= 0) announce(task, file, 'attributes');
    return result;
  },
});

export const chown = defineSystemCall({
  name: 'chown',
  numbers: { 'x86-64': 92 },
  support: 'full',
  arguments: { path, user: int, group: int },
  run: (task, values) => changeOwner(task, AT.FDCWD, values.path, values.user, values.group, true),
});

export const lchown = defineSystemCall({
  name: 'lchown',
  numbers: { 'x86-64': 94 },
  support: 'full',
  arguments: { path, user: int, group: int },
  run: (task, values) => changeOwner(task, AT.FDCWD, values.path, values.user, values.group, false),
});

export const fchown = defineSystemCall({
  name: 'fchown',
  numbers: { 'x86-64': 93 },
  support: 'full',
  arguments: { fd: descriptor, user: int, group: int },
  run: (task, values) => {
    const file = describe(task, values.fd);
    return typeof file === 'number' ? file : changeOpenOwner(task, file, values.user, values.group);
  },
});

export const fchownat = defineSystemCall({
  name: 'fchownat',
  numbers: { 'x86-64': 260, i386: 298 },
  support: 'full',
  arguments: {
    directory: descriptor,
    path,
    user: int,
    group: int,
    flags: flagSet({ AT_SYMLINK_NOFOLLOW: 0x100, AT_EMPTY_PATH: 0x1000 }),
  },
  run: (task, values) => {
    if ((values.flags & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) !== 0) return -Errno.EINVAL;
    if (values.path === '' && (values.flags & AT.EMPTY_PATH) !== 0) {
      const file = describe(task, values.directory);
      return typeof file === 'number' ? file : changeOpenOwner(task, file, values.user, values.group);
    }
    return changeOwner(
      task,
      values.directory,
      values.path,
      values.user,
      values.group,
      (values.flags & AT.SYMLINK_NOFOLLOW) === 0,
    );
  },
});

const UTIME_NOW = 0x3fff_ffff;
const UTIME_OMIT = 0x3fff_fffe;

export const utimensat = defineSystemCall({
  name: 'utimensat',
  numbers: { 'x86-64': 280, i386: 320 },
  support: 'full',
  arguments: {
    directory: descriptor,
    path: optionalPath,
    times: address,
    flags: flagSet({ AT_SYMLINK_NOFOLLOW: 0x100 }),
  },
  run: (task, values) => {
    const now = task.host.clock.realtime();
    const times =
      values.times === 0
        ? [now, now]
        : [readTime(task, values.times, now), readTime(task, values.times + timespecBytes(task), now)];
    if (times.includes('fault')) return -Errno.EFAULT;
    if (times.includes('invalid')) return -Errno.EINVAL;
    const [accessed, modified] = times as (bigint | undefined)[];
    if (accessed === undefined && modified === undefined) return 0;
    const judge = (status: FileStatus | number) => judgeTimes(task, status, accessed === now && modified === now);
    const name = values.path;
    if (name === undefined) {
      if (values.directory === AT.FDCWD) return -Errno.EFAULT;
      const file = describe(task, values.directory);
      if (typeof file === 'number') return file;
      const refusal = judge(file.file.status());
      return refusal < 0 ? refusal : (file.file.setTimes?.(accessed, modified) ?? 0);
    }
    const follow = (values.flags & AT.SYMLINK_NOFOLLOW) === 0;
    return withPath(task, values.directory, name, (from) =>
      task.kernel.tree.change(from, name, follow, (files, at, status) => {
        const refusal = files.isReadOnly ? 0 : judge(status);
        return refusal < 0 ? refusal : files.setTimes(at, accessed, modified);
      }),
    );
  },
});

function readTime(task: Thread, at: number, now: bigint): bigint | undefined | 'fault' | 'invalid' {
  const time = readTimespecFields(task, at);
  if (time === undefined) return 'fault';
  const { seconds, nanoseconds } = time;
  if (nanoseconds === UTIME_NOW) return now;
  if (nanoseconds === UTIME_OMIT) return undefined;
  if (nanoseconds < 0 || nanoseconds >= 1e9) return 'invalid';
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
}

function makeDirectory(task: Thread, directory: number, name: string, mode: number): number {
  return withPath(task, directory, name, (from) =>
    task.kernel.tree.create(from, name, true, (files, at) => files.makeDirectory(at, masked(task, mode))),
  );
}

function remove(task: Thread, directory: number, name: string, flags: number): number {
  if ((flags & AT.REMOVEDIR) === 0) {
    return withPath(task, directory, name, (from) =>
      task.kernel.tree.change(from, name, false, (files, at) => files.removeFile(at), 'removed'),
    );
  }
  if (/(^|\/)\.\/*$/.test(name)) return -Errno.EINVAL;
  if (/(^|\/)\.\.\/*$/.test(name)) return -Errno.ENOTEMPTY;
  return withPath(task, directory, name, (from) =>
    task.kernel.tree.change(
      from,
      name,
      false,
      (files, at) => (at === '' ? -Errno.EBUSY : files.removeDirectory(at)),
      'removed',
    ),
  );
}

export type DirectoryPath = readonly [directory: number, path: string];

export function bothEnds(
  task: Thread,
  from: DirectoryPath,
  to: DirectoryPath,
): readonly [[Viewpoint, string], [Viewpoint, string]] | number {
  const source = viewpointAt(task, from[0], from[1]);
  const target = viewpointAt(task, to[0], to[1]);
  if (typeof source === 'number') return source;
  if (typeof target === 'number') return target;
  return [
    [source, from[1].replace(/(?<=[^/])\/+$/, '')],
    [target, to[1].replace(/(?<=[^/])\/+$/, '')],
  ];
}

function renamePath(task: Thread, from: DirectoryPath, to: DirectoryPath, flags: number): number {
  const { RENAME_NOREPLACE, RENAME_EXCHANGE } = RENAME_NAMES;
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) !== 0) return -Errno.EINVAL;
  if (flags === (RENAME_NOREPLACE | RENAME_EXCHANGE)) return -Errno.EINVAL;
  const ends = bothEnds(task, from, to);
  if (typeof ends === 'number') return ends;
  const { tree } = task.kernel;
  return tree.pair(
    ends[0],
    ends[1],
    false,
    (files, source, target, place) => {
      if ((flags & RENAME_EXCHANGE) !== 0)
        return place.status === undefined ? -Errno.ENOENT : tree.exchange(files, source, target);
      return (flags & RENAME_NOREPLACE) !== 0 && place.status !== undefined
        ? -Errno.EEXIST
        : files.rename(source, target);
    },
    true,
  );
}

/** A file in a read-only mount: that is said before anybody's rights are looked at. */
function isUnchangeable(task: Thread, { path: at }: OpenDescription): boolean {
  return at !== undefined && (task.kernel.tree.mounts.locate(at)?.mount.fileSystem.isReadOnly ?? false);
}

function changeOpenOwner(task: Thread, description: OpenDescription, user: number, group: number): number {
  const { file, mode } = description;
  if (mode.pathOnly) return -Errno.EBADF;
  if (isUnchangeable(task, description)) return -Errno.EROFS;
  const refusal = judgeOwner(task, file.status(), user, group);
  return refusal < 0 ? refusal : (file.setOwner?.(user, group) ?? -Errno.EINVAL);
}

function makeLink(task: Thread, target: string, directory: number, name: string): number {
  if (target === '') return -Errno.ENOENT;
  return withPath(task, directory, name, (from) =>
    task.kernel.tree.create(from, name, false, (files, at) => files.makeSymbolicLink(at, target)),
  );
}

function changeMode(task: Thread, directory: number, name: string, mode: number): number {
  return withPath(task, directory, name, (from) =>
    task.kernel.tree.change(from, name, true, (files, at, status) => {
      const permitted = files.isReadOnly ? mode : permittedMode(task, status, mode);
      return permitted < 0 ? permitted : files.setMode(at, permitted);
    }),
  );
}

function changeOwner(
  task: Thread,
  directory: number,
  name: string,
  user: number,
  group: number,
  follow: boolean,
): number {
  return withPath(task, directory, name, (from) =>
    task.kernel.tree.change(from, name, follow, (files, at, status) => {
      const refusal = files.isReadOnly ? 0 : judgeOwner(task, status, user, group);
      return refusal < 0 ? refusal : files.setOwner(at, user, group);
    }),
  );
}
