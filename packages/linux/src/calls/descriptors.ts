// dup(2), fcntl(2), pipe(2), fsync(2), flock(2), fadvise(2): calls on descriptors.
import {
  createPipe,
  defineSystemCall,
  descriptor,
  Errno,
  flagSet,
  hexadecimal,
  int,
  OpenDescription,
  offset,
  oneOf,
  printFlags,
  type Thread,
} from '@elf/kernel';
import { FCNTL_NAMES, O } from '../abi/flags/file-flags.ts';
import { descriptorPair } from '../abi/trace-arguments.ts';
import { statusFlags } from '../descriptor-flags.ts';
import { notifyOf } from '../file-signals/directory-notices.ts';
import { setAsync } from '../file-signals/file-async.ts';
import { OwnerType, ownerOf, setOwner, setOwnerOfType, setOwnerSignal } from '../file-signals/file-owner.ts';
import { leaseType, setLease } from '../file-signals/leases.ts';
import { describe } from '../files-at.ts';
import { settingOf } from '../proc/system-settings.ts';
import { addSeals } from './file-seals.ts';
import { recordLock } from './locks.ts';
import { writeBackMappings } from './shared-mappings.ts';

export const dup = defineSystemCall({
  name: 'dup',
  numbers: { 'x86-64': 32, i386: 41 },
  support: 'full',
  arguments: { fd: descriptor },
  run: (task, { fd }) => {
    const file = describe(task, fd);
    return typeof file === 'number' ? file : task.process.descriptors.insert(file.retain());
  },
});

export const dup2 = defineSystemCall({
  name: 'dup2',
  numbers: { 'x86-64': 33, i386: 63 },
  support: 'full',
  arguments: { from: descriptor, to: descriptor },
  run: (task, { from, to }) => {
    const file = describe(task, from);
    if (typeof file === 'number') return file;
    return from === to ? to : task.process.descriptors.replace(to, file.retain());
  },
});

export const dup3 = defineSystemCall({
  name: 'dup3',
  numbers: { 'x86-64': 292, i386: 330 },
  support: 'full',
  arguments: { from: descriptor, to: descriptor, flags: flagSet({ O_CLOEXEC: O.CLOEXEC }) },
  run: (task, { from, to, flags }) => {
    if (from === to || (flags & ~O.CLOEXEC) !== 0) return -Errno.EINVAL;
    const file = describe(task, from);
    return typeof file === 'number' ? file : task.process.descriptors.replace(to, file.retain(), flags !== 0);
  },
});

export const pipe = defineSystemCall({
  name: 'pipe',
  numbers: { 'x86-64': 22, i386: 42 },
  support: 'full',
  arguments: { descriptors: descriptorPair },
  run: (task, { descriptors }) => makePipe(task, descriptors, 0),
});

export const pipe2 = defineSystemCall({
  name: 'pipe2',
  numbers: { 'x86-64': 293, i386: 331 },
  support: 'full',
  arguments: {
    descriptors: descriptorPair,
    flags: flagSet({ O_CLOEXEC: O.CLOEXEC, O_NONBLOCK: O.NONBLOCK, O_DIRECT: O.DIRECT }),
  },
  run: (task, { descriptors, flags }) => makePipe(task, descriptors, flags),
});

/** Of 64 bits, of which negative numbers keep their value (F_SETOWN of a group). */
const word: typeof hexadecimal = {
  ...hexadecimal,
  decode: (raw, index) => (raw.high[index] === -1 ? raw.low[index] : hexadecimal.decode(raw, index)),
  print: (value, call, index) => {
    const command = call.low[call.indexOf('command')];
    if (WITHOUT_ARGUMENT.includes(command)) return undefined;
    if (command === FCNTL_NAMES.F_SETFD) return value === 1 ? 'FD_CLOEXEC' : hexadecimal.print(value, call, index);
    if (command === FCNTL_NAMES.F_SETFL) return printFlags(value, SETTABLE_FLAGS, 'O_RDONLY');
    return command === FCNTL_NAMES.F_DUPFD || command === FCNTL_NAMES.F_DUPFD_CLOEXEC
      ? String(value)
      : hexadecimal.print(value, call, index);
  },
};
// biome-ignore format: a table
const WITHOUT_ARGUMENT: readonly number[] = [
  FCNTL_NAMES.F_GETFD, FCNTL_NAMES.F_GETFL, FCNTL_NAMES.F_GETOWN, FCNTL_NAMES.F_GETSIG, FCNTL_NAMES.F_GETLEASE, FCNTL_NAMES.F_GETPIPE_SZ, FCNTL_NAMES.F_GET_SEALS,
];
// biome-ignore format: a table
const SETTABLE_FLAGS = {
  O_WRONLY: 1, O_RDWR: 2, O_APPEND: O.APPEND, O_NONBLOCK: O.NONBLOCK, O_ASYNC: O.ASYNC, O_DIRECT: O.DIRECT, O_LARGEFILE: O.LARGEFILE,
};

