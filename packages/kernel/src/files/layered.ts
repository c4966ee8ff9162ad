// Two file systems seen as one: what the upper one has hides the lower one (the -L sysroot of qemu-user).
import { Errno } from '../errno.ts';
import { FileType, isType } from './file-status.ts';
import type { FileSystem } from './file-system.ts';

/**
 * `upper` where it has the path, `lower` otherwise. New files go to the lower one unless their directory exists only in the upper one.
 * @example
 * tree.mount('/', layeredFileSystem(sysroot, host));   // /lib64/ld-linux-x86-64.so.2 comes from the sysroot
 */
export function layeredFileSystem(upper: FileSystem, lower: FileSystem): FileSystem {
  const exists = (fileSystem: FileSystem, path: string) => typeof fileSystem.status(path) !== 'number';
  const owner = (path: string) => (path !== '' && exists(upper, path) ? upper : lower);
  const ownerOfNew = (path: string) => {
    if (exists(upper, path)) return upper;
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    return exists(lower, parent) ? lower : upper;
  };
  return {
    isReadOnly: upper.isReadOnly && lower.isReadOnly,
    enforces: (user) => (upper.enforces?.(user) ?? false) && (lower.enforces?.(user) ?? false),
    status: (path) => owner(path).status(path),
    open: (path, request) => {
      const chosen = request.createMode === undefined ? owner(path) : ownerOfNew(path);
      const file = chosen.open(path, request);
      if (typeof file === 'number' || file.entries === undefined) return file;
      const merged = () => mergedEntries(upper, lower, path);
      return { ...file, entries: merged };
    },
    entries: (path) => mergedEntries(upper, lower, path),
    readLink: (path) => owner(path).readLink(path),
    makeDirectory: (path, mode) => ownerOfNew(path).makeDirectory(path, mode),
    makeSymbolicLink: (path, target) => ownerOfNew(path).makeSymbolicLink(path, target),
    makeNode: (path, mode, device) => ownerOfNew(path).makeNode(path, mode, device),
    link: (from, to) => (owner(from) === ownerOfNew(to) ? owner(from).link(from, to) : -Errno.EXDEV),
    rename: (from, to) => (owner(from) === ownerOfNew(to) ? owner(from).rename(from, to) : -Errno.EXDEV),
    removeFile: (path) => owner(path).removeFile(path),
    removeDirectory: (path) => owner(path).removeDirectory(path),
    setMode: (path, mode) => owner(path).setMode(path, mode),
    setOwner: (path, user, group) => owner(path).setOwner(path, user, group),
    setTimes: (path, access, modify) => owner(path).setTimes(path, access, modify),
    space: () => lower.space?.() ?? { total: 0, free: 0 },
  };
}

function mergedEntries(upper: FileSystem, lower: FileSystem, path: string) {
  const below = lower.entries(path);
  const status = upper.status(path);
  const above = typeof status === 'number' || !isType(status, FileType.Directory) ? -Errno.ENOENT : upper.entries(path);
  if (typeof above === 'number') return below;
  if (typeof below === 'number') return above;
  const names = new Set(above.map((entry) => entry.name));
  return [...above, ...below.filter((entry) => !names.has(entry.name))];
}
