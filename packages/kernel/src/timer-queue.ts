// What happens at a moment of the monotonic clock: alarms, timer files and the deadlines of waiting threads.

interface Timer {
  readonly deadline: number;
  readonly order: number;
  readonly expire: () => void;
  isCancelled: boolean;
}

/**
 * Timers by deadline: a binary heap, since a server has thousands of sleeping threads and asks for the next one at every slice.
 * @example
 * const cancel = timers.add(clock.monotonic() + 1e9, () => ring());
 * timers.expire(clock.monotonic());
 */
export class TimerQueue {
  readonly #heap: Timer[] = [];
  #count = 0;
  #cancelled = 0;

  /** Calls `expire` once time reaches `deadline` (nanoseconds). Returns what cancels it. */
  add(deadline: number, expire: () => void): () => void {
    const timer = { deadline, expire, order: this.#count++, isCancelled: false };
    this.#heap.push(timer);
    this.#rise(this.#heap.length - 1);
    return () => {
      if (timer.isCancelled) return;
      timer.isCancelled = true;
      // Cancelled timers stay until their time comes, unless they are most of the heap.
      if (++this.#cancelled > 64 && this.#cancelled * 2 > this.#heap.length) this.#rebuild();
    };
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** Timers that are yet to expire. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** The earliest deadline; infinity without timers. */
  get earliest(): number {
    while (this.#heap[0]?.isCancelled) this.#drop();
    return this.#heap[0]?.deadline ?? Number.POSITIVE_INFINITY;
  }

  /** Calls every timer whose deadline is `now` or before, in their order. */
  expire(now: number): void {
    while (this.earliest <= now) {
      const { expire } = this.#heap[0];
      this.#drop();
      expire();
    }
  }

  #drop(): void {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first.isCancelled) this.#cancelled--;
    // A late cancel of a timer that is gone must not be counted.
    first.isCancelled = true;
    if (last === undefined || last === first) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rebuild(): void {
    const kept = this.#heap.filter((timer) => !timer.isCancelled).sort(compare);
    this.#heap.splice(0, this.#heap.length, ...kept);
    this.#cancelled = 0;
  }

  #rise(from: number): void {
    const heap = this.#heap;
    for (let at = from; at > 0; ) {
      const above = (at - 1) >> 1;
      if (compare(heap[above], heap[at]) <= 0) return;
      [heap[above], heap[at]] = [heap[at], heap[above]];
      at = above;
    }
  }

  #sink(from: number): void {
    const heap = this.#heap;
    for (let at = from; ; ) {
      let least = at;
      for (const below of [at * 2 + 1, at * 2 + 2])
        if (below < heap.length && compare(heap[below], heap[least]) < 0) least = below;
      if (least === at) return;
      [heap[least], heap[at]] = [heap[at], heap[least]];
      at = least;
    }
  }
}

function compare(left: Timer, right: Timer): number {
  return left.deadline - right.deadline || left.order - right.order;
}
