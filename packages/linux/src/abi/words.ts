// Words in guest memory as the call in progress sees them: 8 bytes, or 4 for a call of the i386 ABI.
import type { Thread } from '@elf/kernel';

/** An unsigned word; undefined where it cannot be read. */
export function readWord(task: Thread, at: number): number | undefined {
  return task.wordBytes === 4 ? task.user.readU32(at) : task.user.readAddress(at);
}

/** Stores a word; false where it cannot be written. */
export function writeWord(task: Thread, at: number, value: number): boolean {
  return task.wordBytes === 4 ? task.user.writeU32(at, value) : task.user.writeAddress(at, value);
}

/** The variant of i386 rows whose offsets in memory have 64 bits, such as sendfile64. */
export const WIDE_OFFSETS = 'offset64';

const hasWideOffsets = (task: Thread) => task.wordBytes === 8 || task.call?.row.variant === WIDE_OFFSETS;

/** A file offset in memory: loff_t, or off_t of the older i386 calls. */
export function readOffset(task: Thread, at: number): number | undefined {
  return hasWideOffsets(task) ? task.user.readAddress(at) : task.user.readU32(at);
}

/** Stores a file offset; false where it cannot be written. */
export function writeOffset(task: Thread, at: number, value: number): boolean {
  return hasWideOffsets(task) ? task.user.writeAddress(at, value) : task.user.writeU32(at, value);
}
