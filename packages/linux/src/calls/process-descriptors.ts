// pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2): processes as descriptors.
import {
  address,
  anonymousFile,
  defineSystemCall,
  descriptor,
  Errno,
  flagSet,
  int,
  OpenDescription,
  Process,
  Readiness,
  type Thread,
  unsigned,
} from '@elf/kernel';
import { describe } from '../files-at.ts';
import { mayRequest } from '../signals/permission.ts';
import { sendToProcess } from '../signals/send-signal.ts';
import { LAST_SIGNAL, SignalCode } from '../signals/signal-table.ts';

const PIDFD_NONBLOCK = 0o4000;
const SIGINFO_BYTES = 128;

/** What a pidfd stands for. */
class ProcessControl {
  readonly process: Process;
  constructor(process: Process) {
    this.process = process;
  }
}

export const pidfdOpen = defineSystemCall({
  name: 'pidfd_open',
  numbers: { 'x86-64': 434, i386: 434 },
  support: 'full',
  arguments: { process: int, flags: flagSet({ PIDFD_NONBLOCK }) },
  run: (task, { process: id, flags }) => {
    if ((flags & ~PIDFD_NONBLOCK) !== 0 || id <= 0) return -Errno.EINVAL;
    const process = task.kernel.processes.get(id);
    // The id of a thread that is not the first names no process.
    if (process === undefined) return task.kernel.threads.has(id) ? -Errno.EINVAL : -Errno.ESRCH;
    return openProcess(task, process, flags !== 0);
  },
});

export const pidfdSendSignal = defineSystemCall({
  name: 'pidfd_send_signal',
  numbers: { 'x86-64': 424, i386: 424 },
  support: 'full',
  arguments: { fd: descriptor, signal: int, info: address, flags: unsigned },
  run: (task, { fd, signal, info, flags }) => {
    if (flags !== 0) return -Errno.EINVAL;
    const process = processNamed(task, fd);
    if (typeof process === 'number') return process;
    if (signal < 0 || signal > LAST_SIGNAL) return -Errno.EINVAL;
    let code: number = SignalCode.User;
    let value: bigint | undefined;
    if (info !== 0) {
      const bytes = task.user.read(info, SIGINFO_BYTES);
      if (bytes === undefined) return -Errno.EFAULT;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      if (view.getInt32(0, true) !== signal) return -Errno.EINVAL;
      code = view.getInt32(8, true);
      value = view.getBigUint64(24, true);
      // Only the kernel may speak as the kernel (kernel/signal.c).
      if (process !== task.process && (code >= 0 || code === SignalCode.ThreadKill)) return -Errno.EPERM;
    }
    if (task.kernel.processes.get(process.id) !== process) return -Errno.ESRCH;
    if (!mayRequest(task, process, signal)) return -Errno.EPERM;
    if (signal !== 0)
      sendToProcess(process, { signal, code, process: task.process.id, user: task.process.credentials.user, value });
    return 0;
  },
});

export const pidfdGetfd = defineSystemCall({
  name: 'pidfd_getfd',
  numbers: { 'x86-64': 438, i386: 438 },
  support: 'full',
  arguments: { fd: descriptor, target: int, flags: unsigned },
  run: (task, { fd, target, flags }) => {
    if (flags !== 0) return -Errno.EINVAL;
    const process = processOf(task, fd);
    if (typeof process === 'number') return process;
    if (process.exitStatus !== undefined) return -Errno.ESRCH;
    const { effectiveUser } = task.process.credentials;
    if (effectiveUser !== 0 && effectiveUser !== process.credentials.user) return -Errno.EPERM;
    const found = process.descriptors.get(target);
    return found === undefined ? -Errno.EBADF : task.process.descriptors.insert(found.retain(), true);
  },
});

/** A descriptor for a process: readable once it has ended. */
export function openProcess(task: Thread, process: Process, nonBlocking: boolean): number {
  const file = anonymousFile({
    name: 'anon_inode:[pidfd]',
    changes: process.spaceReleased,
    control: new ProcessControl(process),
    readiness: () => (process.exitStatus === undefined ? 0 : Readiness.Readable),
  });
  const mode = { readable: true, writable: true, append: false, nonBlocking };
  return task.process.descriptors.insert(new OpenDescription(file, mode), true);
}

/** The process behind a pidfd or an open directory /proc/PID. */
function processNamed(task: Thread, fd: number): Process | number {
  const description = describe(task, fd);
  if (typeof description === 'number') return description;
  const { control } = description.file;
  return control instanceof Process ? control : processOf(task, fd);
}

export function isProcessDescriptor({ file }: OpenDescription): boolean {
  return file.control instanceof ProcessControl;
}

/** The process behind a pidfd; -EBADF for any other descriptor. */
export function processOf(task: Thread, fd: number): Process | number {
  const file = describe(task, fd);
  if (typeof file === 'number') return file;
  return file.file.control instanceof ProcessControl ? file.file.control.process : -Errno.EBADF;
}
