// Segments: what a Plan 9 process has instead of mappings. One that processes share is one object with one memory behind it.
import type { Backing } from '@elf/mm';
import { type Process, WaitQueue } from '@elf/kernel';

/** As /proc/PID/segment names them. */
type SegmentKind = 'Text' | 'Data' | 'Bss' | 'Stack' | 'Shared' | 'Memory';

/** A range of addresses with one purpose. Addresses are guest pages. */
export class Segment {
  readonly kind: SegmentKind;
  readonly start: number;
  /** Moves with brk_ and segbrk. */
  end: number;
  readonly isReadOnly: boolean;
  /** SG_CEXEC. */
  readonly closesOnExec: boolean;
  /** The processes that have it. */
  readonly members = new Set<Process>();
  /** The memory all members see; undefined while it belongs to one address space. */
  backing: Backing | undefined;
  readonly #semaphores = new Map<number, WaitQueue>();

  constructor(
    kind: SegmentKind,
    start: number,
    end: number,
    options: { isReadOnly?: boolean; closesOnExec?: boolean } = {},
  ) {
    this.kind = kind;
    this.start = start;
    this.end = end;
    this.isReadOnly = options.isReadOnly ?? false;
    this.closesOnExec = options.closesOnExec ?? false;
  }

  /** True for an address inside. */
  holds(address: number): boolean {
    return address >= this.start && address < this.end;
  }

  /** Who waits for the semaphore at an address. */
  waitersOf(address: number): WaitQueue {
    const known = this.#semaphores.get(address);
    if (known !== undefined) return known;
    const made = new WaitQueue();
    this.#semaphores.set(address, made);
    return made;
  }

  /** Wakes those who wait for the semaphore at an address. */
  wakeWaiters(address: number): void {
    const waiters = this.#semaphores.get(address);
    waiters?.wake();
    if (waiters?.size === 0) this.#semaphores.delete(address);
  }
}

/** Memory that address spaces share, of any length: it grows with its segment. */
export function sharedMemory(): Backing {
  return {
    identity: {},
    isAnonymous: true,
    sizeInBytes: () => Number.MAX_SAFE_INTEGER,
    readInto: (_offset, target) => target.fill(0).length,
  };
}
