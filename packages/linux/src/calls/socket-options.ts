// setsockopt(2), getsockopt(2): options that sockets of every family have (man 7 socket); those of a family are its own.
import {
  address,
  DatagramSocket,
  defineSystemCall,
  descriptor,
  Errno,
  InternetSocket,
  int,
  LocalSocket,
  type PrintedCall,
  printPointer,
  type Socket,
  StreamSocket,
  type Thread,
} from '@elf/kernel';
import { IP_NAMES, IPV6_NAMES, SO_NAMES, SOCK, SOL_NAMES, TCP_NAMES, UDP_NAMES } from '../abi/flags/socket-flags.ts';
import { layoutFor } from '../abi/struct-layout.ts';
import { timeval } from '../abi/structs/time.ts';
import { getInternetOption, setInternetOption } from '../sockets/internet-options.ts';
import { setNetlinkOption } from '../sockets/netlink-family.ts';
import { optionBytes, optionValue, setOptionValue } from '../sockets/option-values.ts';
import { familyOf, socketOf } from '../sockets/socket-of.ts';

const { SOL_SOCKET } = SOL_NAMES;
/** SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF and net.core.wmem_max (include/net/sock.h). */
const SMALLEST_SEND_BUFFER = 4608;
const SMALLEST_RECEIVE_BUFFER = 2304;
const LARGEST_BUFFER = 212_992;
/** What the superuser may force: buffers are memory of the host. */
const LARGEST_FORCED_BUFFER = 16_777_216;
const TYPES = { stream: SOCK.STREAM, datagram: SOCK.DGRAM, sequenced: SOCK.SEQPACKET } as const;
const LINGER_BYTES = 8;
/** struct timeval with 64-bit fields. */
const WIDE_TIMEVAL_BYTES = 16;
const MOST_INTERFACE_NAME_BYTES = 16;
/** Flags that are remembered; some act on a host's socket. */
const FLAGS: readonly number[] = [
  SO_NAMES.SO_DEBUG,
  SO_NAMES.SO_DONTROUTE,
  SO_NAMES.SO_BROADCAST,
  SO_NAMES.SO_KEEPALIVE,
  SO_NAMES.SO_OOBINLINE,
  SO_NAMES.SO_TIMESTAMP,
  SO_NAMES.SO_TIMESTAMPNS,
  SO_NAMES.SO_RXQ_OVFL,
  SO_NAMES.SO_ZEROCOPY,
];
/** Numbers that are remembered, with what they are before. */
const NUMBERS: Readonly<Record<number, number>> = {
  [SO_NAMES.SO_PRIORITY]: 0,
  [SO_NAMES.SO_MARK]: 0,
  [SO_NAMES.SO_BUSY_POLL]: 0,
  [SO_NAMES.SO_PEEK_OFF]: -1,
  [SO_NAMES.SO_MAX_PACING_RATE]: -1,
  [SO_NAMES.SO_INCOMING_CPU]: -1,
};
/** Options that can only be read. */
const READ_ONLY: readonly number[] = [
  SO_NAMES.SO_TYPE,
  SO_NAMES.SO_PROTOCOL,
  SO_NAMES.SO_DOMAIN,
  SO_NAMES.SO_ERROR,
  SO_NAMES.SO_PEERCRED,
  SO_NAMES.SO_ACCEPTCONN,
  SO_NAMES.SO_SNDLOWAT,
  SO_NAMES.SO_COOKIE,
];
const NAMES_BY_LEVEL: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  [SOL_NAMES.SOL_SOCKET]: SO_NAMES,
  [SOL_NAMES.SOL_IP]: IP_NAMES,
  [SOL_NAMES.SOL_IPV6]: IPV6_NAMES,
  [SOL_NAMES.SOL_TCP]: TCP_NAMES,
  [SOL_NAMES.SOL_UDP]: UDP_NAMES,
};
const level = {
  ...int,
  print: (value: number) => nameIn(SOL_NAMES, value),
};
/** Its name depends on the level, the argument before. */
const name = {
  ...int,
  print: (value: number, call: PrintedCall, index: number) => nameIn(NAMES_BY_LEVEL[call.low[index - 1]] ?? {}, value),
};
/** A value in memory: an integer is shown. */
const valueAt = {
  ...address,
  print: (at: number, call: PrintedCall, index: number) => {
    const length = call.low[index + 1];
    const value = length === 4 ? call.task.user.readI32(at) : undefined;
    return value === undefined ? printPointer(call, index) : `[${value}]`;
  },
};

