// The processor a thread is told to be on: getcpu(2), rseq(2) and /proc/PID/stat agree.
import type { Thread } from '@elf/kernel';
import { threadAttributes } from './thread-attributes.ts';

/** The lowest one it may run on; the one that all threads share has every number. */
export function processorOf(thread: Thread): number {
  const { affinity = 1n } = threadAttributes(thread);
  let number = 0;
  while (((affinity >> BigInt(number)) & 1n) === 0n) number++;
  return number;
}
