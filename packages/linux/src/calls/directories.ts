// getdents64(2), getcwd(2), chdir(2) and relatives, readlink(2).
import {
  bytesOut,
  defineSystemCall,
  descriptor,
  Errno,
  FileType,
  type GuestBuffer,
  isType,
  path,
  pathWithin,
  size,
  type Thread,
  toBytes,
} from '@elf/kernel';
import { AT } from '../abi/flags/file-flags.ts';
import { judgeEntering } from '../file-rights.ts';
import { describe, viewpointAt } from '../files-at.ts';

/** d_ino, d_off, d_reclen, d_type before the name (include/linux/dirent.h). */
const ENTRY_HEADER_BYTES = 19;
const OLD_HEADER_BYTES = 18;

/** Offsets are indices into a snapshot taken at the first call, which survives changes in between. */
export const getdents64 = defineSystemCall({
  name: 'getdents64',
  numbers: { 'x86-64': 217, i386: 220 },
  support: 'full',
  arguments: { fd: descriptor, buffer: bytesOut('count'), count: size },
  run: (task, { fd, buffer }) => listEntries(task, fd, buffer, false),
});

/** The older form has the type in its last byte. */
export const getdents = defineSystemCall({
  name: 'getdents',
  numbers: { 'x86-64': 78 },
  support: 'full',
  arguments: { fd: descriptor, buffer: bytesOut('count'), count: size },
  run: (task, { fd, buffer }) => listEntries(task, fd, buffer, true),
});

export const getcwd = defineSystemCall({
  name: 'getcwd',
  numbers: { 'x86-64': 79, i386: 183 },
  support: 'full',
  arguments: { buffer: bytesOut('count'), count: size },
  run: (task, { buffer }) => {
    const { place } = task.process;
    if (typeof task.kernel.tree.mounts.status(place.workingDirectory) === 'number') return -Errno.ENOENT;
    const bytes = toBytes(`${pathWithin(place.root, place.workingDirectory)}\0`);
    if (bytes.length > buffer.length) return -Errno.ERANGE;
    return buffer.copyOut(bytes) ? bytes.length : -Errno.EFAULT;
  },
});

export const chdir = defineSystemCall({
  name: 'chdir',
  numbers: { 'x86-64': 80, i386: 12 },
  support: 'full',
  arguments: { path },
  run: (task, values) => {
    const place = task.kernel.tree.resolve(task.process.viewpoint, values.path, true);
    if (typeof place === 'number') return place;
    if (place.status === undefined) return -Errno.ENOENT;
    const refusal = judgeEntering(task, place.path, place.status);
    if (refusal < 0) return refusal;
    task.process.place.workingDirectory = place.path;
    return 0;
  },
});

export const fchdir = defineSystemCall({
  name: 'fchdir',
  numbers: { 'x86-64': 81, i386: 133 },
  support: 'full',
  arguments: { fd: descriptor },
  run: (task, { fd }) => {
    const directory = describe(task, fd);
    if (typeof directory === 'number') return directory;
    const status = directory.file.status();
    if (typeof status === 'number') return status;
    if (directory.path === undefined) return -Errno.ENOTDIR;
    const refusal = judgeEntering(task, directory.path, status);
    if (refusal < 0) return refusal;
    task.process.place.workingDirectory = directory.path;
    return 0;
  },
});

export const chroot = defineSystemCall({
  name: 'chroot',
  numbers: { 'x86-64': 161, i386: 61 },
  support: 'full',
  arguments: { path },
  run: (task, values) => {
    const place = task.kernel.tree.resolve(task.process.viewpoint, values.path, true);
    if (typeof place === 'number') return place;
    if (place.status === undefined) return -Errno.ENOENT;
    const refusal = judgeEntering(task, place.path, place.status);
    if (refusal < 0) return refusal;
    if (task.process.credentials.effectiveUser !== 0) return -Errno.EPERM;
    task.process.place.root = place.path;
    return 0;
  },
});

