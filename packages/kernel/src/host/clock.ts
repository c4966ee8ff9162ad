// The clock port: what time it is, and how to wait without blocking the JavaScript thread.

/** Time for guests. The in-memory clock makes a run deterministic; hosts bring the real one. */
export interface Clock {
  /** Nanoseconds since 1970-01-01 UTC. */
  realtime(): bigint;
  /** Nanoseconds since some fixed moment, never going back. */
  monotonic(): number;
  /**
   * Resolves after `nanoseconds`, or earlier when `interruption` does. A virtual clock advances instead.
   */
  wait(nanoseconds: number, interruption: Promise<void>): Promise<void>;
  /** Lets the host's own events happen between two slices of guest code. */
  pause(): Promise<void>;
}