export const fcntl = defineSystemCall({
  name: 'fcntl',
  numbers: { 'x86-64': 72, i386: 55 },
  support: 'partial',
  note: 'Other processes of the host do not see record locks and leases, and nothing of what they do is noticed.',
  arguments: { fd: descriptor, command: oneOf(FCNTL_NAMES), argument: word },
  run: (task, { fd, command, argument }) => {
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    const table = task.process.descriptors;
    switch (command) {
      case FCNTL_NAMES.F_DUPFD:
      case FCNTL_NAMES.F_DUPFD_CLOEXEC: {
        // An unsigned int (fs/fcntl.c, f_dupfd): there are no numbers below zero.
        const minimum = argument >>> 0;
        if (minimum >= table.limit) return -Errno.EINVAL;
        return table.insert(file.retain(), command === FCNTL_NAMES.F_DUPFD_CLOEXEC, minimum);
      }
      case FCNTL_NAMES.F_GETFD:
        return table.closesOnExec(fd) ? 1 : 0;
      case FCNTL_NAMES.F_SETFD:
        table.setCloseOnExec(fd, (argument & 1) !== 0);
        return 0;
      case FCNTL_NAMES.F_GETFL:
        return statusFlags(file);
      case FCNTL_NAMES.F_SETFL:
        file.mode.append = (argument & O.APPEND) !== 0;
        file.mode.nonBlocking = (argument & O.NONBLOCK) !== 0;
        keepPackets(file, (argument & O.DIRECT) !== 0);
        file.mode.otherFlags = ((file.mode.otherFlags ?? 0) & ~O.ASYNC) | (argument & O.ASYNC);
        setAsync(task, file, fd, (argument & O.ASYNC) !== 0);
        return 0;
      case FCNTL_NAMES.F_GETLK:
      case FCNTL_NAMES.F_OFD_GETLK:
      case FCNTL_NAMES.F_SETLK:
      case FCNTL_NAMES.F_SETLKW:
      case FCNTL_NAMES.F_OFD_SETLK:
      case FCNTL_NAMES.F_OFD_SETLKW:
        return recordLock(task, file, command, argument);
      case FCNTL_NAMES.F_SETLEASE:
        return setLease(task, file, fd, argument);
      case FCNTL_NAMES.F_GETLEASE:
        return leaseType(task, file);
      case FCNTL_NAMES.F_NOTIFY:
        return notifyOf(task, file, fd, argument);
      case FCNTL_NAMES.F_SETPIPE_SZ:
        return file.file.pipeCapacity?.resize(argument, settingOf(task.kernel, 'fs/pipe-max-size')[0]) ?? -Errno.EBADF;
      case FCNTL_NAMES.F_GETPIPE_SZ:
        return file.file.pipeCapacity?.bytes ?? -Errno.EBADF;
      case FCNTL_NAMES.F_ADD_SEALS:
        return addSeals(task, file, argument);
      case FCNTL_NAMES.F_GET_SEALS:
        return file.file.seals?.current ?? -Errno.EINVAL;
      default:
        return ownerCommand(task, file, command, argument);
    }
  },
});

