// ioctl(2) on sockets: what they have queued, and what the machine's interfaces are (man 7 netdevice, man 7 tcp).
import { addressBytes, Errno, type NetworkInterface, type Socket, StreamSocket, type Thread } from '@elf/kernel';
import { AF_NAMES } from '../abi/flags/socket-flags.ts';
import { hasCapability } from '../capabilities.ts';
import { readWord, writeWord } from '../abi/words.ts';
import {
  broadcastBytes,
  hardwareKind,
  interfaceFlags,
  maskBytes,
  QUEUE_LENGTH,
  SHORT_FLAGS,
  versionFourOf,
} from './interface-facts.ts';

// biome-ignore format: a table
export const SOCKET_REQUESTS = {
  SIOCOUTQ: 0x5411, SIOCATMARK: 0x8905, SIOCGIFNAME: 0x8910, SIOCGIFCONF: 0x8912, SIOCGIFFLAGS: 0x8913, SIOCSIFFLAGS: 0x8914, SIOCGIFADDR: 0x8915,
  SIOCSIFADDR: 0x8916, SIOCGIFDSTADDR: 0x8917, SIOCGIFBRDADDR: 0x8919, SIOCGIFNETMASK: 0x891b, SIOCGIFMETRIC: 0x891d, SIOCGIFMTU: 0x8921,
  SIOCSIFMTU: 0x8922, SIOCGIFHWADDR: 0x8927, SIOCGIFINDEX: 0x8933, SIOCGIFTXQLEN: 0x8942, SIOCETHTOOL: 0x8946, SIOCGIFMAP: 0x8970,
} as const;

const R = SOCKET_REQUESTS;
const NAME_BYTES = 16;
/** The union behind the name in struct ifreq: a socket address, or struct ifmap with longs. */
const unionBytes = ({ wordBytes }: Thread) => (wordBytes === 4 ? 16 : 24);
const CAP_NET_ADMIN = 12;
/** Requests that change something. */
const CHANGES: readonly number[] = [R.SIOCSIFFLAGS, R.SIOCSIFADDR, R.SIOCSIFMTU];

/** Serves a request of a socket, or returns undefined when it is none. */
export function socketRequest(task: Thread, socket: Socket, request: number, argument: number): number | undefined {
  switch (request) {
    case R.SIOCOUTQ:
      return task.user.writeU32(argument, socket.unsent) ? 0 : -Errno.EFAULT;
    case R.SIOCATMARK:
      if (!(socket instanceof StreamSocket)) return undefined;
      return task.user.writeU32(argument, socket.isAtMark ? 1 : 0) ? 0 : -Errno.EFAULT;
    case R.SIOCGIFCONF:
      return listInterfaces(task, argument);
    case R.SIOCETHTOOL:
      return -Errno.EOPNOTSUPP;
    default:
      if (CHANGES.includes(request)) return changeRequest(task, request, argument);
      return Object.values<number>(R).includes(request) ? interfaceRequest(task, request, argument) : undefined;
  }
}

function interfacesOf({ kernel }: Thread): readonly NetworkInterface[] {
  return kernel.internet.network.port.interfaces();
}

/** struct ifconf: a length and where to write one struct ifreq for each interface with a version 4 address. */
function listInterfaces(task: Thread, at: number): number {
  const room = task.user.readI32(at);
  const target = readWord(task, at + task.wordBytes);
  if (room === undefined || target === undefined) return -Errno.EFAULT;
  const each = NAME_BYTES + unionBytes(task);
  let used = 0;
  for (const link of interfacesOf(task)) {
    const own = versionFourOf(link);
    if (own === undefined) continue;
    if (target !== 0) {
      if (used + each > room) break;
      const bytes = new Uint8Array(each);
      bytes.set(nameBytes(link.name));
      bytes.set(addressStructure(addressBytes(own.address)), NAME_BYTES);
      if (!task.user.write(target + used, bytes)) return -Errno.EFAULT;
    }
    used += each;
  }
  return task.user.writeU32(at, used) ? 0 : -Errno.EFAULT;
}

