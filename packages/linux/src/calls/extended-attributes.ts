// setxattr(2), getxattr(2), listxattr(2), removexattr(2) and their forms for links and descriptors.
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  type FileStatus,
  flagSet,
  path,
  size,
  type Thread,
  toBytes,
} from '@elf/kernel';
import {
  attributeNames,
  NAME_MAX,
  readAttribute,
  removeAttribute,
  SetFlag,
  VALUE_MAX,
  writeAttribute,
} from '../attribute-store.ts';
import { describe } from '../files-at.ts';

const note =
  'user, trusted and security attributes, kept by the machine while it runs: those of the host are not seen.';
const flags = flagSet({ XATTR_CREATE: SetFlag.Create, XATTR_REPLACE: SetFlag.Replace });
const shared = { support: 'partial', note } as const;
/** File systems that have none. */
const WITHOUT: readonly string[] = ['proc', 'sysfs', 'devpts', 'mqueue'];

/** A file that attributes are asked of. */
interface Subject {
  readonly status: FileStatus;
  readonly isReadOnly: boolean;
  /** Tells watchers of a change (IN_ATTRIB). */
  readonly changed: () => void;
}

function subjectAt({ kernel, process }: Thread, name: string, follow: boolean): Subject | number {
  const place = kernel.tree.resolve(process.viewpoint, name, follow);
  if (typeof place === 'number') return place;
  return place.status === undefined ? -Errno.ENOENT : subjectOf(kernel, place.path, place.status);
}

function subjectOfFile(task: Thread, fd: number): Subject | number {
  const file = describe(task, fd);
  if (typeof file === 'number') return file;
  if (file.mode.pathOnly) return -Errno.EBADF;
  const status = file.file.status();
  if (typeof status === 'number') return status;
  return file.path === undefined ? -Errno.EOPNOTSUPP : subjectOf(task.kernel, file.path, status);
}

function subjectOf({ tree }: Thread['kernel'], at: string, status: FileStatus): Subject | number {
  const mount = tree.mounts.locate(at)?.mount;
  if (mount === undefined || WITHOUT.includes(mount.type)) return -Errno.EOPNOTSUPP;
  const changed = () => tree.events.emit('attributes', at, status);
  return { status, isReadOnly: mount.fileSystem.isReadOnly, changed };
}

function read(
  task: Thread,
  subject: Subject | number,
  values: { name: string; value: number; length: number },
): number {
  if (typeof subject === 'number') return subject;
  if (values.name === '' || values.name.length > NAME_MAX) return -Errno.ERANGE;
  const found = readAttribute(task.process, task.kernel, subject.status, values.name);
  return typeof found === 'number' ? found : give(task, found, values.value, values.length);
}

interface Setting {
  readonly name: string;
  readonly value: number;
  readonly length: number;
  readonly flags: number;
}

function write(task: Thread, subject: Subject | number, { name, value, length, flags }: Setting): number {
  if (typeof subject === 'number') return subject;
  if ((flags & ~(SetFlag.Create | SetFlag.Replace)) !== 0) return -Errno.EINVAL;
  if (name === '' || name.length > NAME_MAX) return -Errno.ERANGE;
  if (length > VALUE_MAX) return -Errno.E2BIG;
  const bytes = task.user.read(value, length);
  if (bytes === undefined) return -Errno.EFAULT;
  if (subject.isReadOnly) return -Errno.EROFS;
  return told(subject, writeAttribute(task.process, task.kernel, subject.status, name, bytes, flags));
}

function list(task: Thread, subject: Subject | number, values: { list: number; length: number }): number {
  // A file that can have none has none (fs/xattr.c, vfs_listxattr).
  if (subject === -Errno.EOPNOTSUPP) return 0;
  if (typeof subject === 'number') return subject;
  const names = attributeNames(task.process, task.kernel, subject.status);
  return typeof names === 'number' ? names : give(task, toBytes(names), values.list, values.length);
}

