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