/** struct ifreq: a name, and what is asked about it. */
function interfaceRequest(task: Thread, request: number, at: number): number {
  const given = task.user.read(at, NAME_BYTES);
  const union = at + NAME_BYTES;
  const index = task.user.readI32(union);
  if (given === undefined || index === undefined) return -Errno.EFAULT;
  const interfaces = interfacesOf(task);
  if (request === R.SIOCGIFNAME) {
    const found = interfaces.find((each) => each.index === index);
    if (found === undefined) return -Errno.ENODEV;
    return task.user.write(at, nameBytes(found.name)) ? 0 : -Errno.EFAULT;
  }
  const [name] = String.fromCharCode(...given).split('\0');
  const link = interfaces.find((each) => each.name === name);
  if (link === undefined) return -Errno.ENODEV;
  const answer = answerOf(link, request);
  if (typeof answer === 'number') return answer;
  // A map's first fields are longs.
  if (request === R.SIOCGIFMAP)
    return writeWord(task, union, 0) && writeWord(task, union + task.wordBytes, 0) ? 0 : -Errno.EFAULT;
  return task.user.write(union, answer) ? 0 : -Errno.EFAULT;
}

/** The interfaces are the host's: what leaves one as it is succeeds (bringing "lo" up), all else is EPERM. */
function changeRequest(task: Thread, request: number, at: number): number {
  if (!hasCapability(task.process, CAP_NET_ADMIN)) return -Errno.EPERM;
  const given = task.user.read(at, NAME_BYTES + unionBytes(task));
  if (given === undefined) return -Errno.EFAULT;
  const [name] = String.fromCharCode(...given.subarray(0, NAME_BYTES)).split('\0');
  const link = interfacesOf(task).find((each) => each.name === name);
  if (link === undefined) return -Errno.ENODEV;
  const wanted = new DataView(given.buffer, given.byteOffset + NAME_BYTES);
  switch (request) {
    case R.SIOCSIFFLAGS:
      return ((wanted.getUint16(0, true) ^ interfaceFlags(link)) & SETTABLE_FLAGS) === 0 ? 0 : -Errno.EPERM;
    case R.SIOCSIFADDR: {
      const own = versionFourOf(link);
      const isOwn =
        own !== undefined && addressBytes(own.address).every((byte, index) => byte === wanted.getUint8(4 + index));
      return isOwn ? 0 : -Errno.EPERM;
    }
    default:
      return wanted.getInt32(0, true) === link.largestPacket ? 0 : -Errno.EPERM;
  }
}

/** IFF_UP, IFF_DEBUG, IFF_NOTRAILERS, IFF_NOARP, IFF_PROMISC and IFF_ALLMULTI: of the others nothing can be set. */
const SETTABLE_FLAGS = 0x3a5;

function answerOf(link: NetworkInterface, request: number): Uint8Array | number {
  const own = versionFourOf(link);
  const ofAddress = (bytes: (address: NonNullable<typeof own>) => Uint8Array) =>
    own === undefined ? -Errno.EADDRNOTAVAIL : addressStructure(bytes(own));
  switch (request) {
    case R.SIOCGIFFLAGS:
      return Uint8Array.from([interfaceFlags(link) & 255, (interfaceFlags(link) & SHORT_FLAGS) >> 8]);
    case R.SIOCGIFADDR:
    case R.SIOCGIFDSTADDR:
      return ofAddress(({ address }) => addressBytes(address));
    case R.SIOCGIFBRDADDR:
      return ofAddress((address) => (link.isLoopback ? new Uint8Array(4) : broadcastBytes(address)));
    case R.SIOCGIFNETMASK:
      return ofAddress(maskBytes);
    case R.SIOCGIFMTU:
      return word(link.largestPacket);
    case R.SIOCGIFHWADDR: {
      const bytes = new Uint8Array(16);
      new DataView(bytes.buffer).setUint16(0, hardwareKind(link), true);
      bytes.set(link.hardwareAddress, 2);
      return bytes;
    }
    case R.SIOCGIFINDEX:
      return word(link.index);
    case R.SIOCGIFTXQLEN:
      return word(QUEUE_LENGTH);
    default:
      return word(0);
  }
}

/** A struct sockaddr_in without a port. */
function addressStructure(address: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[0] = AF_NAMES.AF_INET;
  bytes.set(address, 4);
  return bytes;
}

function nameBytes(name: string): Uint8Array {
  const bytes = new Uint8Array(NAME_BYTES);
  bytes.set(Uint8Array.from(name.slice(0, NAME_BYTES - 1), (each) => each.charCodeAt(0)));
  return bytes;
}

function word(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}
