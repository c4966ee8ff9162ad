// utime(2), utimes(2), futimesat(2), fchmodat2(2): older and newer forms of calls in path-changes.ts.
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  flagSet,
  optionalPath,
  path,
  permissions,
  type Thread,
} from '@elf/kernel';
import { AT } from '../abi/flags/file-flags.ts';
import { defineStruct, layoutFor } from '../abi/struct-layout.ts';
import { readTimevalFields } from '../abi/structs/time.ts';
import { judgeTimes, permittedMode } from '../file-rights.ts';
import { describe, withPath } from '../files-at.ts';

const BILLION = 1_000_000_000n;
const MILLION = 1_000_000;
/** sizeof(struct timeval) on x86-64. */

const utimbuf32 = defineStruct(8, { accessed: [0, 'i32'], modified: [4, 'i32'] });
const utimbuf = defineStruct(16, { accessed: [0, 'i64'], modified: [8, 'i64'] }, { layout: utimbuf32 });

export const utime = defineSystemCall({
  name: 'utime',
  numbers: { 'x86-64': 132, i386: 30 },
  support: 'full',
  arguments: { path, times: address },
  run: (task, values) => {
    if (values.times === 0) return setTimes(task, AT.FDCWD, values.path, undefined);
    const layout = layoutFor(task, utimbuf);
    const bytes = task.user.read(values.times, layout.sizeInBytes);
    if (bytes === undefined) return -Errno.EFAULT;
    const { accessed, modified } = layout.decode(bytes);
    const times = [BigInt(accessed) * BILLION, BigInt(modified) * BILLION] as const;
    return setTimes(task, AT.FDCWD, values.path, times);
  },
});

export const utimes = defineSystemCall({
  name: 'utimes',
  numbers: { 'x86-64': 235, i386: 271 },
  support: 'full',
  arguments: { path, times: address },
  run: (task, values) => setFromTimevals(task, AT.FDCWD, values.path, values.times),
});

/** A null path means the descriptor itself. */
export const futimesat = defineSystemCall({
  name: 'futimesat',
  numbers: { 'x86-64': 261, i386: 299 },
  support: 'full',
  arguments: { directory: descriptor, path: optionalPath, times: address },
  run: (task, values) => setFromTimevals(task, values.directory, values.path, values.times),
});

export const fchmodat2 = defineSystemCall({
  name: 'fchmodat2',
  numbers: { 'x86-64': 452 },
  support: 'full',
  arguments: {
    directory: descriptor,
    path,
    mode: permissions,
    flags: flagSet({ AT_SYMLINK_NOFOLLOW: 0x100, AT_EMPTY_PATH: 0x1000 }),
  },
  run: (task, { directory, path: name, mode, flags }) => {
    if ((flags & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) !== 0) return -Errno.EINVAL;
    if (name === '' && (flags & AT.EMPTY_PATH) !== 0) {
      const file = describe(task, directory);
      if (typeof file === 'number') return file;
      const permitted = permittedMode(task, file.file.status(), mode);
      if (permitted >= 0 && file.mode.pathOnly && file.path !== undefined) {
        // O_PATH: the inode itself, which is known by its place.
        return task.kernel.tree.change({ base: '/', root: '/' }, file.path, false, (files, at) =>
          files.setMode(at, permitted),
        );
      }
      return permitted < 0 ? permitted : (file.file.setMode?.(permitted) ?? -Errno.EINVAL);
    }
    const follows = (flags & AT.SYMLINK_NOFOLLOW) === 0;
    return withPath(task, directory, name, (from) => {
      const status = task.kernel.tree.status(from, name, follows);
      // Links have no permissions of their own (fs/attr.c on ext4).
      if (typeof status === 'object' && !follows && (status.mode & 0o170000) === 0o120000) return -Errno.EOPNOTSUPP;
      return task.kernel.tree.change(from, name, follows, (files, at, found) => {
        const permitted = permittedMode(task, found, mode);
        return permitted < 0 ? permitted : files.setMode(at, permitted);
      });
    });
  },
});

function setFromTimevals(task: Thread, directory: number, name: string | undefined, at: number): number {
  if (at === 0) return setTimes(task, directory, name, undefined);
  const accessed = readTimevalFields(task, at);
  const modified = readTimevalFields(task, at + 2 * task.wordBytes);
  if (accessed === undefined || modified === undefined) return -Errno.EFAULT;
  const given = [accessed, modified];
  if (given.some(({ microseconds }) => microseconds < 0 || microseconds >= MILLION)) return -Errno.EINVAL;
  const [first, second] = given.map((time) => BigInt(time.seconds) * BILLION + BigInt(time.microseconds) * 1000n);
  return setTimes(task, directory, name, [first, second]);
}

function setTimes(
  task: Thread,
  directory: number,
  name: string | undefined,
  times: readonly [bigint, bigint] | undefined,
): number {
  const now = task.host.clock.realtime();
  const [accessed, modified] = times ?? [now, now];
  if (name === undefined) {
    if (directory === AT.FDCWD) return -Errno.EFAULT;
    const file = describe(task, directory);
    if (typeof file === 'number') return file;
    const refusal = judgeTimes(task, file.file.status(), times === undefined);
    return refusal < 0 ? refusal : (file.file.setTimes?.(accessed, modified) ?? 0);
  }
  return withPath(task, directory, name, (from) =>
    task.kernel.tree.change(from, name, true, (files, at, status) => {
      const refusal = files.isReadOnly ? 0 : judgeTimes(task, status, times === undefined);
      return refusal < 0 ? refusal : files.setTimes(at, accessed, modified);
    }),
  );
}