export const setsockopt = defineSystemCall({
  name: 'setsockopt',
  numbers: { 'x86-64': 54, i386: 366 },
  support: 'partial',
  note: 'Filters, sources of multicast groups and protocols above TCP are ENOPROTOOPT.',
  arguments: { fd: descriptor, level, name, value: valueAt, length: int },
  run: (task, values) => {
    const open = socketOf(task, values.fd);
    if (typeof open === 'number') return open;
    if (values.length < 0) return -Errno.EINVAL;
    const { socket } = open;
    if (values.level === SOL_SOCKET) return setOption(task, socket, values.name, values.value, values.length);
    if (socket instanceof InternetSocket)
      return setInternetOption(task, socket, values.level, values.name, values.value, values.length);
    return socket instanceof LocalSocket ? -Errno.EOPNOTSUPP : setNetlinkOption(values.level, values.name);
  },
});

export const getsockopt = defineSystemCall({
  name: 'getsockopt',
  numbers: { 'x86-64': 55, i386: 365 },
  support: 'partial',
  note: 'Times and counts of TCP_INFO are zero; filters are ENOPROTOOPT.',
  arguments: { fd: descriptor, level, name, value: address, length: address },
  run: (task, values) => {
    const open = socketOf(task, values.fd);
    if (typeof open === 'number') return open;
    const { socket } = open;
    if (socket instanceof LocalSocket && values.level !== SOL_SOCKET) return -Errno.EOPNOTSUPP;
    const room = task.user.readI32(values.length);
    if (room === undefined) return -Errno.EFAULT;
    if (room < 0) return -Errno.EINVAL;
    const answer =
      values.level === SOL_SOCKET
        ? getOption(task, socket, values.name)
        : socket instanceof InternetSocket
          ? getInternetOption(socket, values.level, values.name)
          : -Errno.ENOPROTOOPT;
    if (typeof answer === 'number') return answer;
    const stored = answer.subarray(0, room);
    return task.user.write(values.value, stored) && task.user.writeU32(values.length, stored.length)
      ? 0
      : -Errno.EFAULT;
  },
});

function setOption(task: Thread, socket: Socket, option: number, at: number, length: number): number {
  const timeout = timeoutOf(option);
  if (timeout !== undefined) return setTimeout(task, socket, timeout, at, length);
  if (option === SO_NAMES.SO_LINGER) return setLinger(task, socket, at, length);
  if (option === SO_NAMES.SO_BINDTODEVICE) return bindToDevice(task, socket, at, length);
  if (length < 4) return -Errno.EINVAL;
  const value = task.user.readI32(at);
  if (value === undefined) return -Errno.EFAULT;
  const flag = value === 0 ? 0 : 1;
  switch (option) {
    case SO_NAMES.SO_PASSCRED:
      socket.passesCredentials = value !== 0;
      return 0;
    case SO_NAMES.SO_SNDBUF:
    case SO_NAMES.SO_SNDBUFFORCE:
      socket.sendBufferBytes = doubled(task, option === SO_NAMES.SO_SNDBUFFORCE, value, SMALLEST_SEND_BUFFER);
      if (socket instanceof StreamSocket) socket.hasOwnSendBuffer = true;
      return 0;
    case SO_NAMES.SO_RCVBUF:
    case SO_NAMES.SO_RCVBUFFORCE:
      socket.receiveBufferBytes = doubled(task, option === SO_NAMES.SO_RCVBUFFORCE, value, SMALLEST_RECEIVE_BUFFER);
      return 0;
    case SO_NAMES.SO_RCVLOWAT:
      socket.lowWater = value < 0 ? 0x7fff_ffff : Math.max(1, value);
      return 0;
    case SO_NAMES.SO_REUSEADDR:
      if (socket instanceof InternetSocket) socket.reusesAddress = value !== 0;
      setOptionValue(socket, SOL_SOCKET, option, flag);
      return 0;
    case SO_NAMES.SO_REUSEPORT:
      if (!(socket instanceof InternetSocket)) return value === 0 ? 0 : -Errno.EOPNOTSUPP;
      socket.reusesPort = value !== 0;
      return 0;
    default:
      if (READ_ONLY.includes(option)) return -Errno.ENOPROTOOPT;
      if (option in NUMBERS) {
        setOptionValue(socket, SOL_SOCKET, option, value);
        return 0;
      }
      if (!FLAGS.includes(option)) return -Errno.ENOPROTOOPT;
      setOptionValue(socket, SOL_SOCKET, option, flag);
      applyFlag(socket, option, flag);
      return 0;
  }
}

