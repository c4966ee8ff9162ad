// mknod(2), mknodat(2): FIFOs, regular files and device nodes.
import { defineSystemCall, descriptor, Errno, FileType, path, permissions, type Thread, unsigned } from '@elf/kernel';
import { AT } from '../abi/flags/file-flags.ts';
import { masked, withPath } from '../files-at.ts';

export const mknod = defineSystemCall({
  name: 'mknod',
  numbers: { 'x86-64': 133, i386: 14 },
  support: 'partial',
  note: 'Device nodes need a file system that can hold them; sockets are made by bind.',
  arguments: { path, mode: permissions, device: unsigned },
  run: (task, values) => makeNode(task, AT.FDCWD, values.path, values.mode, values.device),
});

export const mknodat = defineSystemCall({
  name: 'mknodat',
  numbers: { 'x86-64': 259, i386: 297 },
  support: 'partial',
  note: 'Device nodes need a file system that can hold them; sockets are made by bind.',
  arguments: { directory: descriptor, path, mode: permissions, device: unsigned },
  run: (task, values) => makeNode(task, values.directory, values.path, values.mode, values.device),
});

/** fs/namei.c, do_mknodat: directories are mkdir's, devices need a privilege, other type bits are a mistake. */
function makeNode(task: Thread, directory: number, name: string, mode: number, device: number): number {
  const type = mode & FileType.Mask || FileType.Regular;
  if (type === FileType.Directory) return -Errno.EPERM;
  if (type === FileType.Mask || !Object.values(FileType).includes(type as never) || type === FileType.SymbolicLink)
    return -Errno.EINVAL;
  const isDevice = type === FileType.Character || type === FileType.Block;
  if (isDevice && task.process.credentials.effectiveUser !== 0) return -Errno.EPERM;
  return withPath(task, directory, name, (from) =>
    task.kernel.tree.create(
      from,
      name,
      false,
      (files, at) => files.makeNode(at, type | masked(task, mode), device),
      mode,
    ),
  );
}
