// Options of TCP and UDP sockets at their own levels (man 7 ip, ipv6, tcp, udp).
import {
  addressText,
  DatagramSocket,
  Errno,
  type InternetSocket,
  isMulticast,
  isVersion6,
  StreamSocket,
  type Thread,
} from '@elf/kernel';
import {
  AF_NAMES,
  IP_NAMES as IP,
  IPV6_NAMES as IPV6,
  SOL_NAMES,
  TCP_NAMES as TCP,
  UDP_NAMES as UDP,
} from '../abi/flags/socket-flags.ts';
import { optionValue, setOptionValue } from './option-values.ts';
import { tcpState } from './tcp-state.ts';

const { SOL_IP, SOL_IPV6, SOL_TCP, SOL_UDP } = SOL_NAMES;
/** An integer option: what it is before it is set, and the values it takes. A flag takes any, and is 0 or 1. */
type Row = readonly [name: number, initial: number, least?: number, most?: number];

const MOST = 0x7fff_ffff;
/** TCP_MAXSEG before a connection (tcp_mss_default), and over the loopback. */
const UNCONNECTED_SEGMENT_BYTES = 536;
const LOOPBACK_SEGMENT_BYTES = 65_483;
/** net.ipv4.igmp_max_memberships. */
const MOST_NOTED_GROUPS = 20;

/** Integers that are remembered; those that a host's socket can have reach it. */
// biome-ignore format: a table
const ROWS: Readonly<Record<number, readonly Row[]>> = {
  [SOL_IP]: [
    [IP.IP_TOS, 0, 0, 255], [IP.IP_TTL, 64, 1, 255], [IP.IP_RECVOPTS, 0], [IP.IP_RETOPTS, 0], [IP.IP_PKTINFO, 0], [IP.IP_MTU_DISCOVER, 1, 0, 5],
    [IP.IP_RECVERR, 0], [IP.IP_RECVTTL, 0], [IP.IP_RECVTOS, 0], [IP.IP_FREEBIND, 0], [IP.IP_TRANSPARENT, 0], [IP.IP_RECVORIGDSTADDR, 0],
    [IP.IP_MINTTL, 0, 0, 255], [IP.IP_BIND_ADDRESS_NO_PORT, 0], [IP.IP_MULTICAST_TTL, 1, 0, 255], [IP.IP_MULTICAST_LOOP, 1],
    [IP.IP_MULTICAST_ALL, 1], [IP.IP_UNICAST_IF, 0, 0, MOST], [IP.IP_LOCAL_PORT_RANGE, 0, 0, MOST],
  ],
  [SOL_IPV6]: [
    [IPV6.IPV6_UNICAST_HOPS, 64, -1, 255], [IPV6.IPV6_MULTICAST_IF, 0, 0, MOST], [IPV6.IPV6_MULTICAST_HOPS, 1, -1, 255], [IPV6.IPV6_MULTICAST_LOOP, 1],
    [IPV6.IPV6_MTU_DISCOVER, 1, 0, 5], [IPV6.IPV6_RECVERR, 0], [IPV6.IPV6_MULTICAST_ALL, 1], [IPV6.IPV6_RECVPKTINFO, 0],
    [IPV6.IPV6_RECVHOPLIMIT, 0], [IPV6.IPV6_DONTFRAG, 0], [IPV6.IPV6_RECVTCLASS, 0], [IPV6.IPV6_TCLASS, 0, -1, 255],
    [IPV6.IPV6_AUTOFLOWLABEL, 1], [IPV6.IPV6_TRANSPARENT, 0], [IPV6.IPV6_FREEBIND, 0],
  ],
  [SOL_TCP]: [
    [TCP.TCP_NODELAY, 0], [TCP.TCP_CORK, 0], [TCP.TCP_KEEPIDLE, 7200, 1, 32767], [TCP.TCP_KEEPINTVL, 75, 1, 32767], [TCP.TCP_KEEPCNT, 9, 1, 127],
    [TCP.TCP_SYNCNT, 6, 1, 127], [TCP.TCP_LINGER2, 60, -MOST, MOST], [TCP.TCP_DEFER_ACCEPT, 0, 0, MOST], [TCP.TCP_WINDOW_CLAMP, 0, 0, MOST],
    [TCP.TCP_QUICKACK, 1], [TCP.TCP_USER_TIMEOUT, 0, 0, MOST], [TCP.TCP_FASTOPEN, 0, 0, MOST], [TCP.TCP_NOTSENT_LOWAT, -1, -1, MOST],
    [TCP.TCP_FASTOPEN_CONNECT, 0],
  ],
  [SOL_UDP]: [[UDP.UDP_CORK, 0]],
};

