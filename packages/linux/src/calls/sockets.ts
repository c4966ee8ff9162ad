// socket(2), socketpair(2), bind(2), listen(2), connect(2), accept(2), shutdown(2) and the names of sockets.
import {
  defineSystemCall,
  descriptor,
  Errno,
  flagSet,
  InternetSocket,
  int,
  LocalSocket,
  oneOf,
  Pending,
  type PrintedCall,
  printFlags,
  type SystemCallResult,
  type Thread,
} from '@elf/kernel';
import { descriptorPair } from '../abi/trace-arguments.ts';
import { AF_NAMES, IPPROTO, SHUT_NAMES, SOCK } from '../abi/flags/socket-flags.ts';
import { identityOf } from '../sockets/control-messages.ts';
import { createSocket, insertSocket, TYPE_MASK } from '../sockets/create-socket.ts';
import { NETLINK } from '../sockets/netlink-socket.ts';
import { addressIn, addressOut, familyOf, lengthOut, socketOf, storeAddress } from '../sockets/socket-of.ts';

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

/** Protocols have names within their family. */
const protocol = {
  ...int,
  print: (value: number, call: PrintedCall, index: number) => {
    const domain = call.low[index - 2];
    const isInternet = domain === AF_NAMES.AF_INET || domain === AF_NAMES.AF_INET6;
    const names = Object.entries(IPPROTO).find(([, each]) => each === value);
    if (isInternet && names !== undefined) return `IPPROTO_${names[0]}`;
    const netlink = Object.entries(NETLINK).find(([, each]) => each === value);
    return domain === AF_NAMES.AF_NETLINK && netlink !== undefined ? `NETLINK_${netlink[0]}` : String(value);
  },
};

export const socket = defineSystemCall({
  name: 'socket',
  numbers: { 'x86-64': 41, i386: 359 },
  support: 'partial',
  note: 'AF_UNIX, TCP and UDP over AF_INET and AF_INET6, NETLINK_ROUTE and NETLINK_SOCK_DIAG; raw sockets are EPERM, other families EAFNOSUPPORT.',
  arguments: { family, type, protocol },
  run: (task, { family: domain, type: kind, protocol: wanted }) => {
    const made = createSocket(task, domain, kind, wanted);
    return typeof made === 'number' ? made : insertSocket(task, made, kind);
  },
});

export const socketpair = defineSystemCall({
  name: 'socketpair',
  numbers: { 'x86-64': 53, i386: 360 },
  support: 'full',
  arguments: { family, type, protocol, descriptors: descriptorPair },
  run: (task, { family: domain, type: kind, protocol: wanted, descriptors }) => {
    const left = createSocket(task, domain, kind, wanted);
    if (typeof left === 'number') return left;
    if (!(left instanceof LocalSocket)) {
      // Only AF_UNIX has pairs (sock_no_socketpair).
      left.close();
      return -Errno.EOPNOTSUPP;
    }
    const right = createSocket(task, domain, kind, wanted) as LocalSocket;
    LocalSocket.join(left, right, identityOf(task));
    const first = insertSocket(task, left, kind);
    if (first < 0) {
      right.close();
      return first;
    }
    const second = insertSocket(task, right, kind);
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
    return familyOf(open.socket).bind(task, open.socket, at, length);
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
    const { socket: listener } = open;
    const attempt = () => {
      if (listener instanceof InternetSocket && listener.outcome === undefined) return undefined;
      const result = listener.listen(Math.min(backlog >>> 0, LONGEST_BACKLOG), identityOf(task));
      // A socket without a name takes one from the host first.
      return result === -Errno.EINPROGRESS ? undefined : result;
    };
    return attempt() ?? new Pending({ queues: [listener.changes], attempt, restartable: true });
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
    return familyOf(open.socket).connect(task, open, at, length);
  },
});

export const accept = defineSystemCall({
  name: 'accept',
  numbers: { 'x86-64': 43 },
  support: 'full',
  arguments: { fd: descriptor, address: addressOut, length: lengthOut },
  run: (task, { fd, address: at, length }) => acceptConnection(task, fd, at, length, 0),
});

export const accept4 = defineSystemCall({
  name: 'accept4',
  numbers: { 'x86-64': 288, i386: 364 },
  support: 'full',
  arguments: {
    fd: descriptor,
    address: addressOut,
    length: lengthOut,
    flags: flagSet(FLAG_NAMES),
  },
  run: (task, { fd, address: at, length, flags }) => acceptConnection(task, fd, at, length, flags),
});

export const getsockname = defineSystemCall({
  name: 'getsockname',
  numbers: { 'x86-64': 51, i386: 367 },
  support: 'full',
  arguments: { fd: descriptor, address: addressOut, length: lengthOut },
  run: (task, { fd, address: at, length }) => {
    const open = socketOf(task, fd);
    if (typeof open === 'number') return open;
    return storeName(task, at, length, familyOf(open.socket).localName(open.socket));
  },
});

export const getpeername = defineSystemCall({
  name: 'getpeername',
  numbers: { 'x86-64': 52, i386: 368 },
  support: 'full',
  arguments: { fd: descriptor, address: addressOut, length: lengthOut },
  run: (task, { fd, address: at, length }) => {
    const open = socketOf(task, fd);
    if (typeof open === 'number') return open;
    const name = familyOf(open.socket).peerName(open.socket);
    return typeof name === 'number' ? name : storeName(task, at, length, name);
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

/** Here no address is as bad as any other; accept and recvfrom do without. */
function storeName(task: Thread, at: number, lengthAt: number, bytes: Uint8Array): number {
  if (at !== 0) return storeAddress(task, at, lengthAt, bytes);
  const room = task.user.readI32(lengthAt);
  if (room === undefined) return -Errno.EFAULT;
  if (room !== 0) return room < 0 ? -Errno.EINVAL : -Errno.EFAULT;
  return task.user.writeU32(lengthAt, bytes.length) ? 0 : -Errno.EFAULT;
}

function acceptConnection(task: Thread, fd: number, at: number, lengthAt: number, flags: number): SystemCallResult {
  if ((flags & ~(SOCK.NONBLOCK | SOCK.CLOEXEC)) !== 0) return -Errno.EINVAL;
  const open = socketOf(task, fd);
  if (typeof open === 'number') return open;
  const attempt = () => {
    const connection = open.socket.accept();
    if (typeof connection === 'number')
      return connection === -Errno.EAGAIN && !open.description.mode.nonBlocking ? undefined : connection;
    const family = familyOf(connection);
    const peer = family.peerName(connection);
    // One that has gone meanwhile leaves the family at least.
    const name = typeof peer === 'number' ? family.localName(connection).subarray(0, 2) : peer;
    const stored = storeAddress(task, at, lengthAt, name);
    if (stored < 0) {
      connection.close();
      return stored;
    }
    return insertSocket(task, connection, flags);
  };
  const limit = open.socket.receiveTimeout;
  return (
    attempt() ??
    new Pending({
      queues: [open.socket.changes],
      attempt,
      deadline: limit && task.host.clock.monotonic() + limit,
      expire: () => -Errno.EAGAIN,
      restartable: limit === undefined,
    })
  );
}
