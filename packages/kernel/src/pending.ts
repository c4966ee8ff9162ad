// Pending: the answer of a call that must wait (decision D5). The thread sleeps; the JavaScript thread does not.
import type { WaitQueue } from './wait-queue.ts';

/** What a system call returns: its result (an error negated) or the wish to wait. */
export type SystemCallResult = number | bigint | Pending;

/** What to wait for, and what to do then. */
export interface PendingRequest {
  /** Any wake of any of these makes the kernel call `attempt` again. */
  readonly queues: readonly WaitQueue[];
  /** Monotonic time in nanoseconds at which `expire` decides instead. */
  readonly deadline?: number;
  /** Looks again: a result, or undefined to go on waiting. */
  readonly attempt: () => number | bigint | undefined;
  /** The result when the deadline passes; 0 when absent. */
  readonly expire?: () => number | bigint;
  /** The result when a signal interrupts: -EINTR when absent. */
  readonly interrupt?: () => number | bigint;
  /** Whether the call starts again by itself: after a handler installed with SA_RESTART (man 7 signal), or after any. */
  readonly restartable?: boolean | 'always';
}

/**
 * A call that waits. Returned by a system call's `run`; the scheduler keeps the thread blocked until `attempt` has a result.
 * @example
 * return new Pending({ queues: [pipe.readers], attempt: () => (pipe.isEmpty ? undefined : pipe.read(target)) });
 */
export class Pending {
  readonly request: PendingRequest;

  constructor(request: PendingRequest) {
    this.request = request;
  }
}
