// The status flags of an open file as fcntl(F_GETFL) and /proc/PID/fdinfo report them.
import type { OpenDescription } from '@elf/kernel';
import { O } from './abi/flags/file-flags.ts';

/** O_* bits: access mode, what can be changed, and what was remembered from open(2). */
export function statusFlags(file: OpenDescription): number {
  const { mode } = file;
  const access = mode.readable ? (mode.writable ? O.RDWR : 0) : mode.writable ? O.WRONLY : 0;
  // 64-bit kernels set O_LARGEFILE in every open(2) by path.
  const large = file.path === undefined || mode.pathOnly ? 0 : O.LARGEFILE;
  return access | (mode.append ? O.APPEND : 0) | (mode.nonBlocking ? O.NONBLOCK : 0) | (mode.otherFlags ?? 0) | large;
}
