// getxattr(2), setxattr(2), listxattr(2), removexattr(2) and their l and f forms (fs/xattr.c; man 7 xattr).
import {
  AccessRight,
  address,
  defineSystemCall,
  descriptor,
  Errno,
  type FileStatus,
  FileType,
  flagSet,
  isType,
  path,
  permits,
  size,
  type Thread,
  toBytes,
} from '@elf/kernel';
import { attributeKey, attributeStore, LARGEST_VALUE_BYTES, LONGEST_NAME } from '../attribute-store.ts';
import { describe } from '../files-at.ts';

const note =
  'user. and trusted. are kept by inode for the life of the machine, those of the host are neither shown nor changed; other names are EOPNOTSUPP.';
const shared = { support: 'partial', note } as const;
const FLAGS = { XATTR_CREATE: 1, XATTR_REPLACE: 2 } as const;
const STICKY = 0o1000;
/** The kind of a name before its first dot, where it is one that we keep. */
const KEPT = /^(user|trusted)\./;

/** A file whose attributes are asked for. */
interface Subject {
  readonly status: FileStatus;
  readonly isReadOnly: boolean;
  /** Tells watchers of a change. */
  readonly changed: () => void;
}

function byPath(task: Thread, name: string, follow: boolean): Subject | number {
  const { tree } = task.kernel;
  const place = tree.resolve(task.process.viewpoint, name, follow);
  if (typeof place === 'number') return place;
  return place.status === undefined ? -Errno.ENOENT : subject(task, place.path, place.status);
}

function byDescriptor(task: Thread, fd: number): Subject | number {
  const description = describe(task, fd);
  if (typeof description === 'number') return description;
  if (description.mode.pathOnly) return -Errno.EBADF;
  const status = description.file.status();
  if (typeof status === 'number') return status;
  return description.path === undefined ? -Errno.EOPNOTSUPP : subject(task, description.path, status);
}

function subject(task: Thread, at: string, status: FileStatus): Subject | number {
  const { tree } = task.kernel;
  const mount = tree.mounts.locate(at)?.mount;
  if (mount === undefined || mount.type === 'proc') return -Errno.EOPNOTSUPP;
  const changed = () => tree.events.emit('attributes', at, status);
  return { status, isReadOnly: mount.fileSystem.isReadOnly, changed };
}

/** Whether a caller may read or change an attribute of this name (fs/xattr.c, xattr_permission). */
function judge(task: Thread, { status, isReadOnly }: Subject, name: string, writes: boolean): number {
  if (writes && isReadOnly) return -Errno.EROFS;
  const kind = KEPT.exec(name)?.[1];
  if (kind === undefined) return -Errno.EOPNOTSUPP;
  const who = task.process.fileIdentity;
  const refusal = writes ? -Errno.EPERM : -Errno.ENODATA;
  if (kind === 'trusted') return who.user === 0 ? 0 : refusal;
  if (!isType(status, FileType.Regular) && !isType(status, FileType.Directory)) return refusal;
  const isSticky = isType(status, FileType.Directory) && (status.mode & STICKY) !== 0;
  if (writes && isSticky && who.user !== 0 && who.user !== status.user) return -Errno.EPERM;
  return permits(status, who, writes ? AccessRight.Write : AccessRight.Read) ? 0 : -Errno.EACCES;
}

/** A name as the kernel takes it from the program: ERANGE when it is empty or too long. */
function judgeName(name: string): number {
  return name === '' || name.length > LONGEST_NAME ? -Errno.ERANGE : 0;
}

interface Buffer {
  readonly address: number;
  readonly length: number;
}

/** Stores bytes as far as a caller has room; length 0 asks how many there are. */
function answer(task: Thread, bytes: Uint8Array, { address: at, length }: Buffer): number {
  if (length === 0) return bytes.length;
  if (length < bytes.length) return -Errno.ERANGE;
  return task.user.write(at, bytes) ? bytes.length : -Errno.EFAULT;
}

function read(task: Thread, file: Subject | number, name: string, buffer: Buffer): number {
  const bad = judgeName(name);
  if (bad < 0) return bad;
  if (typeof file === 'number') return file;
  const refusal = judge(task, file, name, false);
  if (refusal < 0) return refusal;
  const value = attributeStore(task.kernel).get(attributeKey(file.status), name);
  return value === undefined ? -Errno.ENODATA : answer(task, value, buffer);
}

function change(task: Thread, find: () => Subject | number, name: string, buffer: Buffer, flags: number): number {
  if ((flags & ~3) !== 0) return -Errno.EINVAL;
  const bad = judgeName(name);
  if (bad < 0) return bad;
  if (buffer.length > LARGEST_VALUE_BYTES) return -Errno.E2BIG;
  const value = buffer.length === 0 ? new Uint8Array(0) : task.user.read(buffer.address, buffer.length);
  if (value === undefined) return -Errno.EFAULT;
  const file = find();
  if (typeof file === 'number') return file;
  const refusal = judge(task, file, name, true);
  if (refusal < 0) return refusal;
  // A kind without a name behind it.
  if (name.endsWith('.') && KEPT.exec(name)?.[0] === name) return -Errno.EINVAL;
  const result = attributeStore(task.kernel).set(attributeKey(file.status), name, value.slice(), flags);
  if (result === 0) file.changed();
  return result;
}

