// struct sockaddr_nl and the calls of AF_NETLINK sockets (man 7 netlink).
import { Errno, Socket, type Thread } from '@elf/kernel';
import { AF_NAMES, SOL_NAMES } from '../abi/flags/socket-flags.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import type { SocketFamily } from './socket-family.ts';

const ADDRESS_BYTES = 12;
/** Highest option of SOL_NETLINK (NETLINK_GET_STRICT_CHK). */
const LAST_OPTION = 12;

export const netlinkFamily: SocketFamily = {
  domain: () => AF_NAMES.AF_NETLINK,
  protocol: () => 0,
  bind: (task, socket, at, length) => {
    const given = readNetlink(task, at, length);
    if (typeof given === 'number') return given;
    if (!(socket instanceof NetlinkSocket)) return -Errno.EOPNOTSUPP;
    if (socket.port !== 0 && given.port !== socket.port) return -Errno.EINVAL;
    socket.port = given.port === 0 ? freePort(task) : given.port;
    socket.groups = given.groups;
    return 0;
  },
  connect: (task, { socket }, at, length) => {
    const given = readNetlink(task, at, length);
    if (typeof given === 'number') return given;
    if (given.port !== 0) return -Errno.ECONNREFUSED;
    if (socket instanceof NetlinkSocket && socket.port === 0) socket.port = freePort(task);
    return 0;
  },
  target: (task, _socket, at, length) => {
    const given = readNetlink(task, at, length);
    if (typeof given === 'number') return given;
    // Processes do not talk to each other this way.
    return given.port === 0 ? undefined : -Errno.ECONNREFUSED;
  },
  localName: (socket) =>
    socket instanceof NetlinkSocket ? netlinkBytes(socket.port, socket.groups) : new Uint8Array(0),
  peerName: () => netlinkBytes(0, 0),
  senderName: (_socket, { isMessage }) => (isMessage ? netlinkBytes(0, 0) : new Uint8Array(0)),
};

/** As strace prints it. */
export function printNetlinkAddress(bytes: Uint8Array): string | undefined {
  if (bytes.length < ADDRESS_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const groups = view.getUint32(8, true);
  return `{sa_family=AF_NETLINK, nl_pid=${view.getUint32(4, true)}, nl_groups=${groups.toString(16).padStart(8, '0')}}`;
}

/** Options about what is told of errors and groups change nothing here. */
export function setNetlinkOption(level: number, name: number): number {
  return level === SOL_NAMES.SOL_NETLINK && name >= 1 && name <= LAST_OPTION ? 0 : -Errno.ENOPROTOOPT;
}

function readNetlink(task: Thread, at: number, length: number): { port: number; groups: number } | number {
  if (length < ADDRESS_BYTES) return -Errno.EINVAL;
  const bytes = task.user.read(at, ADDRESS_BYTES);
  if (bytes === undefined) return -Errno.EFAULT;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint16(0, true) !== AF_NAMES.AF_NETLINK) return -Errno.EINVAL;
  return { port: view.getUint32(4, true), groups: view.getUint32(8, true) };
}

function netlinkBytes(port: number, groups: number): Uint8Array {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_NAMES.AF_NETLINK, true);
  view.setUint32(4, port, true);
  view.setUint32(8, groups, true);
  return bytes;
}

/** The process's number for its first socket, others count down from the top (netlink_autobind). */
function freePort({ process }: Thread): number {
  const taken = new Set<number>();
  for (const number of process.descriptors.numbers()) {
    const control = process.descriptors.get(number)?.file.control;
    if (control instanceof Socket && control instanceof NetlinkSocket) taken.add(control.port);
  }
  let port = process.id;
  for (let next = 0xffff_f000; taken.has(port); next--) port = next; // not a page size: -4096 as a port
  return port;
}