function getOption(task: Thread, socket: Socket, option: number): Uint8Array | number {
  const timeout = timeoutOf(option);
  if (timeout !== undefined) return timeoutBytes(task, socket, timeout);
  switch (option) {
    case SO_NAMES.SO_TYPE:
      return words(socket instanceof InternetSocket || socket instanceof LocalSocket ? TYPES[socket.kind] : SOCK.RAW);
    case SO_NAMES.SO_DOMAIN:
      return words(familyOf(socket).domain(socket));
    case SO_NAMES.SO_PROTOCOL:
      return words(familyOf(socket).protocol(socket));
    case SO_NAMES.SO_ERROR:
      return words(socket.takeError());
    case SO_NAMES.SO_ACCEPTCONN:
      return words(socket.isListening ? 1 : 0);
    case SO_NAMES.SO_PASSCRED:
      return words(socket.passesCredentials ? 1 : 0);
    case SO_NAMES.SO_SNDBUF:
      return words(socket.sendBufferBytes);
    case SO_NAMES.SO_RCVBUF:
      return words(socket.receiveBufferBytes);
    case SO_NAMES.SO_RCVLOWAT:
      return words(socket.lowWater);
    case SO_NAMES.SO_SNDLOWAT:
      return words(1);
    case SO_NAMES.SO_REUSEADDR:
      return words(optionValue(socket, SOL_SOCKET, option) ?? 0);
    case SO_NAMES.SO_REUSEPORT:
      return words(socket instanceof InternetSocket && socket.reusesPort ? 1 : 0);
    case SO_NAMES.SO_COOKIE:
      return words(socket.inode, 0);
    case SO_NAMES.SO_PEERCRED: {
      const peer = socket instanceof LocalSocket ? socket.peerIdentity : undefined;
      return peer === undefined ? words(0, -1, -1) : words(peer.process, peer.user, peer.group);
    }
    case SO_NAMES.SO_LINGER:
      return optionBytes(socket, SOL_SOCKET, option) ?? new Uint8Array(LINGER_BYTES);
    case SO_NAMES.SO_BINDTODEVICE:
      return optionBytes(socket, SOL_SOCKET, option) ?? new Uint8Array(0);
    default:
      if (option in NUMBERS) return words(optionValue(socket, SOL_SOCKET, option) ?? NUMBERS[option]);
      return FLAGS.includes(option) ? words(optionValue(socket, SOL_SOCKET, option) ?? 0) : -Errno.ENOPROTOOPT;
  }
}

function applyFlag(socket: Socket, option: number, value: number): void {
  if (socket instanceof StreamSocket && option === SO_NAMES.SO_KEEPALIVE) socket.set('keepAlive', value);
  if (!(socket instanceof DatagramSocket) || option !== SO_NAMES.SO_BROADCAST) return;
  socket.mayBroadcast = value !== 0;
  socket.set('broadcast', value);
}

type Timeout = { readonly direction: 'receiveTimeout' | 'sendTimeout'; readonly isWide: boolean };

