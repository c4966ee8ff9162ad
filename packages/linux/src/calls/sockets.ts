// socket(2), socketpair(2), bind(2), listen(2), connect(2), accept(2), shutdown(2) and the names of sockets.
import {
  address,
  createSocketFile,
  defineSystemCall,
  descriptor,
  Errno,
  flagSet,
  int,
  LocalSocket,
  OpenDescription,
  oneOf,
  Pending,
  printFlags,
  type SocketKind,
  type SystemCallResult,
  type Thread,
} from '@elf/kernel';
import { AF_NAMES, SHUT_NAMES, SOCK } from '../abi/flags/socket-flags.ts';
import { identityOf } from '../sockets/control-messages.ts';
import { addressIn, socketOf, storeAddress } from '../sockets/socket-of.ts';
import { bindUnix, findUnix, readUnixAddress, unixAddressBytes } from '../sockets/unix-address.ts';

const TYPE_MASK = 15;
const KINDS: Readonly<Record<number, SocketKind>> = {
  [SOCK.STREAM]: 'stream',
  [SOCK.DGRAM]: 'datagram',
  // A raw socket of this family is one for datagrams (net/unix/af_unix.c, unix_create).
  [SOCK.RAW]: 'datagram',
  [SOCK.SEQPACKET]: 'sequenced',
};
const FLAG_NAMES = { SOCK_CLOEXEC: SOCK.CLOEXEC, SOCK_NONBLOCK: SOCK.NONBLOCK };
const TYPE_NAMES = ['0', 'SOCK_STREAM', 'SOCK_DGRAM', 'SOCK_RAW', 'SOCK_RDM', 'SOCK_SEQPACKET'];
/** net.core.somaxconn. */
const LONGEST_BACKLOG = 4096; // not a page size: connections
const family = oneOf(AF_NAMES);
const type = {
  ...int,
  print: (value: number) => {
    const flags = value & ~TYPE_MASK;
    const name = TYPE_NAMES[value & TYPE_MASK] ?? String(value & TYPE_MASK);
    return flags === 0 ? name : `${name}|${printFlags(flags, FLAG_NAMES)}`;
  },
};

export const socket = defineSystemCall({
  name: 'socket',
  numbers: { 'x86-64': 41, i386: 359 },
  support: 'partial',
  note: 'AF_UNIX; other families are EAFNOSUPPORT, as on a kernel without networks.',
  arguments: { family, type, protocol: int },
  run: (task, { family: domain, type: kind, protocol }) => {
    const made = makeSocket(task, domain, kind, protocol);
    return typeof made === 'number' ? made : insert(task, made, kind);
  },
});

export const socketpair = defineSystemCall({
  name: 'socketpair',
  numbers: { 'x86-64': 53, i386: 360 },
  support: 'partial',
  note: 'AF_UNIX; other families are EAFNOSUPPORT.',
  arguments: { family, type, protocol: int, descriptors: address },
  run: (task, { family: domain, type: kind, protocol, descriptors }) => {
    const left = makeSocket(task, domain, kind, protocol);
    if (typeof left === 'number') return left;
    const right = makeSocket(task, domain, kind, protocol) as LocalSocket;
    LocalSocket.join(left, right, identityOf(task));
    const first = insert(task, left, kind);
    if (first < 0) {
      right.close();
      return first;
    }
    const second = insert(task, right, kind);
    const stored = second >= 0 && task.user.writeU32(descriptors, first) && task.user.writeU32(descriptors + 4, second);
    if (stored) return 0;
    task.process.descriptors.close(first);
    if (second >= 0) task.process.descriptors.close(second);
    return second < 0 ? second : -Errno.EFAULT;
  },
});

export const bind = defineSystemCall({
  name: 'bind',
  numbers: { 'x86-64': 49, i386: 361 },
  support: 'full',
  arguments: { fd: descriptor, address: addressIn, length: int },
  run: (task, { fd, address: at, length }) => {
    const open = socketOf(task, fd);
    if (typeof open === 'number') return open;
    const text = readUnixAddress(task, at, length);
    return typeof text === 'number' ? text : bindUnix(task, open.socket, text);
  },
});

export const listen = defineSystemCall({
  name: 'listen',
  numbers: { 'x86-64': 50, i386: 363 },
  support: 'full',
  arguments: { fd: descriptor, backlog: int },
  run: (task, { fd, backlog }) => {
    const open = socketOf(task, fd);
    if (typeof open === 'number') return open;
    return open.socket.listen(Math.min(backlog >>> 0, LONGEST_BACKLOG), identityOf(task));
  },
});

