// unshare(2), setns(2): what a thread stops sharing, and namespaces it goes into.
import { defineSystemCall, descriptor, Errno, hexadecimal } from '@elf/kernel';
import { describe } from '../files-at.ts';
import { settingOf } from '../proc/system-settings.ts';
import { enterNamespace, judgeNewNamespaces, kindsOf, makeNamespaces, NAMESPACE_FLAGS } from '../namespaces/enter.ts';
import { Namespace, NAMESPACE_KINDS, namespacesOfProcess } from '../namespaces/namespaces.ts';
import { isProcessDescriptor, processOf } from './process-descriptors.ts';

const CLONE_FS = 0x200;
const CLONE_FILES = 0x400;
const { flag: CLONE_NEWNS } = NAMESPACE_KINDS.mnt;
/** CLONE_VM, CLONE_SIGHAND and CLONE_THREAD. */
const OF_THREADS = 0x1_0900;
/** CLONE_VM, _FS, _FILES, _SIGHAND, _THREAD and _SYSVSEM. */
const KNOWN_SHARES = 0x0005_0f00;

export const unshare = defineSystemCall({
  name: 'unshare',
  numbers: { 'x86-64': 272, i386: 310 },
  support: 'partial',
  note: 'Namespaces of UTS, IPC, mounts, time and control groups; those of users, processes and networks are EPERM. Threads of a process keep one table of descriptors and one working directory.',
  arguments: { flags: hexadecimal },
  run: (task, { flags }) => {
    if (flags > 0xffff_ffff || (flags & ~(KNOWN_SHARES | NAMESPACE_FLAGS)) !== 0) return -Errno.EINVAL;
    const refusal = judgeNewNamespaces(task, flags);
    if (refusal < 0) return refusal;
    const { process } = task;
    const isAlone = process.threads.size === 1;
    // Memory and handlers stay shared with whom they are shared with: only a single thread may pretend otherwise.
    if ((flags & OF_THREADS) !== 0 && !isAlone) return -Errno.EINVAL;
    if ((flags & CLONE_FILES) !== 0 && isAlone) {
      const [most] = settingOf(task.kernel, 'fs/nr_open');
      // fs/file.c, dup_fd: the copy is a new table, and none is larger than the system allows.
      if (process.descriptors.isShared && (process.descriptors.numbers().at(-1) ?? 0) >= most) return -Errno.EMFILE;
      process.descriptors = process.descriptors.unshare();
    }
    // A mount namespace of one's own takes a working directory of one's own.
    if ((flags & (CLONE_FS | CLONE_NEWNS)) !== 0 && isAlone) process.unsharePlace();
    makeNamespaces(task, flags);
    return 0;
  },
});

export const setns = defineSystemCall({
  name: 'setns',
  numbers: { 'x86-64': 308, i386: 346 },
  support: 'partial',
  note: 'Namespaces of UTS, IPC, mounts, time and control groups; of the other kinds there is one.',
  arguments: { fd: descriptor, flags: hexadecimal },
  run: (task, { fd, flags }) => {
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    const { control } = file.file;
    if (control instanceof Namespace) return enterNamespace(task, control, flags);
    if (!isProcessDescriptor(file)) return -Errno.EINVAL;
    const target = processOf(task, fd);
    if (flags === 0 || flags > 0xffff_ffff || (flags & ~NAMESPACE_FLAGS) !== 0) return -Errno.EINVAL;
    if (typeof target === 'number') return target;
    if (target.exitStatus !== undefined) return -Errno.ESRCH;
    const theirs = namespacesOfProcess(task.kernel, target);
    for (const kind of kindsOf(flags)) {
      const result = enterNamespace(task, theirs[kind], 0);
      if (result < 0) return result;
    }
    return 0;
  },
});