/** Levels a socket has. */
function hasLevel(socket: InternetSocket, level: number): boolean {
  if (level === SOL_IPV6) return socket.version === 6;
  if (level === SOL_TCP) return socket instanceof StreamSocket;
  if (level === SOL_UDP) return socket instanceof DatagramSocket;
  return level === SOL_IP;
}

/** setsockopt(2) at a level of the internet. */
export function setInternetOption(
  task: Thread,
  socket: InternetSocket,
  level: number,
  name: number,
  at: number,
  length: number,
): number {
  if (!hasLevel(socket, level)) return -Errno.ENOPROTOOPT;
  const group = groupOf(level, name);
  if (group !== undefined) return changeGroup(task, socket, group, at, length);
  if (level === SOL_TCP && (name === TCP.TCP_CONGESTION || name === TCP.TCP_ULP))
    return setName(task, name, at, length);
  if (level === SOL_IP && name === IP.IP_MULTICAST_IF) return length < 4 ? -Errno.EINVAL : 0;
  // One byte is enough for the options of version 4.
  const isByte = level === SOL_IP && length >= 1 && length < 4;
  if (!isByte && length < 4) return -Errno.EINVAL;
  const value = isByte ? task.user.read(at, 1)?.[0] : task.user.readI32(at);
  if (value === undefined) return -Errno.EFAULT;
  if (level === SOL_IPV6 && name === IPV6.IPV6_ADDRFORM) return becomeVersion4(socket, value);
  if (level === SOL_IPV6 && name === IPV6.IPV6_V6ONLY) {
    if (socket.local !== undefined) return -Errno.EINVAL;
    socket.onlyVersion6 = value !== 0;
    return 0;
  }
  if (level === SOL_TCP && name === TCP.TCP_MAXSEG) {
    if (value !== 0 && (value < 88 || value > 32767)) return -Errno.EINVAL;
    setOptionValue(socket, level, name, value);
    return 0;
  }
  const row = ROWS[level]?.find(([each]) => each === name);
  if (row === undefined) return -Errno.ENOPROTOOPT;
  const [, initial, least, most = 1] = row;
  // -1 gives the default back (man 7 ip).
  const isDefault = level === SOL_IP && value === -1 && (name === IP.IP_TTL || name === IP.IP_MULTICAST_TTL);
  const kept = isDefault ? initial : least === undefined ? (value === 0 ? 0 : 1) : value;
  if (least !== undefined && (kept < least || kept > most)) return -Errno.EINVAL;
  setOptionValue(socket, level, name, kept);
  applyOutside(socket, level, name, kept);
  return 0;
}

