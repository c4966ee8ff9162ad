// Paths and descriptors as calls take them: dirfd resolution, and descriptor lookup with its errors.
import { Errno, FileType, isType, type OpenDescription, type Thread, type Viewpoint } from '@elf/kernel';
import { AT } from './abi/flags/file-flags.ts';

/** The description of a descriptor, or -EBADF. */
export function describe(task: Thread, fd: number): OpenDescription | number {
  return task.process.descriptors.get(fd) ?? -Errno.EBADF;
}

/** Where a path given with a directory descriptor starts. */
export function viewpointAt(task: Thread, dirfd: number, path: string): Viewpoint | number {
  const { viewpoint } = task.process;
  // A path that names nothing is refused before the descriptor is looked at (fs/namei.c, getname).
  if (path === '') return -Errno.ENOENT;
  if (dirfd === AT.FDCWD || path.startsWith('/')) return viewpoint;
  const directory = task.process.descriptors.get(dirfd);
  if (directory === undefined) return -Errno.EBADF;
  const status = directory.file.status();
  if (typeof status === 'number') return status;
  if (directory.path === undefined || !isType(status, FileType.Directory)) return -Errno.ENOTDIR;
  return { ...viewpoint, base: directory.path };
}

/** Runs `apply` with the viewpoint of a *at call. */
export function withPath(task: Thread, dirfd: number, path: string, apply: (from: Viewpoint) => number): number {
  const from = viewpointAt(task, dirfd, path);
  return typeof from === 'number' ? from : apply(from);
}

/** A mode with the umask applied. */
export function masked(task: Thread, mode: number): number {
  return mode & 0o7777 & ~task.process.place.umask;
}
