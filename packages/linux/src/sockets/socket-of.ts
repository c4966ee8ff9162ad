// The socket behind a descriptor, and the names of addresses.
import {
  Errno,
  LocalSocket,
  type OpenDescription,
  type PrintedCall,
  printPointer,
  quote,
  type Thread,
} from '@elf/kernel';
import { describe } from '../files-at.ts';
import { readUnixAddress } from './unix-address.ts';

/** A descriptor that is a socket. */
export interface OpenSocket {
  readonly socket: LocalSocket;
  readonly description: OpenDescription;
}

/** The socket of a descriptor: -EBADF, or -ENOTSOCK for another kind of file. */
export function socketOf(task: Thread, fd: number): OpenSocket | number {
  const description = describe(task, fd);
  if (typeof description === 'number' || description.mode.pathOnly) return -Errno.EBADF;
  const { control } = description.file;
  return control instanceof LocalSocket ? { socket: control, description } : -Errno.ENOTSOCK;
}

/** An address the call reads, whose length is the argument behind it. */
export const addressIn = {
  decode: (raw: { low: Int32Array; high: Int32Array }, index: number) =>
    (raw.high[index] >>> 0) * 4294967296 + (raw.low[index] >>> 0),
  print: (at: number, call: PrintedCall, index: number) => {
    const text = at === 0 ? -1 : readUnixAddress(call.task, at, call.low[index + 1]);
    return typeof text === 'number' ? printPointer(call, index) : printAddress(text);
  },
};

/** As strace prints it. */
export function printAddress(text: string): string {
  if (text === '') return '{sa_family=AF_UNIX}';
  return text.startsWith('\0')
    ? `{sa_family=AF_UNIX, sun_path=@${quote(text.slice(1))}}`
    : `{sa_family=AF_UNIX, sun_path=${quote(text)}}`;
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