/** getsockopt(2) at a level of the internet: the bytes, or a negated error. */
export function getInternetOption(socket: InternetSocket, level: number, name: number): Uint8Array | number {
  // Version 4 knows a level, or it does not (do_ip_getsockopt).
  if (!hasLevel(socket, level)) return socket.version === 4 ? -Errno.EOPNOTSUPP : -Errno.ENOPROTOOPT;
  const set = optionValue(socket, level, name);
  const row = ROWS[level]?.find(([each]) => each === name);
  if (row !== undefined) {
    const value = set ?? row[1];
    return words(value === -1 && level === SOL_IPV6 ? Math.max(0, row[1]) : value);
  }
  const isConnected = socket.remote !== undefined;
  if (level === SOL_IPV6 && name === IPV6.IPV6_V6ONLY) return words(socket.onlyVersion6 ? 1 : 0);
  if (level === SOL_IP ? name === IP.IP_MTU : level === SOL_IPV6 && name === IPV6.IPV6_MTU)
    return isConnected ? words(largestPacket(socket)) : -Errno.ENOTCONN;
  if (level === SOL_IP && name === IP.IP_MULTICAST_IF) return new Uint8Array(4);
  if (level === SOL_IP && name === IP.IP_OPTIONS) return new Uint8Array(0);
  if (level !== SOL_TCP || !(socket instanceof StreamSocket)) return -Errno.ENOPROTOOPT;
  if (name === TCP.TCP_MAXSEG) return words(isConnected ? LOOPBACK_SEGMENT_BYTES : (set ?? UNCONNECTED_SEGMENT_BYTES));
  if (name === TCP.TCP_CONGESTION) return Uint8Array.from('cubic\0\0\0\0\0\0\0\0\0\0\0', (each) => each.charCodeAt(0));
  if (name === TCP.TCP_ULP) return new Uint8Array(0);
  return name === TCP.TCP_INFO ? tcpInformation(socket) : -Errno.ENOPROTOOPT;
}

/** TCP_CONGESTION takes what there is; no protocol can be put above TCP. */
function setName(task: Thread, name: number, at: number, length: number): number {
  const bytes = task.user.read(at, Math.max(0, Math.min(length, 16)));
  if (bytes === undefined) return -Errno.EFAULT;
  if (bytes.length === 0) return -Errno.EINVAL;
  const [text] = String.fromCharCode(...bytes).split('\0');
  return name === TCP.TCP_CONGESTION && (text === 'cubic' || text === 'reno') ? 0 : -Errno.ENOENT;
}

/** net/ipv6/ipv6_sockglue.c, IPV6_ADDRFORM: for good, and only where the peer is of version 4. */
function becomeVersion4(socket: InternetSocket, family: number): number {
  if (family !== AF_NAMES.AF_INET) return -Errno.EINVAL;
  if (socket instanceof StreamSocket && !socket.isConnected) return -Errno.ENOTCONN;
  const { remote } = socket;
  if (socket.onlyVersion6 || remote === undefined || isVersion6(remote.address)) return -Errno.EADDRNOTAVAIL;
  socket.version = 4;
  return 0;
}

function applyOutside(socket: InternetSocket, level: number, name: number, value: number): void {
  if (socket instanceof StreamSocket && level === SOL_TCP && name === TCP.TCP_NODELAY) socket.set('noDelay', value);
  if (!(socket instanceof DatagramSocket)) return;
  const isVersion4 = level === SOL_IP;
  if (name === (isVersion4 ? IP.IP_TTL : IPV6.IPV6_UNICAST_HOPS)) socket.set('timeToLive', value);
  if (name === (isVersion4 ? IP.IP_MULTICAST_TTL : IPV6.IPV6_MULTICAST_HOPS)) socket.set('multicastTimeToLive', value);
  if (name !== (isVersion4 ? IP.IP_MULTICAST_LOOP : IPV6.IPV6_MULTICAST_LOOP)) return;
  socket.multicastLoop = value !== 0;
  socket.set('multicastLoop', value);
}

interface GroupChange {
  readonly isMember: boolean;
  readonly form: 'mreq' | 'mreq6' | 'group';
}

function groupOf(level: number, name: number): GroupChange | undefined {
  if (level !== SOL_IP && level !== SOL_IPV6) return undefined;
  if (name === IP.MCAST_JOIN_GROUP || name === IP.MCAST_LEAVE_GROUP)
    return { isMember: name === IP.MCAST_JOIN_GROUP, form: 'group' };
  if (level === SOL_IP && (name === IP.IP_ADD_MEMBERSHIP || name === IP.IP_DROP_MEMBERSHIP))
    return { isMember: name === IP.IP_ADD_MEMBERSHIP, form: 'mreq' };
  if (level === SOL_IPV6 && (name === IPV6.IPV6_JOIN_GROUP || name === IPV6.IPV6_LEAVE_GROUP))
    return { isMember: name === IPV6.IPV6_JOIN_GROUP, form: 'mreq6' };
  return undefined;
}

