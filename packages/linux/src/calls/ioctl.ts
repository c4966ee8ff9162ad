// ioctl(2): terminal attributes and size, FIONREAD and the flags every descriptor has (man 2 ioctl_tty).
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  type OpenDescription,
  oneOf,
  Socket,
  type Thread,
} from '@elf/kernel';
import { O } from '../abi/flags/file-flags.ts';
import { LoopControl, LoopDevice } from '../block-devices/loop-devices.ts';
import { BLOCK_REQUESTS, loopControlRequest, loopRequest } from '../block-devices/loop-requests.ts';
import { setAsync } from '../file-signals/file-async.ts';
import { describe } from '../files-at.ts';
import { INODE_FLAG_REQUESTS, inodeFlagRequest } from './inode-flags.ts';
import { NAMESPACE_REQUESTS, namespaceRequest } from '../namespaces/namespace-requests.ts';
import { Namespace } from '../namespaces/namespaces.ts';
import { SOCKET_REQUESTS, socketRequest } from '../sockets/socket-requests.ts';
import { TERMINAL_REQUESTS, terminalRequest } from '../terminals/terminal-requests.ts';

const REQUESTS = {
  ...TERMINAL_REQUESTS,
  ...BLOCK_REQUESTS,
  ...SOCKET_REQUESTS,
  ...INODE_FLAG_REQUESTS,
  ...NAMESPACE_REQUESTS,
  RNDGETENTCNT: 0x8004_5200,
  FICLONE: 0x4004_9409,
  FICLONERANGE: 0x4020_940d,
  FIONREAD: 0x541b,
  FIONBIO: 0x5421,
  FIOASYNC: 0x5452,
  FIONCLEX: 0x5450,
  FIOCLEX: 0x5451,
} as const;

/** /dev/random and /dev/urandom. */
const RANDOM_DEVICES: readonly number[] = [0x108, 0x109];
const ENTROPY_BITS = 256;

export const ioctl = defineSystemCall({
  name: 'ioctl',
  numbers: { 'x86-64': 16, i386: 54 },
  support: 'partial',
  note: 'Terminals, loop devices, sockets and interfaces, flags of files (kept by the machine), namespaces, FIONREAD, FIONBIO, FIOASYNC and close-on-exec; everything else is ENOTTY.',
  arguments: { fd: descriptor, request: oneOf(REQUESTS), argument: address },
  run: (task, { fd, request, argument }) => {
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    if (file.mode.pathOnly) return -Errno.EBADF;
    switch (request >>> 0) {
      case REQUESTS.FIOCLEX:
      case REQUESTS.FIONCLEX:
        task.process.descriptors.setCloseOnExec(fd, request === REQUESTS.FIOCLEX);
        return 0;
      case REQUESTS.FIONBIO: {
        const value = task.user.readU32(argument);
        if (value === undefined) return -Errno.EFAULT;
        file.mode.nonBlocking = value !== 0;
        return 0;
      }
      case REQUESTS.FS_IOC_GETFLAGS:
      case REQUESTS.FS_IOC_SETFLAGS:
      case REQUESTS.FS_IOC32_GETFLAGS:
      case REQUESTS.FS_IOC32_SETFLAGS:
        return inodeFlagRequest(task, file, request >>> 0, argument);
      case REQUESTS.FIOASYNC:
        return switchAsync(task, file, fd, argument);
      // No file system here shares blocks.
      case REQUESTS.FICLONE:
      case REQUESTS.FICLONERANGE:
        return -Errno.EOPNOTSUPP;
      case REQUESTS.RNDGETENTCNT: {
        const status = file.file.status();
        const isRandom = typeof status === 'object' && RANDOM_DEVICES.includes(status.specialDevice);
        // The pool is always full: /proc/sys/kernel/random/entropy_avail says the same.
        return isRandom ? (task.user.writeU32(argument, ENTROPY_BITS) ? 0 : -Errno.EFAULT) : -Errno.ENOTTY;
      }
      case REQUESTS.FIONREAD:
        return countReadable(task, file, argument);
      default: {
        const { control } = file.file;
        if (control instanceof LoopDevice) return loopRequest(task, control, request >>> 0, argument);
        if (control instanceof LoopControl) return loopControlRequest(control, request >>> 0, argument);
        const known =
          control instanceof Namespace ? namespaceRequest(task, control, request >>> 0, argument) : undefined;
        if (known !== undefined) return known;
        const answer = control instanceof Socket ? socketRequest(task, control, request >>> 0, argument) : undefined;
        if (answer !== undefined) return answer;
        return file.file.terminal === undefined
          ? -Errno.ENOTTY
          : terminalRequest(task, file, file.file.terminal, request >>> 0, argument);
      }
    }
  },
});

/** FIOASYNC: what F_SETFL does with O_ASYNC; a file that has nothing to tell refuses it (fs/ioctl.c, ioctl_fioasync). */
function switchAsync(task: Thread, file: OpenDescription, fd: number, argument: number): number {
  const value = task.user.readU32(argument);
  if (value === undefined) return -Errno.EFAULT;
  const flags = file.mode.otherFlags ?? 0;
  if ((value !== 0) === ((flags & O.ASYNC) !== 0)) return 0;
  if (file.file.changes === undefined) return -Errno.ENOTTY;
  file.mode.otherFlags = value !== 0 ? flags | O.ASYNC : flags & ~O.ASYNC;
  setAsync(task, file, fd, value !== 0);
  return 0;
}

function countReadable(task: Thread, file: OpenDescription, argument: number): number {
  let count = file.file.available?.();
  if (count === undefined) {
    const status = file.file.status();
    if (typeof status === 'number') return status;
    if (!file.file.isSeekable) return -Errno.ENOTTY;
    count = status.sizeInBytes;
  }
  const left = file.file.isSeekable ? Math.max(0, count - file.position) : count;
  return task.user.writeU32(argument, left) ? 0 : -Errno.EFAULT;
}
