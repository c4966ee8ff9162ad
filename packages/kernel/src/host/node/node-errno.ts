// Failures of Node's file system calls as negated Linux error numbers.
import { constants } from 'node:os';
import { Errno } from '../../errno.ts';

/** The negated error number of an exception of node:fs; EIO for anything without one. */
export function errnoOf(error: unknown): number {
  const { code, errno } = error as { code?: string; errno?: number };
  const known = code === undefined ? undefined : (Errno as Readonly<Record<string, number>>)[code];
  if (known !== undefined) return -known;
  // libuv reports some errors only by number; on Linux hosts these are the guest's numbers.
  if (typeof errno === 'number' && errno < 0 && errno > -134 && constants.errno.ENOENT === 2) return errno;
  return -Errno.EIO;
}

/** Runs a call of node:fs and returns 0, or the negated error number. */
export function attempt(call: () => void): number {
  try {
    call();
    return 0;
  } catch (error) {
    return errnoOf(error);
  }
}
