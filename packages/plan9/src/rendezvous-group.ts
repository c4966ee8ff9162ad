// rendezvous(2): two processes of a group that name the same tag exchange a value each.
import { WaitQueue } from '@elf/kernel';

/** A process that waits for its partner. */
interface Waiter {
  readonly value: bigint;
  /** A process that was killed waits no more. */
  readonly isAlive: () => boolean;
  /** The partner's value, once it came. */
  answer: bigint | undefined;
}

/** Who waits under which tag. */
export class RendezvousGroup {
  readonly changes = new WaitQueue();
  readonly #waiting = new Map<bigint, Waiter>();

  /** Takes the partner that waits under a tag, giving it `value`; undefined when there is none that lives. */
  meet(tag: bigint, value: bigint): bigint | undefined {
    const partner = this.#waiting.get(tag);
    if (partner === undefined) return undefined;
    this.#waiting.delete(tag);
    if (!partner.isAlive()) return undefined;
    partner.answer = value;
    this.changes.wake();
    return partner.value;
  }

  /** Begins to wait. */
  wait(tag: bigint, value: bigint, isAlive: () => boolean): Waiter {
    const waiter: Waiter = { value, isAlive, answer: undefined };
    this.#waiting.set(tag, waiter);
    return waiter;
  }

  /** A waiter gives up. */
  leave(tag: bigint, waiter: Waiter): void {
    if (this.#waiting.get(tag) === waiter) this.#waiting.delete(tag);
  }
}