/** The commands about who gets an open file's signals. */
function ownerCommand(task: Thread, file: OpenDescription, command: number, argument: number): number {
  const { user } = task;
  const { type, id, signal } = ownerOf(file);
  switch (command) {
    case FCNTL_NAMES.F_SETOWN:
      return setOwner(task, file, argument | 0);
    case FCNTL_NAMES.F_GETOWN:
      return type === OwnerType.Group ? -id : id;
    case FCNTL_NAMES.F_SETSIG:
      return setOwnerSignal(file, argument);
    case FCNTL_NAMES.F_GETSIG:
      return signal;
    case FCNTL_NAMES.F_SETOWN_EX: {
      const [kind, whom] = [user.readU32(argument), user.readU32(argument + 4)];
      return kind === undefined || whom === undefined ? -Errno.EFAULT : setOwnerOfType(task, file, kind, whom | 0);
    }
    case FCNTL_NAMES.F_GETOWN_EX:
      return user.writeU32(argument, type) && user.writeU32(argument + 4, id) ? 0 : -Errno.EFAULT;
    default:
      return -Errno.EINVAL;
  }
}

export const fsync = defineSystemCall({
  name: 'fsync',
  numbers: { 'x86-64': 74, i386: 118 },
  support: 'full',
  arguments: { fd: descriptor },
  run: (task, { fd }) => synchronize(task, fd),
});

export const fdatasync = defineSystemCall({
  name: 'fdatasync',
  numbers: { 'x86-64': 75, i386: 148 },
  support: 'full',
  arguments: { fd: descriptor },
  run: (task, { fd }) => synchronize(task, fd),
});

export const sync = defineSystemCall({
  name: 'sync',
  numbers: { 'x86-64': 162, i386: 36 },
  support: 'full',
  arguments: {},
  run: () => 0,
});

/** Advice about caching changes nothing a program can see. */
export const fadvise64 = defineSystemCall({
  name: 'fadvise64',
  numbers: { 'x86-64': 221 },
  support: 'full',
  arguments: { fd: descriptor, offset, length: offset, advice: int },
  run: (task, { fd, advice }) => {
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    if (!file.file.isSeekable) return -Errno.ESPIPE;
    return advice < 0 || advice > 5 ? -Errno.EINVAL : 0;
  },
});

function makePipe(task: Thread, at: number, flags: number): number {
  if ((flags & ~(O.CLOEXEC | O.NONBLOCK | O.DIRECT)) !== 0) return -Errno.EINVAL;
  const { reader, writer } = createPipe(
    task.kernel.nextInode(),
    () => task.host.clock.realtime(),
    task.kernel.memoryBudget,
  );
  const nonBlocking = (flags & O.NONBLOCK) !== 0;
  const closeOnExec = (flags & O.CLOEXEC) !== 0;
  const table = task.process.descriptors;
  const first = table.insert(
    new OpenDescription(reader, { readable: true, writable: false, append: false, nonBlocking }),
    closeOnExec,
  );
  if (first < 0) {
    writer.close();
    return first;
  }
  const sender = new OpenDescription(writer, { readable: false, writable: true, append: false, nonBlocking });
  keepPackets(sender, (flags & O.DIRECT) !== 0);
  const second = table.insert(sender, closeOnExec);
  const stored = second >= 0 && task.user.writeU32(at, first) && task.user.writeU32(at + 4, second);
  if (stored) return 0;
  table.close(first);
  if (second >= 0) table.close(second);
  return second < 0 ? second : -Errno.EFAULT;
}

/** O_DIRECT of a pipe: its writes are packets (fs/pipe.c, is_packetized). */
function keepPackets({ file, mode }: OpenDescription, isKept: boolean): void {
  if (file.pipeCapacity === undefined) return;
  file.pipeCapacity.keepPackets(isKept);
  mode.otherFlags = ((mode.otherFlags ?? 0) & ~O.DIRECT) | (isKept ? O.DIRECT : 0);
}

function synchronize(task: Thread, fd: number): number {
  const file = describe(task, fd);
  if (typeof file === 'number') return file;
  if (file.file.synchronize === undefined) return -Errno.EINVAL;
  const written = writeBackMappings(task.kernel, file.file);
  const result = file.file.synchronize();
  return written < 0 ? written : result;
}