function list(task: Thread, file: Subject | number, buffer: Buffer): number {
  if (typeof file === 'number') return file === -Errno.EOPNOTSUPP ? 0 : file;
  const isPrivileged = task.process.credentials.effectiveUser === 0;
  const names = attributeStore(task.kernel).names(attributeKey(file.status));
  const shown = names.filter((name) => isPrivileged || !name.startsWith('trusted.'));
  return answer(task, toBytes(shown.map((name) => `${name}\0`).join('')), buffer);
}

function remove(task: Thread, find: () => Subject | number, name: string): number {
  const bad = judgeName(name);
  if (bad < 0) return bad;
  const file = find();
  if (typeof file === 'number') return file;
  const refusal = judge(task, file, name, true);
  if (refusal < 0) return refusal;
  const result = attributeStore(task.kernel).remove(attributeKey(file.status), name);
  if (result === 0) file.changed();
  return result;
}

const value = { value: address, length: size };
const named = { path, name: path };
const ofDescriptor = { fd: descriptor, name: path };
const flags = flagSet(FLAGS);
const bufferOf = (values: { readonly value: number; readonly length: number }) => ({
  address: values.value,
  length: values.length,
});

export const setxattr = defineSystemCall({
  ...shared,
  name: 'setxattr',
  numbers: { 'x86-64': 188, i386: 226 },
  arguments: { ...named, ...value, flags },
  run: (task, values) =>
    change(task, () => byPath(task, values.path, true), values.name, bufferOf(values), values.flags),
});

export const lsetxattr = defineSystemCall({
  ...shared,
  name: 'lsetxattr',
  numbers: { 'x86-64': 189, i386: 227 },
  arguments: { ...named, ...value, flags },
  run: (task, values) =>
    change(task, () => byPath(task, values.path, false), values.name, bufferOf(values), values.flags),
});

export const fsetxattr = defineSystemCall({
  ...shared,
  name: 'fsetxattr',
  numbers: { 'x86-64': 190, i386: 228 },
  arguments: { ...ofDescriptor, ...value, flags },
  run: (task, values) => change(task, () => byDescriptor(task, values.fd), values.name, bufferOf(values), values.flags),
});

export const getxattr = defineSystemCall({
  ...shared,
  name: 'getxattr',
  numbers: { 'x86-64': 191, i386: 229 },
  arguments: { ...named, ...value },
  run: (task, values) => read(task, byPath(task, values.path, true), values.name, bufferOf(values)),
});

export const lgetxattr = defineSystemCall({
  ...shared,
  name: 'lgetxattr',
  numbers: { 'x86-64': 192, i386: 230 },
  arguments: { ...named, ...value },
  run: (task, values) => read(task, byPath(task, values.path, false), values.name, bufferOf(values)),
});

export const fgetxattr = defineSystemCall({
  ...shared,
  name: 'fgetxattr',
  numbers: { 'x86-64': 193, i386: 231 },
  arguments: { ...ofDescriptor, ...value },
  run: (task, values) => read(task, byDescriptor(task, values.fd), values.name, bufferOf(values)),
});

export const listxattr = defineSystemCall({
  ...shared,
  name: 'listxattr',
  numbers: { 'x86-64': 194, i386: 232 },
  arguments: { path, ...value },
  run: (task, values) => list(task, byPath(task, values.path, true), bufferOf(values)),
});

export const llistxattr = defineSystemCall({
  ...shared,
  name: 'llistxattr',
  numbers: { 'x86-64': 195, i386: 233 },
  arguments: { path, ...value },
  run: (task, values) => list(task, byPath(task, values.path, false), bufferOf(values)),
});

export const flistxattr = defineSystemCall({
  ...shared,
  name: 'flistxattr',
  numbers: { 'x86-64': 196, i386: 234 },
  arguments: { fd: descriptor, ...value },
  run: (task, values) => list(task, byDescriptor(task, values.fd), bufferOf(values)),
});

export const removexattr = defineSystemCall({
  ...shared,
  name: 'removexattr',
  numbers: { 'x86-64': 197, i386: 235 },
  arguments: named,
  run: (task, values) => remove(task, () => byPath(task, values.path, true), values.name),
});

export const lremovexattr = defineSystemCall({
  ...shared,
  name: 'lremovexattr',
  numbers: { 'x86-64': 198, i386: 236 },
  arguments: named,
  run: (task, values) => remove(task, () => byPath(task, values.path, false), values.name),
});

export const fremovexattr = defineSystemCall({
  ...shared,
  name: 'fremovexattr',
  numbers: { 'x86-64': 199, i386: 237 },
  arguments: ofDescriptor,
  run: (task, values) => remove(task, () => byDescriptor(task, values.fd), values.name),
});
