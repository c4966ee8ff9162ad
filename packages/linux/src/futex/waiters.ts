// Threads that wait at a word of memory (futex(2)): in order of arrival, found by the memory itself and not only by its address.
import { AreaFlag } from '@elf/mm';
import type { Thread } from '@elf/kernel';

/** A word of memory as every process that maps it knows it. */
export interface FutexKey {
  /** The address space of a private word; the file or shared memory of a shared one. */
  readonly owner: object;
  /** Address within the space, or offset in the shared memory. */
  readonly offset: number;
}

/** One thread at one word. */
export interface Waiter {
  readonly thread: Thread;
  /** FUTEX_WAIT_BITSET: only wakes that share a bit reach it. */
  readonly bits: number;
  key: FutexKey;
  isWoken: boolean;
}

const byOwner = /* @__PURE__ */ new WeakMap<object, Map<number, Waiter[]>>();
const ALL_BITS = 0xffff_ffff;

/** The word at an address (kernel/futex/core.c, get_futex_key). */
export function futexKey({ process }: Thread, address: number, isPrivate: boolean): FutexKey {
  const area = isPrivate ? undefined : process.space.find(address);
  if (area?.backing !== undefined && (area.flags & AreaFlag.Shared) !== 0)
    return { owner: area.backing.identity, offset: area.offset + address - area.start };
  return { owner: process.space, offset: address };
}

/** Puts a thread at the end of a word's queue. */
export function enqueue(thread: Thread, key: FutexKey, bits = ALL_BITS): Waiter {
  const waiter = { thread, bits, key, isWoken: false };
  append(waiter);
  return waiter;
}

/** Takes a waiter out: it gave up, or was woken. */
export function dequeue(waiter: Waiter): void {
  const queues = byOwner.get(waiter.key.owner);
  const queue = queues?.get(waiter.key.offset);
  const at = queue?.indexOf(waiter) ?? -1;
  if (queue === undefined || at < 0) return;
  queue.splice(at, 1);
  if (queue.length === 0) queues?.delete(waiter.key.offset);
}

/** Those who wait at a word; threads that ended meanwhile are left out for good. */
export function waitersAt(key: FutexKey): readonly Waiter[] {
  const queue = byOwner.get(key.owner)?.get(key.offset) ?? [];
  for (const waiter of [...queue]) if (waiter.thread.state === 'ended') dequeue(waiter);
  return [...queue];
}

/** Wakes up to `limit` waiters that share a bit with `bits`. Returns how many. */
export function wakeWaiters(key: FutexKey, limit: number, bits = ALL_BITS): number {
  let woken = 0;
  for (const waiter of waitersAt(key)) {
    if (woken >= limit) break;
    if ((waiter.bits & bits) === 0) continue;
    wakeOne(waiter);
    woken++;
  }
  return woken;
}

/** Ends one wait. */
export function wakeOne(waiter: Waiter): void {
  dequeue(waiter);
  waiter.isWoken = true;
  waiter.thread.kernel.wake(waiter.thread);
}

/** Lets up to `limit` waiters of one word wait at another. Returns how many. */
export function requeueWaiters(from: FutexKey, to: FutexKey, limit: number): number {
  let moved = 0;
  for (const waiter of waitersAt(from)) {
    if (moved >= limit) break;
    dequeue(waiter);
    waiter.key = to;
    append(waiter);
    moved++;
  }
  return moved;
}

function append(waiter: Waiter): void {
  const { owner, offset } = waiter.key;
  const queues = byOwner.get(owner) ?? new Map<number, Waiter[]>();
  byOwner.set(owner, queues);
  const queue = queues.get(offset) ?? [];
  queues.set(offset, queue);
  queue.push(waiter);
}
