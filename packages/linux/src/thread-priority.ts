// The order of threads by policy and priority: who goes first where several wait (include/linux/sched/prio.h).
import type { Thread } from '@elf/kernel';
import { threadAttributes } from './thread-attributes.ts';

const Policy = { fifo: 1, roundRobin: 2, deadline: 6 } as const;
/** MAX_RT_PRIO: what all threads without a real-time policy have here. */
export const NO_RANK = 100;

/** -1 for a deadline, 0 to 98 for real-time priorities from 99 down, 100 for everybody else. */
export function rankOf(thread: Thread): number {
  const { policy, priority } = threadAttributes(thread);
  if (policy === Policy.deadline) return -1;
  return policy === Policy.fifo || policy === Policy.roundRobin ? NO_RANK - 1 - priority : NO_RANK;
}
