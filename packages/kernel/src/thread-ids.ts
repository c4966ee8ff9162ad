// Numbers of processes and threads: one after the other, and again from the start when they are used up (kernel/pid.c, alloc_pid).
import type { Kernel } from './kernel.ts';

/** Like a freshly booted system's first login: low numbers, but not 1, whose bearer programs take for init. */
export const FIRST_ID = 1000;
/** /proc/sys/kernel/pid_max: numbers are below it. */
const LIMIT = 1 << 22;
/** RESERVED_PIDS: what a second round starts with. */
const LOWEST_AGAIN = 300;

/** The next free number: nobody's process, thread, group or session. */
export function takeId(kernel: Kernel): number {
  do kernel.lastId = kernel.lastId + 1 < LIMIT ? kernel.lastId + 1 : LOWEST_AGAIN;
  while (isTaken(kernel, kernel.lastId));
  return kernel.lastId;
}

function isTaken({ threads, processes }: Kernel, id: number): boolean {
  if (threads.has(id) || processes.has(id)) return true;
  for (const { group, session } of processes.values()) if (group === id || session === id) return true;
  return false;
}
