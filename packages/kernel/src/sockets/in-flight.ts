// Descriptors of sockets that are under way in sockets: those that only hold each other are closed (net/unix/garbage.c).
import type { OpenDescription } from '../files/open-description.ts';

/** A socket whose queue may hold descriptors. */
interface Carrier {
  /** Descriptors in its queue, and in those of connections nobody accepted. */
  carried(): readonly OpenDescription[];
  /** Throws the queue away. */
  dropCarried(): void;
}

/** Senders of many descriptors pay for the search. */
const MANY = 1024;

/** Which descriptions are in queues, and how often. */
export class InFlight {
  readonly #counts = new Map<OpenDescription, number>();
  readonly #carrierOf: (description: OpenDescription) => Carrier | undefined;
  #isCollecting = false;

  /** `carrierOf` tells which descriptions are sockets with queues; others cannot be part of a cycle. */
  constructor(carrierOf: (description: OpenDescription) => Carrier | undefined) {
    this.#carrierOf = carrierOf;
  }

  enter(descriptions: readonly OpenDescription[]): void {
    for (const each of descriptions)
      if (this.#carrierOf(each) !== undefined) this.#counts.set(each, (this.#counts.get(each) ?? 0) + 1);
    if (this.#counts.size > MANY) this.collect();
  }

  leave(descriptions: readonly OpenDescription[]): void {
    for (const each of descriptions) {
      const count = this.#counts.get(each);
      if (count === undefined) continue;
      if (count === 1) this.#counts.delete(each);
      else this.#counts.set(each, count - 1);
    }
  }

  /** Closes what nobody can reach any more: a program has none of its descriptors, and only such sockets hold it. */
  collect(): void {
    if (this.#counts.size === 0 || this.#isCollecting) return;
    const lost = new Set<OpenDescription>();
    for (const [each, count] of this.#counts) if (each.references === count) lost.add(each);
    for (let isSettled = false; !isSettled; ) {
      isSettled = true;
      const held = new Map<OpenDescription, number>();
      for (const each of lost)
        for (const inside of this.#carrierOf(each)?.carried() ?? []) held.set(inside, (held.get(inside) ?? 0) + 1);
      for (const each of lost) {
        if (held.get(each) === this.#counts.get(each)) continue;
        lost.delete(each);
        isSettled = false;
      }
    }
    this.#isCollecting = true;
    for (const each of lost) this.#carrierOf(each)?.dropCarried();
    this.#isCollecting = false;
  }
}