function remove(task: Thread, subject: Subject | number, name: string): number {
  if (typeof subject === 'number') return subject;
  if (name === '' || name.length > NAME_MAX) return -Errno.ERANGE;
  if (subject.isReadOnly) return -Errno.EROFS;
  return told(subject, removeAttribute(task.process, task.kernel, subject.status, name));
}

function told({ changed }: Subject, result: number): number {
  if (result === 0) changed();
  return result;
}

/** Length 0 asks how many bytes there are. */
function give({ user }: Thread, bytes: Uint8Array, at: number, length: number): number {
  if (length === 0) return bytes.length;
  if (bytes.length > length) return -Errno.ERANGE;
  return user.write(at, bytes) ? bytes.length : -Errno.EFAULT;
}

export const setxattr = defineSystemCall({
  ...shared,
  name: 'setxattr',
  numbers: { 'x86-64': 188, i386: 226 },
  arguments: { path, name: path, value: address, length: size, flags },
  run: (task, values) => write(task, subjectAt(task, values.path, true), values),
});

export const lsetxattr = defineSystemCall({
  ...shared,
  name: 'lsetxattr',
  numbers: { 'x86-64': 189, i386: 227 },
  arguments: { path, name: path, value: address, length: size, flags },
  run: (task, values) => write(task, subjectAt(task, values.path, false), values),
});

export const fsetxattr = defineSystemCall({
  ...shared,
  name: 'fsetxattr',
  numbers: { 'x86-64': 190, i386: 228 },
  arguments: { fd: descriptor, name: path, value: address, length: size, flags },
  run: (task, values) => write(task, subjectOfFile(task, values.fd), values),
});

export const getxattr = defineSystemCall({
  ...shared,
  name: 'getxattr',
  numbers: { 'x86-64': 191, i386: 229 },
  arguments: { path, name: path, value: address, length: size },
  run: (task, values) => read(task, subjectAt(task, values.path, true), values),
});

export const lgetxattr = defineSystemCall({
  ...shared,
  name: 'lgetxattr',
  numbers: { 'x86-64': 192, i386: 230 },
  arguments: { path, name: path, value: address, length: size },
  run: (task, values) => read(task, subjectAt(task, values.path, false), values),
});

export const fgetxattr = defineSystemCall({
  ...shared,
  name: 'fgetxattr',
  numbers: { 'x86-64': 193, i386: 231 },
  arguments: { fd: descriptor, name: path, value: address, length: size },
  run: (task, values) => read(task, subjectOfFile(task, values.fd), values),
});

export const listxattr = defineSystemCall({
  ...shared,
  name: 'listxattr',
  numbers: { 'x86-64': 194, i386: 232 },
  arguments: { path, list: address, length: size },
  run: (task, values) => list(task, subjectAt(task, values.path, true), values),
});

export const llistxattr = defineSystemCall({
  ...shared,
  name: 'llistxattr',
  numbers: { 'x86-64': 195, i386: 233 },
  arguments: { path, list: address, length: size },
  run: (task, values) => list(task, subjectAt(task, values.path, false), values),
});

export const flistxattr = defineSystemCall({
  ...shared,
  name: 'flistxattr',
  numbers: { 'x86-64': 196, i386: 234 },
  arguments: { fd: descriptor, list: address, length: size },
  run: (task, values) => list(task, subjectOfFile(task, values.fd), values),
});

export const removexattr = defineSystemCall({
  ...shared,
  name: 'removexattr',
  numbers: { 'x86-64': 197, i386: 235 },
  arguments: { path, name: path },
  run: (task, values) => remove(task, subjectAt(task, values.path, true), values.name),
});

export const lremovexattr = defineSystemCall({
  ...shared,
  name: 'lremovexattr',
  numbers: { 'x86-64': 198, i386: 236 },
  arguments: { path, name: path },
  run: (task, values) => remove(task, subjectAt(task, values.path, false), values.name),
});

export const fremovexattr = defineSystemCall({
  ...shared,
  name: 'fremovexattr',
  numbers: { 'x86-64': 199, i386: 237 },
  arguments: { fd: descriptor, name: path },
  run: (task, values) => remove(task, subjectOfFile(task, values.fd), values.name),
});
