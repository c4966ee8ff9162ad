// Pipes (man 7 pipe): a bounded byte queue with a reading and a writing end.
import { Errno } from '../errno.ts';
import { WaitQueue } from '../wait-queue.ts';
import { anonymousStatus, FileType } from './file-status.ts';
import { type OpenFile, Readiness } from './open-file.ts';

/** Default capacity: 16 pages (man 7 pipe). */
const CAPACITY_BYTES = 65536;
/** PIPE_BUF: writes up to this length are atomic. */
const ATOMIC_BYTES = 4096;

/** The two ends of a new pipe. */
export interface Pipe {
  readonly reader: OpenFile;
  readonly writer: OpenFile;
}

/** Makes a pipe; `inode` names it in /proc and fstat. Writing without a reader returns -EPIPE (the personality adds its signal). */
export function createPipe(inode: number, now: () => bigint): Pipe {
  const changes = new WaitQueue();
  const made = now();
  const queue = new Uint8Array(CAPACITY_BYTES);
  let start = 0;
  let length = 0;
  let readers = 1;
  let writers = 1;
  const status = () =>
    anonymousStatus({
      mode: FileType.Fifo | 0o600,
      inode,
      device: 15,
      accessTime: made,
      modifyTime: made,
      changeTime: made,
    });
  const shared = { isSeekable: false, status, changes, available: () => length, anonymousName: `pipe:[${inode}]` };
  const reader: OpenFile = {
    ...shared,
    read: (target) => {
      if (length === 0) return writers === 0 || target.length === 0 ? 0 : -Errno.EAGAIN;
      const count = Math.min(length, target.length);
      const first = Math.min(count, CAPACITY_BYTES - start);
      target.set(queue.subarray(start, start + first));
      target.set(queue.subarray(0, count - first), first);
      start = (start + count) % CAPACITY_BYTES;
      length -= count;
      changes.wake();
      return count;
    },
    write: () => -Errno.EBADF,
    readiness: () => (length > 0 ? Readiness.Readable : 0) | (writers === 0 ? Readiness.HangUp : 0),
    close: () => {
      readers = 0;
      changes.wake();
    },
  };
  const writer: OpenFile = {
    ...shared,
    read: () => -Errno.EBADF,
    write: (bytes) => {
      if (readers === 0) return -Errno.EPIPE;
      const room = CAPACITY_BYTES - length;
      if (bytes.length === 0) return 0;
      if (room === 0 || (bytes.length <= ATOMIC_BYTES && room < bytes.length)) return -Errno.EAGAIN;
      const count = Math.min(room, bytes.length);
      const end = (start + length) % CAPACITY_BYTES;
      const first = Math.min(count, CAPACITY_BYTES - end);
      queue.set(bytes.subarray(0, first), end);
      queue.set(bytes.subarray(first, count), 0);
      length += count;
      changes.wake();
      return count;
    },
    readiness: () =>
      (CAPACITY_BYTES - length >= ATOMIC_BYTES ? Readiness.Writable : 0) | (readers === 0 ? Readiness.Error : 0),
    close: () => {
      writers = 0;
      changes.wake();
    },
  };
  return { reader, writer };
}
