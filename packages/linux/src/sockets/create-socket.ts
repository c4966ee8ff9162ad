// New sockets: which families, types and protocols there are (net/socket.c, __sock_create).
import {
  createSocketFile,
  Errno,
  LocalSocket,
  OpenDescription,
  type Socket,
  type SocketKind,
  type Thread,
} from '@elf/kernel';
import { AF_NAMES, IPPROTO, SOCK } from '../abi/flags/socket-flags.ts';
import { identityOf } from './control-messages.ts';
import { NETLINK, NetlinkSocket } from './netlink-socket.ts';

export const TYPE_MASK = 15;
/** SOCK_MAX and AF_MAX (include/linux/net.h, include/linux/socket.h). */
const TYPES = 11;
const FAMILIES = 46;
const MOST_PROTOCOLS = 263;
const NETLINK_PROTOCOLS: readonly number[] = Object.values(NETLINK);
const UNIX_KINDS: Readonly<Record<number, SocketKind>> = {
  [SOCK.STREAM]: 'stream',
  [SOCK.DGRAM]: 'datagram',
  // A raw socket of this family is one for datagrams (net/unix/af_unix.c, unix_create).
  [SOCK.RAW]: 'datagram',
  [SOCK.SEQPACKET]: 'sequenced',
};

/** A fresh socket or a negated error. */
export function createSocket(task: Thread, domain: number, type: number, protocol: number): Socket | number {
  if ((type & ~(TYPE_MASK | SOCK.NONBLOCK | SOCK.CLOEXEC)) !== 0) return -Errno.EINVAL;
  const kind = type & TYPE_MASK;
  if (domain < 0 || domain >= FAMILIES) return -Errno.EAFNOSUPPORT;
  if (kind >= TYPES) return -Errno.EINVAL;
  switch (domain) {
    case AF_NAMES.AF_UNIX:
      return createUnix(task, kind, protocol);
    case AF_NAMES.AF_INET:
    case AF_NAMES.AF_INET6:
      return createInternet(task, domain === AF_NAMES.AF_INET ? 4 : 6, kind, protocol);
    case AF_NAMES.AF_NETLINK:
      if (kind !== SOCK.RAW && kind !== SOCK.DGRAM) return -Errno.ESOCKTNOSUPPORT;
      return NETLINK_PROTOCOLS.includes(protocol) ? new NetlinkSocket(task.kernel, protocol) : -Errno.EPROTONOSUPPORT;
    default:
      return -Errno.EAFNOSUPPORT;
  }
}

/** Puts a socket into the descriptor table; `type` carries SOCK_NONBLOCK and SOCK_CLOEXEC. */
export function insertSocket(task: Thread, made: Socket, type: number): number {
  const { kernel, process } = task;
  const unknown = { process: 0, user: 0, group: 0 };
  const caller = () => (kernel.currentThread ? identityOf(kernel.currentThread) : unknown);
  const file = createSocketFile(made, caller, () => kernel.host.clock.monotonic());
  const mode = { readable: true, writable: true, append: false, nonBlocking: (type & SOCK.NONBLOCK) !== 0 };
  return process.descriptors.insert(new OpenDescription(file, mode), (type & SOCK.CLOEXEC) !== 0);
}

function createUnix(task: Thread, type: number, protocol: number): Socket | number {
  if (protocol !== 0 && protocol !== AF_NAMES.AF_UNIX) return -Errno.EPROTONOSUPPORT;
  const kind = UNIX_KINDS[type];
  if (kind === undefined) return -Errno.ESOCKTNOSUPPORT;
  return new LocalSocket(kind, task.kernel.socketNames, task.kernel.nextInode());
}

/** inet_create (net/ipv4/af_inet.c). Raw sockets are those of a process without CAP_NET_RAW: refused. */
function createInternet(task: Thread, version: 4 | 6, type: number, protocol: number): Socket | number {
  if (protocol < 0 || protocol >= MOST_PROTOCOLS) return -Errno.EINVAL;
  const { internet } = task.kernel;
  const { user } = task.process.credentials;
  const isOneOf = (...known: number[]) => protocol === 0 || known.includes(protocol);
  if (type === SOCK.STREAM && isOneOf(IPPROTO.TCP)) {
    const made = internet.stream(version);
    made.user = user;
    return made;
  }
  if (type === SOCK.DGRAM && isOneOf(IPPROTO.UDP)) {
    const made = internet.datagram(version);
    made.user = user;
    return made;
  }
  // Echo requests without privileges need a group in net.ipv4.ping_group_range, which is empty.
  if (type === SOCK.DGRAM && protocol === (version === 4 ? IPPROTO.ICMP : IPPROTO.ICMPV6)) return -Errno.EACCES;
  if (type === SOCK.RAW && protocol !== 0) return -Errno.EPERM;
  const hasProtocols = type === SOCK.STREAM || type === SOCK.DGRAM || type === SOCK.RAW;
  return hasProtocols ? -Errno.EPROTONOSUPPORT : -Errno.ESOCKTNOSUPPORT;
}
