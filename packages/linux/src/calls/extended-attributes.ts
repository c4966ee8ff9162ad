// Extended attribute calls: no file system here has them, which Linux answers with EOPNOTSUPP after the usual checks (man 7 xattr).
import { address, defineSystemCall, descriptor, Errno, path, size, type Thread } from '@elf/kernel';
import { describe } from '../files-at.ts';

const note = 'No file has extended attributes: EOPNOTSUPP.';
const shared = { support: 'partial', note } as const;

/** Follows a final link or not; the file must exist. */
function unsupported(task: Thread, name: string, follow: boolean): number {
  const status = task.kernel.tree.status(task.process.viewpoint, name, follow);
  return typeof status === 'number' ? status : -Errno.EOPNOTSUPP;
}

function unsupportedFile(task: Thread, fd: number): number {
  const file = describe(task, fd);
  return typeof file === 'number' ? file : -Errno.EOPNOTSUPP;
}

export const getxattr = defineSystemCall({
  ...shared,
  name: 'getxattr',
  numbers: { 'x86-64': 191, i386: 229 },
  arguments: { path, name: path, value: address, length: size },
  run: (task, values) => unsupported(task, values.path, true),
});

export const lgetxattr = defineSystemCall({
  ...shared,
  name: 'lgetxattr',
  numbers: { 'x86-64': 192, i386: 230 },
  arguments: { path, name: path, value: address, length: size },
  run: (task, values) => unsupported(task, values.path, false),
});

export const fgetxattr = defineSystemCall({
  ...shared,
  name: 'fgetxattr',
  numbers: { 'x86-64': 193, i386: 231 },
  arguments: { fd: descriptor, name: path, value: address, length: size },
  run: (task, values) => unsupportedFile(task, values.fd),
});

export const setxattr = defineSystemCall({
  ...shared,
  name: 'setxattr',
  numbers: { 'x86-64': 188, i386: 226 },
  arguments: { path, name: path, value: address, length: size },
  run: (task, values) => unsupported(task, values.path, true),
});

export const fsetxattr = defineSystemCall({
  ...shared,
  name: 'fsetxattr',
  numbers: { 'x86-64': 190, i386: 228 },
  arguments: { fd: descriptor, name: path, value: address, length: size },
  run: (task, values) => unsupportedFile(task, values.fd),
});

export const listxattr = defineSystemCall({
  ...shared,
  name: 'listxattr',
  numbers: { 'x86-64': 194, i386: 232 },
  arguments: { path, list: address, length: size },
  run: (task, values) => unsupported(task, values.path, true),
});

export const llistxattr = defineSystemCall({
  ...shared,
  name: 'llistxattr',
  numbers: { 'x86-64': 195, i386: 233 },
  arguments: { path, list: address, length: size },
  run: (task, values) => unsupported(task, values.path, false),
});

export const flistxattr = defineSystemCall({
  ...shared,
  name: 'flistxattr',
  numbers: { 'x86-64': 196, i386: 234 },
  arguments: { fd: descriptor, list: address, length: size },
  run: (task, values) => unsupportedFile(task, values.fd),
});

export const lsetxattr = defineSystemCall({
  ...shared,
  name: 'lsetxattr',
  numbers: { 'x86-64': 189, i386: 227 },
  arguments: { path, name: path, value: address, length: size },
  run: (task, values) => unsupported(task, values.path, false),
});

export const removexattr = defineSystemCall({
  ...shared,
  name: 'removexattr',
  numbers: { 'x86-64': 197, i386: 235 },
  arguments: { path, name: path },
  run: (task, values) => unsupported(task, values.path, true),
});

export const lremovexattr = defineSystemCall({
  ...shared,
  name: 'lremovexattr',
  numbers: { 'x86-64': 198, i386: 236 },
  arguments: { path, name: path },
  run: (task, values) => unsupported(task, values.path, false),
});

export const fremovexattr = defineSystemCall({
  ...shared,
  name: 'fremovexattr',
  numbers: { 'x86-64': 199, i386: 237 },
  arguments: { fd: descriptor, name: path },
  run: (task, values) => unsupportedFile(task, values.fd),
});
