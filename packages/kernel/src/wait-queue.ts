// A wait queue: those who wait for a thing to change are called when it does.

/**
 * Listeners of one condition (data in a pipe, a child's end, a futex). Waking is a hint: whoever waited looks again.
 * @example
 * const leave = queue.join(() => retry());
 * queue.wake();   // calls retry
 * leave();
 */
export class WaitQueue {
  readonly #listeners = new Set<() => void>();

  /** Calls `listener` at every wake until the returned function is called. */
  join(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Calls the listeners in the order they joined; at most `limit` of them. Returns how many were called. */
  wake(limit = Number.POSITIVE_INFINITY): number {
    let called = 0;
    for (const listener of [...this.#listeners]) {
      if (called >= limit) break;
      listener();
      called++;
    }
    return called;
  }

  /** How many wait. */
  get size(): number {
    return this.#listeners.size;
  }
}
