// truncate(2), ftruncate(2).
import { defineSystemCall, descriptor, Errno, offset, path } from '@elf/kernel';
import { afterLeases, leasedFile } from '../file-signals/leases.ts';
import { judgeFileSize } from '../file-size-limit.ts';
import { describe } from '../files-at.ts';
import { announce } from '../transfer.ts';

export const truncate = defineSystemCall({
  name: 'truncate',
  numbers: { 'x86-64': 76, i386: 92 },
  support: 'full',
  arguments: { path, length: offset },
  run: (task, values) => {
    if (values.length < 0) return -Errno.EINVAL;
    const limited = judgeFileSize(task, values.length);
    if (limited < 0) return limited;
    const { viewpoint } = task.process;
    const leased = leasedFile(task, viewpoint, values.path);
    return afterLeases(task, leased, { writes: true, nonBlocking: false }, () =>
      task.kernel.tree.truncate(viewpoint, values.path, values.length),
    );
  },
});

export const ftruncate = defineSystemCall({
  name: 'ftruncate',
  numbers: { 'x86-64': 77, i386: 93 },
  support: 'full',
  arguments: { fd: descriptor, length: offset },
  run: (task, values) => {
    const file = describe(task, values.fd);
    if (typeof file === 'number') return file;
    if (values.length < 0 || !file.mode.writable) return -Errno.EINVAL;
    const limited = judgeFileSize(task, values.length);
    if (limited < 0) return limited;
    const result = file.file.truncate?.(values.length) ?? -Errno.EINVAL;
    if (result >= 0) announce(task, file, 'modified');
    return result;
  },
});
