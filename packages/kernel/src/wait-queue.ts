// A wait queue: those who wait for a thing to change are called when it does.

/** Every event: what a wake tells when it does not say more. */
const ANY_EVENT = -1;

/**
 * Listeners of one condition (data in a pipe, a child's end). Waking is a hint: whoever waited looks again.
 * @example
 * const leave = queue.join(() => retry());
 * queue.wake();   // calls retry
 * leave();
 */
export class WaitQueue {
  readonly #listeners = new Set<(events: number) => void>();
  /** Those of whom one is enough: made when there is the first. */
  #takers: Set<(events: number) => boolean> | undefined;

  /** Calls `listener` at every wake until the returned function is called. */
  join(listener: (events: number) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * Calls `taker` at a wake unless one that joined before took it, by returning true (EPOLLEXCLUSIVE; kernel/sched/wait.c, WQ_FLAG_EXCLUSIVE).
   */
  joinExclusively(taker: (events: number) => boolean): () => void {
    this.#takers ??= new Set();
    const takers = this.#takers.add(taker);
    return () => {
      takers.delete(taker);
    };
  }

  /**
   * Calls the listeners in the order they joined. `events` are the Readiness bits that may have come into being: an edge-triggered watcher
   * takes every wake with its bits for a new event (man 7 epoll), so a reader that makes room must not announce data.
   */
  wake(events = ANY_EVENT): void {
    if (this.#listeners.size > 0) for (const listener of [...this.#listeners]) listener(events);
    if (this.#takers !== undefined && this.#takers.size > 0) [...this.#takers].some((take) => take(events));
  }

  /** How many wait. */
  get size(): number {
    return this.#listeners.size + (this.#takers?.size ?? 0);
  }
}