export const connect = defineSystemCall({
  name: 'connect',
  numbers: { 'x86-64': 42, i386: 362 },
  support: 'full',
  arguments: { fd: descriptor, address: addressIn, length: int },
  run: (task, { fd, address: at, length }) => {
    const open = socketOf(task, fd);
    if (typeof open === 'number') return open;
    const own = open.socket;
    if (length >= 2 && task.user.readU16(at) === AF_NAMES.AF_UNSPEC)
      return own.kind === 'datagram' ? own.connect(undefined, identityOf(task), inode(task)) : -Errno.EINVAL;
    const text = readUnixAddress(task, at, length);
    if (typeof text === 'number') return text;
    const target = findUnix(task, own, text);
    if (typeof target === 'number') return target;
    const attempt = () => {
      const result = own.connect(target, identityOf(task), inode(task));
      return result === -Errno.EAGAIN && !open.description.mode.nonBlocking ? undefined : result;
    };
    return attempt() ?? new Pending({ queues: [target.changes], attempt, restartable: true });
  },
});

export const accept = defineSystemCall({
  name: 'accept',
  numbers: { 'x86-64': 43 },
  support: 'full',
  arguments: { fd: descriptor, address, length: address },
  run: (task, { fd, address: at, length }) => acceptConnection(task, fd, at, length, 0),
});

export const accept4 = defineSystemCall({
  name: 'accept4',
  numbers: { 'x86-64': 288, i386: 364 },
  support: 'full',
  arguments: {
    fd: descriptor,
    address,
    length: address,
    flags: flagSet(FLAG_NAMES),
  },
  run: (task, { fd, address: at, length, flags }) => acceptConnection(task, fd, at, length, flags),
});

export const getsockname = defineSystemCall({
  name: 'getsockname',
  numbers: { 'x86-64': 51, i386: 367 },
  support: 'full',
  arguments: { fd: descriptor, address, length: address },
  run: (task, { fd, address: at, length }) => {
    const open = socketOf(task, fd);
    if (typeof open === 'number') return open;
    return storeAddress(task, at, length, unixAddressBytes(open.socket.name));
  },
});

export const getpeername = defineSystemCall({
  name: 'getpeername',
  numbers: { 'x86-64': 52, i386: 368 },
  support: 'full',
  arguments: { fd: descriptor, address, length: address },
  run: (task, { fd, address: at, length }) => {
    const open = socketOf(task, fd);
    if (typeof open === 'number') return open;
    const name = open.socket.peerName();
    return typeof name === 'number' ? name : storeAddress(task, at, length, unixAddressBytes(name));
  },
});

export const shutdown = defineSystemCall({
  name: 'shutdown',
  numbers: { 'x86-64': 48, i386: 373 },
  support: 'full',
  arguments: { fd: descriptor, how: oneOf(SHUT_NAMES) },
  run: (task, { fd, how }) => {
    const open = socketOf(task, fd);
    if (typeof open === 'number') return open;
    return how < 0 || how > 2 ? -Errno.EINVAL : open.socket.shutdown(how + 1);
  },
});

function makeSocket(task: Thread, domain: number, type: number, protocol: number): LocalSocket | number {
  if ((type & ~(TYPE_MASK | SOCK.NONBLOCK | SOCK.CLOEXEC)) !== 0) return -Errno.EINVAL;
  if (domain !== AF_NAMES.AF_UNIX) return -Errno.EAFNOSUPPORT;
  if (protocol !== 0 && protocol !== AF_NAMES.AF_UNIX) return -Errno.EPROTONOSUPPORT;
  const kind = KINDS[type & TYPE_MASK];
  if (kind === undefined) return -Errno.ESOCKTNOSUPPORT;
  return new LocalSocket(kind, task.kernel.socketNames, task.kernel.nextInode());
}

function insert(task: Thread, made: LocalSocket, flags: number): number {
  const { kernel, process } = task;
  const unknown = { process: 0, user: 0, group: 0 };
  const file = createSocketFile(made, () => (kernel.currentThread ? identityOf(kernel.currentThread) : unknown));
  const mode = { readable: true, writable: true, append: false, nonBlocking: (flags & SOCK.NONBLOCK) !== 0 };
  return process.descriptors.insert(new OpenDescription(file, mode), (flags & SOCK.CLOEXEC) !== 0);
}

function acceptConnection(task: Thread, fd: number, at: number, lengthAt: number, flags: number): SystemCallResult {
  if ((flags & ~(SOCK.NONBLOCK | SOCK.CLOEXEC)) !== 0) return -Errno.EINVAL;
  const open = socketOf(task, fd);
  if (typeof open === 'number') return open;
  const attempt = () => {
    const connection = open.socket.accept();
    if (typeof connection === 'number')
      return connection === -Errno.EAGAIN && !open.description.mode.nonBlocking ? undefined : connection;
    const peer = connection.peerName();
    const stored = storeAddress(task, at, lengthAt, unixAddressBytes(typeof peer === 'number' ? '' : peer));
    if (stored < 0) {
      connection.close();
      return stored;
    }
    return insert(task, connection, flags);
  };
  return attempt() ?? new Pending({ queues: [open.socket.changes], attempt, restartable: true });
}

function inode(task: Thread): () => number {
  return () => task.kernel.nextInode();
}
