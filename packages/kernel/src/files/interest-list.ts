// A set of open files that is asked which of them are ready: epoll(7).
import { Errno } from '../errno.ts';
import { WaitQueue } from '../wait-queue.ts';
import { anonymousFile } from './anonymous-file.ts';
import type { OpenDescription } from './open-description.ts';
import { type OpenFile, Readiness } from './open-file.ts';

/** Reported without being asked for. */
const ALWAYS = Readiness.Error | Readiness.HangUp;
/** EP_MAX_NESTS: lists within lists within lists. */
const DEEPEST_NESTING = 4;

/** What is asked of one file. */
export interface Interest {
  /** Readiness bits. */
  readonly events: number;
  /** Reported once per event, not as long as it lasts. */
  readonly edgeTriggered: boolean;
  /** Silent after one report, until it is changed. */
  readonly oneShot: boolean;
  /** Of several lists that watch the same file a wake reaches only one that somebody waits for; such an interest cannot be changed. */
  readonly exclusive: boolean;
  /** What a report carries. */
  readonly data: bigint;
}

/** One report. */
export interface Report {
  readonly events: number;
  readonly data: bigint;
}

interface Item {
  readonly number: number;
  readonly description: OpenDescription;
  interest: Interest;
  isSilent: boolean;
  /** Stops listening. */
  leave: () => void;
}

/** Files by descriptor number and open description, as the kernel of Linux keys them. */
export class InterestList {
  readonly changes = new WaitQueue();
  readonly #items = new Map<OpenDescription, Map<number, Item>>();
  /** Those that may be ready, in the order they became so. */
  readonly #ready = new Set<Item>();
  /** Lists this one is in. */
  readonly #above = new Set<InterestList>();

  /** EPOLL_CTL_ADD: 0, -EEXIST, or -ELOOP where lists would contain each other or nest too deep. */
  add(number: number, description: OpenDescription, interest: Interest): number {
    if (this.#items.get(description)?.has(number)) return -Errno.EEXIST;
    const nested = interestListOf(description);
    if (nested !== undefined) {
      if (nested.#contains(this) || this.#levelsAbove() + 1 + nested.#levelsBelow() > DEEPEST_NESTING)
        return -Errno.ELOOP;
      nested.#above.add(this);
    }
    const item: Item = { number, description, interest, isSilent: false, leave: () => {} };
    const { changes } = description.file;
    const stopListening = interest.exclusive
      ? changes?.joinExclusively((events) => this.#notice(item, events))
      : changes?.join((events) => this.#notice(item, events));
    const stopWatching = description.onClose(() => this.#drop(item));
    item.leave = () => {
      stopListening?.();
      stopWatching();
    };
    const numbers = this.#items.get(description) ?? new Map<number, Item>();
    this.#items.set(description, numbers);
    numbers.set(number, item);
    this.#notice(item, readinessOf(item));
    return 0;
  }

  /** EPOLL_CTL_MOD: 0, -ENOENT, or -EINVAL for an exclusive interest. */
  change(number: number, description: OpenDescription, interest: Interest): number {
    const item = this.#items.get(description)?.get(number);
    if (item === undefined) return -Errno.ENOENT;
    if (item.interest.exclusive) return -Errno.EINVAL;
    item.interest = interest;
    item.isSilent = false;
    this.#notice(item, readinessOf(item));
    return 0;
  }

  /** EPOLL_CTL_DEL: 0 or -ENOENT. */
  remove(number: number, description: OpenDescription): number {
    const item = this.#items.get(description)?.get(number);
    if (item === undefined) return -Errno.ENOENT;
    this.#drop(item);
    return 0;
  }

  /** Up to `maximum` reports. A level-triggered file goes to the end of the line, so that all get their turn. */
  take(maximum: number): Report[] {
    const reports: Report[] = [];
    for (const item of [...this.#ready]) {
      if (reports.length >= maximum) break;
      this.#ready.delete(item);
      const events = item.isSilent ? 0 : readinessOf(item);
      if (events === 0) continue;
      reports.push({ events, data: item.interest.data });
      if (item.interest.oneShot) item.isSilent = true;
      else if (!item.interest.edgeTriggered) this.#ready.add(item);
    }
    return reports;
  }

  get hasReady(): boolean {
    for (const item of [...this.#ready]) {
      if (!item.isSilent && readinessOf(item) !== 0) return true;
      this.#ready.delete(item);
    }
    return false;
  }

  /** The last descriptor is gone. */
  close(): void {
    for (const numbers of [...this.#items.values()]) for (const item of [...numbers.values()]) this.#drop(item);
  }

  /** True when somebody waits for this list and has not heard of anything before (fs/eventpoll.c, ep_poll_callback). */
  #notice(item: Item, events: number): boolean {
    if (item.isSilent || (events & (item.interest.events | ALWAYS)) === 0) return false;
    const isNews = this.#ready.size === 0 && this.changes.size > 0;
    this.#ready.add(item);
    this.changes.wake(Readiness.Readable | Readiness.ReadNormal);
    return isNews;
  }

  #drop(item: Item): void {
    item.leave();
    this.#ready.delete(item);
    const numbers = this.#items.get(item.description);
    numbers?.delete(item.number);
    if (numbers?.size !== 0) return;
    this.#items.delete(item.description);
    const nested = interestListOf(item.description);
    if (nested !== undefined) nested.#above.delete(this);
  }

  #nested(): InterestList[] {
    return [...this.#items.keys()].map(interestListOf).filter((list) => list !== undefined);
  }

  #contains(other: InterestList): boolean {
    return other === this || this.#nested().some((list) => list.#contains(other));
  }

  #levelsBelow(): number {
    return Math.max(0, ...this.#nested().map((list) => list.#levelsBelow() + 1));
  }

  #levelsAbove(): number {
    return Math.max(0, ...[...this.#above].map((list) => list.#levelsAbove() + 1));
  }
}

/** The list behind an open file that is one. */
export function interestListOf(description: OpenDescription): InterestList | undefined {
  const { control } = description.file;
  return control instanceof InterestList ? control : undefined;
}

/**
 * Makes an empty list; its `control` is an {@link InterestList}.
 * @example
 * const file = createInterestFile();
 */
export function createInterestFile(): OpenFile {
  const control = new InterestList();
  return anonymousFile({
    name: 'anon_inode:[eventpoll]',
    changes: control.changes,
    control,
    readiness: () => (control.hasReady ? Readiness.Readable | Readiness.ReadNormal : 0),
    close: () => control.close(),
  });
}

function readinessOf({ description, interest }: Item): number {
  return description.file.readiness() & (interest.events | ALWAYS);
}