/** struct ip_mreq (or ip_mreqn), ipv6_mreq and group_req. */
function changeGroup(
  task: Thread,
  socket: InternetSocket,
  { isMember, form }: GroupChange,
  at: number,
  length: number,
): number {
  const least = form === 'mreq' ? 8 : form === 'mreq6' ? 20 : task.wordBytes + 128;
  if (length < least) return -Errno.EINVAL;
  const bytes = task.user.read(at, least);
  if (bytes === undefined) return -Errno.EFAULT;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const structure = bytes.subarray(task.wordBytes);
  const isSix = form === 'mreq6' || (form === 'group' && structure[0] === 10);
  const group = addressText(
    form === 'group' ? structure.subarray(isSix ? 8 : 4, isSix ? 24 : 8) : bytes.subarray(0, isSix ? 16 : 4),
  );
  if (!isMulticast(group)) return -Errno.EINVAL;
  // Connections are no members; only the newer calls take a note of it (net/ipv4/ip_sockglue.c).
  if (!(socket instanceof DatagramSocket)) return form === 'group' ? noteGroup(socket, group, isMember) : -Errno.EPROTO;
  const interfaces = socket.network.port.interfaces();
  const index = form === 'mreq6' ? view.getUint32(16, true) : form === 'group' ? view.getUint32(0, true) : 0;
  const own = form === 'mreq' ? addressText(bytes.subarray(4, 8)) : undefined;
  const through =
    index > 0
      ? interfaces.find((each) => each.index === index)
      : own !== undefined && own !== '0.0.0.0'
        ? interfaces.find((each) => each.addresses.some(({ address }) => address === own))
        : interfaces[0];
  if (through === undefined) return -Errno.ENODEV;
  const address = index > 0 ? through.addresses.find((each) => isVersion6(each.address) === isSix)?.address : own;
  return socket.join(group, isMember, address === '0.0.0.0' ? undefined : address);
}

const notedGroups = /* @__PURE__ */ new WeakMap<InternetSocket, Set<string>>();

/** A membership without effect: it can be given up by the socket that asked for it, and by no other. */
function noteGroup(socket: InternetSocket, group: string, isMember: boolean): number {
  const known = notedGroups.get(socket) ?? new Set<string>();
  if (!isMember) return known.delete(group) ? 0 : -Errno.EADDRNOTAVAIL;
  if (known.has(group)) return -Errno.EADDRINUSE;
  if (known.size >= MOST_NOTED_GROUPS) return -Errno.ENOBUFS;
  notedGroups.set(socket, known.add(group));
  return 0;
}

function largestPacket(socket: InternetSocket): number {
  const own = socket.local?.address;
  const there = socket.network.port.interfaces().find((each) => each.addresses.some(({ address }) => address === own));
  return there?.largestPacket ?? 65_536;
}

/** struct tcp_info: the state and sizes; times and counts of segments are not kept. */
export function tcpInformation(socket: StreamSocket): Uint8Array {
  const bytes = new Uint8Array(248);
  const view = new DataView(bytes.buffer);
  bytes[0] = tcpState(socket);
  const segment = socket.isConnected ? LOOPBACK_SEGMENT_BYTES : UNCONNECTED_SEGMENT_BYTES;
  view.setUint32(8, 200_000, true); // retransmission timeout, microseconds
  view.setUint32(16, segment, true);
  view.setUint32(20, segment, true);
  if (socket.isListening) {
    view.setUint32(24, socket.waiting, true);
    view.setUint32(28, socket.backlog, true);
  }
  view.setUint32(60, largestPacket(socket), true);
  view.setUint32(80, 10, true); // congestion window in segments (TCP_INIT_CWND)
  return bytes;
}

function words(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}
