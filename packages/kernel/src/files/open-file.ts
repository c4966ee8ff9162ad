// An open file as the kernel uses it: regular file, directory, pipe end, device or terminal behind one interface.
import type { Backing } from '@elf/mm';
import type { WaitQueue } from '../wait-queue.ts';
import type { FileSeals } from './file-seals.ts';
import type { FileStatus } from './file-status.ts';
import type { PipeCapacity } from './pipe.ts';
import type { TerminalControl } from './terminal-file.ts';

/** Readiness bits (the values of poll(2)). Streams tell ReadNormal with Readable and WriteNormal with Writable, counters do not. */
// biome-ignore format: a table
export const Readiness = {
  Readable: 1, Priority: 2, Writable: 4, Error: 8, HangUp: 16, ReadNormal: 0x40, WriteNormal: 0x100, WriteBand: 0x200, ReadHangUp: 0x2000,
} as const;

/** One entry of a directory. */
export interface DirectoryEntry {
  /** Byte string. */
  readonly name: string;
  readonly inode: number;
  /** Type bits of the mode; 0 when unknown. */
  readonly type: number;
}

/**
 * An open file. Nothing here blocks: a read or write that would have to wait returns -EAGAIN, and the caller waits on `changes`.
 * Failures are negated error numbers.
 */
export interface OpenFile {
  /** True when reads and writes happen at a position that lseek moves. */
  readonly isSeekable: boolean;
  /** A stream on which lseek does nothing and says so with position 0 (noop_llseek of Linux). */
  readonly ignoresSeek?: boolean;
  status(): FileStatus | number;
  /** Fills `target` from `position` (ignored by streams). Returns bytes read, 0 at the end. */
  read(target: Uint8Array, position: number): number;
  /** Writes bytes at `position` (ignored by streams). Returns bytes written. */
  write(bytes: Uint8Array, position: number): number;
  /** {@link Readiness} bits now. */
  readiness(): number;
  /** Woken whenever `readiness` may have changed; absent for files that are always ready. */
  readonly changes?: WaitQueue;
  /** Called when the last descriptor of it is closed. */
  close(): void;
  /** Mappings count as descriptors here: a file of the tree hears `close` after the last of both. */
  readonly closesWithMappings?: boolean;
  /** The entries of a directory, without "." and "..". */
  entries?(): DirectoryEntry[] | number;
  /** Where SEEK_END goes when that is not the size `status` tells (a block device). */
  end?(): number;
  truncate?(length: number): number;
  /** Makes [start, end) zeros without changing the size (FALLOC_FL_PUNCH_HOLE). Files of a machine's tree have it when they can be mapped. */
  punchHole?(start: number, end: number): number;
  /** Makes room for bytes that will be stored (fallocate). 0 or -ENOSPC; absent where nobody knows. */
  reserve?(start: number, length: number): number;
  /** Where the next data or the next hole begins; the size where there is none. Absent: the file is one piece of data. */
  seekContent?(position: number, kind: 'data' | 'hole'): number;
  synchronize?(): number;
  /** Of a file opened without a name (O_TMPFILE): gives it one within its file system. */
  nameAs?(path: string): number;
  setMode?(mode: number): number;
  setOwner?(user: number, group: number): number;
  setTimes?(access: bigint | undefined, modify: bigint | undefined): number;
  /** Present on memory files: changes that are ruled out for good. */
  readonly seals?: FileSeals;
  /** The object behind a file that has calls of its own (a timer, an interest list, a socket); those know it by its class. */
  readonly control?: object;
  /** Present on terminals. */
  readonly terminal?: TerminalControl;
  /** What mmap maps; absent when the file cannot be mapped. */
  backing?(): Backing | undefined;
  /** The `identity` that backings of this file have, when there may be some: by it reads and writes find pages that are mapped. */
  mappedAs?(): object | undefined;
  /** Present on the ends of pipes and FIFOs. */
  readonly pipeCapacity?: PipeCapacity;
  /** Of a FIFO: true while open(2) has to wait for the other end to be opened. */
  awaitsPeer?(): boolean;
  /** Bytes that a read would return now (FIONREAD); absent when unknown. */
  available?(): number;
  /** Monotonic nanoseconds at which a transfer that begins now stops to wait, with -EAGAIN; absent or undefined: never. */
  deadline?(direction: 'read' | 'write'): number | undefined;
  /** What a read gets when its deadline passes, in place of -EAGAIN. */
  readLate?(target: Uint8Array): number;
  /** What /proc/PID/fd shows for something without a path, such as "pipe:[3]". */
  readonly anonymousName?: string;
  /** Where a description of it starts; 0 when absent (an inherited descriptor stands elsewhere). */
  readonly startPosition?: number;
}
