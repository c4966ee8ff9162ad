// RLIMIT_FSIZE: files that a process may not make longer (man 2 getrlimit).
import { Errno, type Thread } from '@elf/kernel';
import { limitOf, RESOURCES } from './calls/resource-limits.ts';
import { sendToThread } from './signals/send-signal.ts';
import { Signal, SignalCode } from './signals/signal-table.ts';

/** Bytes from `start` on that a file may still get; -EFBIG, with SIGXFSZ sent, when there are none. */
export function roomInFile(task: Thread, start: number): number {
  const [limit] = limitOf(task.process, RESOURCES.RLIMIT_FSIZE);
  const room = limit >= BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(limit) - start;
  if (room > 0) return room;
  const { id, credentials } = task.process;
  sendToThread(task, { signal: Signal.XFSZ, code: SignalCode.Kernel, process: id, user: credentials.user });
  return -Errno.EFBIG;
}

/** 0, or -EFBIG with SIGXFSZ sent for a length above the limit. */
export function judgeFileSize(task: Thread, length: number): number {
  return length === 0 ? 0 : Math.min(0, roomInFile(task, length - 1));
}
