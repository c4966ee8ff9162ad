// setsockopt(2), getsockopt(2): options of sockets between processes.
import { address, defineSystemCall, descriptor, Errno, int, type LocalSocket, oneOf, type Thread } from '@elf/kernel';
import { AF_NAMES, SO_NAMES, SOCK, SOL_NAMES } from '../abi/flags/socket-flags.ts';
import { socketOf } from '../sockets/socket-of.ts';

/** SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF and net.core.wmem_max (include/net/sock.h). */
const SMALLEST_SEND_BUFFER = 4608;
const SMALLEST_RECEIVE_BUFFER = 2304;
const LARGEST_BUFFER = 212_992;
const TYPES = { stream: SOCK.STREAM, datagram: SOCK.DGRAM, sequenced: SOCK.SEQPACKET } as const;
const TIMEVAL_BYTES = 16;
const LINGER_BYTES = 8;
/** Options that are remembered as given and act on nothing here. */
const REMEMBERED: readonly number[] = [
  SO_NAMES.SO_DEBUG,
  SO_NAMES.SO_REUSEADDR,
  SO_NAMES.SO_DONTROUTE,
  SO_NAMES.SO_BROADCAST,
  SO_NAMES.SO_KEEPALIVE,
  SO_NAMES.SO_OOBINLINE,
  SO_NAMES.SO_TIMESTAMP,
];
const level = oneOf(SOL_NAMES);
const name = oneOf(SO_NAMES);

interface Remembered {
  readonly flags: Map<number, number>;
  priority: number;
  lowWater: number;
  readonly structures: Map<number, Uint8Array>;
}

const remembered = /* @__PURE__ */ new WeakMap<LocalSocket, Remembered>();

export const setsockopt = defineSystemCall({
  name: 'setsockopt',
  numbers: { 'x86-64': 54, i386: 366 },
  support: 'partial',
  note: 'Timeouts act on the calls of sockets, not on read and write; filters are ENOPROTOOPT.',
  arguments: { fd: descriptor, level, name, value: address, length: int },
  run: (task, values) => {
    const open = socketOf(task, values.fd);
    if (typeof open === 'number') return open;
    if (values.length < 0) return -Errno.EINVAL;
    if (values.level !== SOL_NAMES.SOL_SOCKET) return -Errno.EOPNOTSUPP;
    return setOption(task, open.socket, values.name, values.value, values.length);
  },
});

export const getsockopt = defineSystemCall({
  name: 'getsockopt',
  numbers: { 'x86-64': 55, i386: 365 },
  support: 'partial',
  note: 'The options of SOL_SOCKET that mean something between processes.',
  arguments: { fd: descriptor, level, name, value: address, length: address },
  run: (task, values) => {
    const open = socketOf(task, values.fd);
    if (typeof open === 'number') return open;
    if (values.level !== SOL_NAMES.SOL_SOCKET) return -Errno.EOPNOTSUPP;
    const room = task.user.readI32(values.length);
    if (room === undefined) return -Errno.EFAULT;
    if (room < 0) return -Errno.EINVAL;
    const answer = getOption(open.socket, values.name);
    if (typeof answer === 'number') return answer;
    const stored = answer.subarray(0, room);
    return task.user.write(values.value, stored) && task.user.writeU32(values.length, stored.length)
      ? 0
      : -Errno.EFAULT;
  },
});

/** SO_RCVTIMEO or SO_SNDTIMEO in nanoseconds; undefined: no limit. */
export function socketTimeout(socket: LocalSocket, option: 'receive' | 'send'): number | undefined {
  const number = option === 'receive' ? SO_NAMES.SO_RCVTIMEO : SO_NAMES.SO_SNDTIMEO;
  const bytes = remembered.get(socket)?.structures.get(number);
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const limit = Number(view.getBigInt64(0, true)) * 1e9 + Number(view.getBigInt64(8, true)) * 1000;
  return limit === 0 ? undefined : limit;
}

