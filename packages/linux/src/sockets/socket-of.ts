// The socket behind a descriptor, its family, and addresses as arguments.
import {
  Errno,
  InternetSocket,
  LocalSocket,
  type PrintedCall,
  printPointer,
  quote,
  type RawArguments,
  Socket,
  type Thread,
  unsignedArgument,
} from '@elf/kernel';
import { AF_NAMES } from '../abi/flags/socket-flags.ts';
import { describe } from '../files-at.ts';
import { printInternetAddress } from './internet-address.ts';
import { internetFamily } from './internet-family.ts';
import { netlinkFamily, printNetlinkAddress } from './netlink-family.ts';
import type { OpenSocket, SocketFamily } from './socket-family.ts';
import { unixFamily } from './unix-family.ts';

const LONGEST_PRINTED_ADDRESS = 128;

/** The socket of a descriptor: -EBADF, or -ENOTSOCK for another kind of file. */
export function socketOf(task: Thread, fd: number): OpenSocket | number {
  const description = describe(task, fd);
  if (typeof description === 'number' || description.mode.pathOnly) return -Errno.EBADF;
  const { control } = description.file;
  return control instanceof Socket ? { socket: control, description } : -Errno.ENOTSOCK;
}

/** What the socket's family does. */
export function familyOf(socket: Socket): SocketFamily {
  const family =
    socket instanceof LocalSocket ? unixFamily : socket instanceof InternetSocket ? internetFamily : netlinkFamily;
  return family as SocketFamily;
}

/** An address the call reads, whose length is the argument behind it. */
export const addressIn = {
  decode: (raw: RawArguments, index: number) => unsignedArgument(raw, index),
  print: (at: number, call: PrintedCall, index: number) =>
    printAt(call, at, call.low[index + 1]) ?? printPointer(call, index),
};

/** An address the call stores, with its length where the argument behind it points. */
export const addressOut = {
  decode: (raw: RawArguments, index: number) => unsignedArgument(raw, index),
  print: (at: number, call: PrintedCall, index: number) => {
    const length = call.task.user.readI32(unsignedArgument(call, index + 1));
    const hasFailed = call.result === undefined || call.result < 0;
    return (hasFailed || length === undefined ? undefined : printAt(call, at, length)) ?? printPointer(call, index);
  },
};

/** A length in memory: the call's before, what was stored afterwards. */
export const lengthOut = {
  decode: (raw: RawArguments, index: number) => unsignedArgument(raw, index),
  print: (at: number, call: PrintedCall, index: number) => {
    const length = at === 0 ? undefined : call.task.user.readI32(at);
    return length === undefined ? printPointer(call, index) : `[${length}]`;
  },
};

function printAt(call: PrintedCall, at: number, length: number): string | undefined {
  if (at === 0 || length < 2 || length > LONGEST_PRINTED_ADDRESS) return undefined;
  const bytes = call.task.user.read(at, length);
  return bytes && printAddress(bytes);
}

/** As strace prints it; undefined for families it is better shown as a pointer. */
function printAddress(bytes: Uint8Array): string | undefined {
  const family = bytes[0] + bytes[1] * 256;
  if (family === AF_NAMES.AF_NETLINK) return printNetlinkAddress(bytes);
  if (family !== AF_NAMES.AF_UNIX) return printInternetAddress(bytes);
  const text = String.fromCharCode(...bytes.subarray(2));
  if (text === '') return '{sa_family=AF_UNIX}';
  const [path] = text.split('\0');
  return text.startsWith('\0')
    ? `{sa_family=AF_UNIX, sun_path=@${quote(text.slice(1))}}`
    : `{sa_family=AF_UNIX, sun_path=${quote(path)}}`;
}

/** Stores an address as far as there is room, and its real length. 0 or a negated error. */
export function storeAddress(task: Thread, at: number, lengthAt: number, bytes: Uint8Array): number {
  if (at === 0) return 0;
  const room = task.user.readI32(lengthAt);
  if (room === undefined) return -Errno.EFAULT;
  if (room < 0) return -Errno.EINVAL;
  const stored = task.user.write(at, bytes.subarray(0, room)) && task.user.writeU32(lengthAt, bytes.length);
  return stored ? 0 : -Errno.EFAULT;
}