function timeoutOf(option: number): Timeout | undefined {
  switch (option) {
    case SO_NAMES.SO_RCVTIMEO:
    case SO_NAMES.SO_RCVTIMEO_NEW:
      return { direction: 'receiveTimeout', isWide: option === SO_NAMES.SO_RCVTIMEO_NEW };
    case SO_NAMES.SO_SNDTIMEO:
    case SO_NAMES.SO_SNDTIMEO_NEW:
      return { direction: 'sendTimeout', isWide: option === SO_NAMES.SO_SNDTIMEO_NEW };
    default:
      return undefined;
  }
}

/** sock_set_timeout (net/core/sock.c): zero is for ever, negative is at once. */
function setTimeout(task: Thread, socket: Socket, { direction, isWide }: Timeout, at: number, length: number): number {
  const layout = isWide ? timeval : layoutFor(task, timeval);
  if (length < layout.sizeInBytes) return -Errno.EINVAL;
  const bytes = task.user.read(at, layout.sizeInBytes);
  if (bytes === undefined) return -Errno.EFAULT;
  const { seconds, microseconds } = layout.decode(bytes);
  if (microseconds < 0 || microseconds >= 1e6) return -Errno.EDOM;
  const limit = seconds < 0 ? 1 : seconds * 1e9 + microseconds * 1000;
  socket[direction] = limit === 0 || seconds > Number.MAX_SAFE_INTEGER / 1e10 ? undefined : limit;
  return 0;
}

function timeoutBytes(task: Thread, socket: Socket, { direction, isWide }: Timeout): Uint8Array {
  const layout = isWide ? timeval : layoutFor(task, timeval);
  const limit = socket[direction] ?? 0;
  if (layout.sizeInBytes === WIDE_TIMEVAL_BYTES || limit > 1)
    return layout.encode({ seconds: Math.floor(limit / 1e9), microseconds: Math.floor((limit % 1e9) / 1000) });
  return layout.encode({});
}

function setLinger(task: Thread, socket: Socket, at: number, length: number): number {
  if (length < LINGER_BYTES) return -Errno.EINVAL;
  const bytes = task.user.read(at, LINGER_BYTES);
  if (bytes === undefined) return -Errno.EFAULT;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const isOn = view.getInt32(0, true) !== 0;
  view.setInt32(0, isOn ? 1 : 0, true);
  setOptionValue(socket, SOL_SOCKET, SO_NAMES.SO_LINGER, bytes);
  if (socket instanceof StreamSocket) socket.linger = isOn ? view.getInt32(4, true) : undefined;
  return 0;
}

/** SO_BINDTODEVICE: any interface of this machine; routes are the host's. */
function bindToDevice(task: Thread, socket: Socket, at: number, length: number): number {
  if (length < 0) return -Errno.EINVAL;
  const bytes = task.user.read(at, Math.min(length, MOST_INTERFACE_NAME_BYTES));
  if (bytes === undefined) return -Errno.EFAULT;
  const [wanted] = String.fromCharCode(...bytes).split('\0');
  const isKnown = task.kernel.internet.network.port.interfaces().some((each) => each.name === wanted);
  if (wanted !== '' && !isKnown) return -Errno.ENODEV;
  const kept = Uint8Array.from(wanted === '' ? '' : `${wanted}\0`, (each) => each.charCodeAt(0));
  setOptionValue(socket, SOL_SOCKET, SO_NAMES.SO_BINDTODEVICE, kept);
  return 0;
}

/** The kernel takes double what is asked for, since its own records count too (man 7 socket). */
function doubled(task: Thread, force: boolean, value: number, least: number): number {
  const isForced = force && task.process.credentials.effectiveUser === 0;
  const granted = Math.min(value >>> 0, isForced ? LARGEST_FORCED_BUFFER : LARGEST_BUFFER);
  return Math.max(least, granted * 2);
}

function nameIn(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((each) => names[each] === value) ?? `0x${(value >>> 0).toString(16)}`;
}

function words(...values: number[]): Uint8Array {
  return new Uint8Array(new Int32Array(values).buffer);
}