export const readlink = defineSystemCall({
  name: 'readlink',
  numbers: { 'x86-64': 89, i386: 85 },
  support: 'full',
  arguments: { path, buffer: bytesOut('count'), count: size },
  run: (task, { path: name, buffer }) => readLink(task, AT.FDCWD, name, buffer),
});

export const readlinkat = defineSystemCall({
  name: 'readlinkat',
  numbers: { 'x86-64': 267, i386: 305 },
  support: 'full',
  arguments: { directory: descriptor, path, buffer: bytesOut('count'), count: size },
  run: (task, { directory, path: name, buffer }) => readLink(task, directory, name, buffer),
});

function readLink(task: Thread, directory: number, name: string, buffer: GuestBuffer): number {
  if (buffer.length === 0) return -Errno.EINVAL;
  // An empty path is the link that an O_PATH descriptor stands for (man 2 readlinkat).
  const held = name === '' ? task.process.descriptors.get(directory) : undefined;
  const { viewpoint } = task.process;
  const from = held?.path === undefined ? viewpointAt(task, directory, name) : viewpoint;
  if (typeof from === 'number') return from;
  const place = task.kernel.tree.resolve(
    held?.path === undefined ? from : { ...from, root: '/' },
    held?.path ?? name,
    false,
  );
  if (typeof place === 'number') return place;
  if (place.status === undefined) return -Errno.ENOENT;
  if (!isType(place.status, FileType.SymbolicLink)) return held?.path === undefined ? -Errno.EINVAL : -Errno.ENOENT;
  const target = task.kernel.tree.mounts.readLink(place.path);
  if (typeof target === 'number') return target;
  const bytes = toBytes(target).subarray(0, buffer.length);
  return buffer.copyOut(bytes) ? bytes.length : -Errno.EFAULT;
}

function listEntries(task: Thread, fd: number, buffer: GuestBuffer, isOld: boolean): number {
  const directory = describe(task, fd);
  if (typeof directory === 'number') return directory;
  if (directory.file.entries === undefined) return -Errno.ENOTDIR;
  if (directory.listing === undefined) {
    // One that was removed has no entries, not even dots (fs/readdir.c, iterate_dir).
    const place = directory.path === undefined ? 0 : task.kernel.tree.mounts.status(directory.path);
    if (typeof place === 'number' && place < 0) return place;
    const entries = directory.file.entries();
    if (typeof entries === 'number') return entries;
    const own = directory.file.status();
    const inode = typeof own === 'number' ? 1 : own.inode;
    const above =
      directory.path === undefined
        ? own
        : task.kernel.tree.status(task.process.viewpoint, `${directory.path}/..`, true);
    const dot = { name: '.', inode, type: FileType.Directory };
    directory.listing = [
      dot,
      { ...dot, name: '..', inode: typeof above === 'number' ? inode : above.inode },
      ...entries,
    ];
  }
  const { listing } = directory;
  const header = isOld ? OLD_HEADER_BYTES : ENTRY_HEADER_BYTES;
  const parts = new Uint8Array(Math.min(buffer.length, 1 << 20));
  const view = new DataView(parts.buffer);
  let used = 0;
  let index = directory.position;
  for (; index < listing.length; index++) {
    const entry = listing[index];
    const length = Math.ceil((header + entry.name.length + (isOld ? 2 : 1)) / 8) * 8;
    if (used + length > parts.length) break;
    view.setBigUint64(used, BigInt(entry.inode), true);
    view.setBigUint64(used + 8, BigInt(index + 1), true);
    view.setUint16(used + 16, length, true);
    view.setUint8(isOld ? used + length - 1 : used + 18, entry.type >>> 12);
    parts.set(toBytes(entry.name), used + header);
    used += length;
  }
  if (used === 0 && index < listing.length) return -Errno.EINVAL;
  if (!buffer.copyOut(parts.subarray(0, used))) return -Errno.EFAULT;
  directory.position = index;
  return used;
}
