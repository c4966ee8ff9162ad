// struct msghdr and mmsghdr in guest memory, with words of the caller's width (man 2 recv, net/compat.c).
import { Errno, type Thread } from '@elf/kernel';
import { readWord, writeWord } from '../abi/words.ts';

/** A header as read. Addresses are guest addresses, lengths bytes. */
export interface MessageHeader {
  readonly name: number;
  readonly nameLength: number;
  /** Where the length stands. */
  readonly nameLengthAt: number;
  readonly vectors: number;
  readonly vectorCount: number;
  readonly control: number;
  readonly controlLength: number;
}

/** The name's length has 32 bits and is followed by padding where words have 64: every field starts at a multiple of the word. */
const FIELDS = 7;

/** Reads a header; a negated error where it cannot be read or is none (net/socket.c, __copy_msghdr). */
export function readHeader(task: Thread, at: number): MessageHeader | number {
  const { wordBytes, user } = task;
  const [name, , vectors, vectorCount, control, controlLength] = [0, 1, 2, 3, 4, 5].map((field) =>
    field === 1 ? 0 : readWord(task, at + field * wordBytes),
  );
  const nameLengthAt = at + wordBytes;
  const nameLength = user.readI32(nameLengthAt);
  if (name === undefined || nameLength === undefined || vectors === undefined || vectorCount === undefined)
    return -Errno.EFAULT;
  if (control === undefined || controlLength === undefined) return -Errno.EFAULT;
  if (name !== 0 && nameLength < 0) return -Errno.EINVAL;
  return { name, nameLength, nameLengthAt, vectors, vectorCount, control, controlLength };
}

/** Stores what was used of the control buffer and the MSG_ marks; false where that cannot be written. */
export function writeHeaderResult(task: Thread, at: number, controlUsed: number, marks: number): boolean {
  const { wordBytes, user } = task;
  return writeWord(task, at + 5 * wordBytes, controlUsed) && user.writeU32(at + 6 * wordBytes, marks);
}

/** Bytes of a struct msghdr, and of a struct mmsghdr: the header, the length that came of it, and padding. */
export function multipleBytes({ wordBytes }: Thread): { readonly header: number; readonly each: number } {
  const header = FIELDS * wordBytes;
  return { header, each: header + wordBytes };
}
