// The strings and content that add_key(2), request_key(2) and keyctl(2) take from a program (security/keys/keyctl.c).
import { Errno, fromBytes, type Thread } from '@elf/kernel';

const TYPE_BYTES = 32;
const LONGEST_PAYLOAD = (1 << 20) - 1;

/** A string of fewer than `limit` bytes; a negated error (strndup_user). */
export function readString(task: Thread, at: number, limit: number): string | number {
  const bytes = task.user.readCString(at, limit);
  if (bytes === undefined) return -Errno.EFAULT;
  return bytes.length >= limit ? -Errno.EINVAL : fromBytes(bytes);
}

/** The name of a type; those with a full stop in front are the kernel's. */
export function readType(task: Thread, at: number): string | number {
  const name = readString(task, at, TYPE_BYTES);
  if (typeof name === 'number') return name;
  if (name === '') return -Errno.EINVAL;
  return name.startsWith('.') ? -Errno.EPERM : name;
}

/** A copy of the content; a negated error. */
export function readPayload(task: Thread, at: number, length: number): Uint8Array | number {
  if (length > LONGEST_PAYLOAD) return -Errno.EINVAL;
  if (length === 0) return new Uint8Array(0);
  return task.user.read(at, length)?.slice() ?? -Errno.EFAULT;
}
