// struct iovec arrays in guest memory as one buffer.
import { Errno, GuestBuffer, type Thread } from '@elf/kernel';
import { readWord } from './abi/words.ts';
import { VectorBuffer } from './vector-buffer.ts';

/** IOV_MAX (include/uapi/linux/uio.h). */
const MAXIMUM_VECTORS = 1024;
/** MAX_RW_COUNT: no transfer is longer. */
export const MAXIMUM_TRANSFER_BYTES = 0x7fff_f000;

/** Reads `count` vectors: one buffer over all of them, which keeps a vectored transfer whole, or a negated error. */
export function gatherVectors(task: Thread, vectors: number, count: number): VectorBuffer | number {
  if (count < 0 || count > MAXIMUM_VECTORS) return -Errno.EINVAL;
  const parts: GuestBuffer[] = [];
  let total = 0;
  for (let index = 0; index < count; index++) {
    const at = vectors + index * 2 * task.wordBytes;
    const start = readWord(task, at);
    const length = readWord(task, at + task.wordBytes);
    if (start === undefined || length === undefined) return -Errno.EFAULT;
    if (length > Number.MAX_SAFE_INTEGER) return -Errno.EINVAL;
    const taken = Math.min(length, MAXIMUM_TRANSFER_BYTES - total);
    if (taken > 0) parts.push(new GuestBuffer(task.user, start, taken));
    total += taken;
  }
  return new VectorBuffer(task.user, parts, total);
}