function setOption(task: Thread, socket: LocalSocket, option: number, at: number, length: number): number {
  const state = stateOf(socket);
  if (option === SO_NAMES.SO_RCVTIMEO || option === SO_NAMES.SO_SNDTIMEO || option === SO_NAMES.SO_LINGER) {
    const size = option === SO_NAMES.SO_LINGER ? LINGER_BYTES : TIMEVAL_BYTES;
    if (length < size) return -Errno.EINVAL;
    const bytes = task.user.read(at, size);
    if (bytes === undefined) return -Errno.EFAULT;
    state.structures.set(option, bytes);
    return 0;
  }
  if (length < 4) return -Errno.EINVAL;
  const value = task.user.readI32(at);
  if (value === undefined) return -Errno.EFAULT;
  switch (option) {
    case SO_NAMES.SO_PASSCRED:
      socket.passesCredentials = value !== 0;
      return 0;
    case SO_NAMES.SO_SNDBUF:
    case SO_NAMES.SO_SNDBUFFORCE:
      socket.sendBufferBytes = doubled(task, option === SO_NAMES.SO_SNDBUFFORCE, value, SMALLEST_SEND_BUFFER);
      return 0;
    case SO_NAMES.SO_RCVBUF:
    case SO_NAMES.SO_RCVBUFFORCE:
      socket.receiveBufferBytes = doubled(task, option === SO_NAMES.SO_RCVBUFFORCE, value, SMALLEST_RECEIVE_BUFFER);
      return 0;
    case SO_NAMES.SO_PRIORITY:
      state.priority = value;
      return 0;
    case SO_NAMES.SO_RCVLOWAT:
      state.lowWater = value < 0 ? 0x7fff_ffff : Math.max(1, value);
      return 0;
    case SO_NAMES.SO_REUSEPORT:
      return value === 0 ? 0 : -Errno.EOPNOTSUPP;
    case SO_NAMES.SO_TYPE:
    case SO_NAMES.SO_PROTOCOL:
    case SO_NAMES.SO_DOMAIN:
    case SO_NAMES.SO_ERROR:
    case SO_NAMES.SO_PEERCRED:
    case SO_NAMES.SO_ACCEPTCONN:
      return -Errno.ENOPROTOOPT;
    default:
      if (!REMEMBERED.includes(option)) return -Errno.ENOPROTOOPT;
      state.flags.set(option, value === 0 ? 0 : 1);
      return 0;
  }
}

function getOption(socket: LocalSocket, option: number): Uint8Array | number {
  const state = stateOf(socket);
  switch (option) {
    case SO_NAMES.SO_TYPE:
      return words(TYPES[socket.kind]);
    case SO_NAMES.SO_DOMAIN:
      return words(AF_NAMES.AF_UNIX);
    case SO_NAMES.SO_PROTOCOL:
      return words(0);
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
    case SO_NAMES.SO_PRIORITY:
      return words(state.priority);
    case SO_NAMES.SO_RCVLOWAT:
      return words(state.lowWater);
    case SO_NAMES.SO_SNDLOWAT:
      return words(1);
    case SO_NAMES.SO_REUSEPORT:
      return words(0);
    case SO_NAMES.SO_PEERCRED: {
      const peer = socket.peerIdentity;
      return peer === undefined ? words(0, -1, -1) : words(peer.process, peer.user, peer.group);
    }
    case SO_NAMES.SO_RCVTIMEO:
    case SO_NAMES.SO_SNDTIMEO:
      return state.structures.get(option) ?? new Uint8Array(TIMEVAL_BYTES);
    case SO_NAMES.SO_LINGER:
      return state.structures.get(option) ?? new Uint8Array(LINGER_BYTES);
    default:
      return REMEMBERED.includes(option) ? words(state.flags.get(option) ?? 0) : -Errno.ENOPROTOOPT;
  }
}

/** The kernel takes double what is asked for, since its own records count too (man 7 socket). */
function doubled(task: Thread, force: boolean, value: number, least: number): number {
  const isForced = force && task.process.credentials.effectiveUser === 0;
  const granted = isForced ? value : Math.min(value >>> 0, LARGEST_BUFFER);
  return Math.max(least, granted * 2);
}

function stateOf(socket: LocalSocket): Remembered {
  const known = remembered.get(socket);
  if (known !== undefined) return known;
  const made = { flags: new Map(), priority: 0, lowWater: 1, structures: new Map() };
  remembered.set(socket, made);
  return made;
}

function words(...values: number[]): Uint8Array {
  return new Uint8Array(new Int32Array(values).buffer);
}
