// Connections that wait to be accepted, and those for whom the line was too long.

/** The line of a listening socket. */
export class AcceptLine<Connection> {
  backlog = 0;
  #waiting: Connection[] = [];
  #turnedAway: (() => void)[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  /** One more than the backlog may wait (sk_acceptq_is_full). */
  get isFull(): boolean {
    return this.#waiting.length > this.backlog;
  }

  add(connection: Connection): void {
    this.#waiting.push(connection);
  }

  /** Tries again when there is room, or nobody to wait for. */
  turnAway(retry: () => void): void {
    this.#turnedAway.push(retry);
  }

  next(): Connection | undefined {
    const next = this.#waiting.shift();
    if (next !== undefined) this.#turnedAway.shift()?.();
    return next;
  }

  /** Nobody is accepted any more: returns those who waited. */
  dissolve(): Connection[] {
    const waiting = this.#waiting;
    const turnedAway = this.#turnedAway;
    this.#waiting = [];
    this.#turnedAway = [];
    for (const retry of turnedAway) retry();
    return waiting;
  }
}
