// Threads that wait at a word of memory (futex(2)): by priority, then in order of arrival, found by the memory itself and not only
// by its address.
import { AreaFlag } from '@elf/mm';
import { Errno, type Thread } from '@elf/kernel';
import { rankOf } from '../thread-priority.ts';

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
  /** Its place in the queue: lower goes first. */
  readonly rank: number;
  key: FutexKey;
  /** Set for one that waits for a lock, or to be moved to one (FUTEX_LOCK_PI, FUTEX_WAIT_REQUEUE_PI). */
  readonly lock: LockWait | undefined;
  isWoken: boolean;
}

/** The lock that a thread waits for. */
export interface LockWait {
  /** The lock's word: its key, and its address in the waiter's own memory. */
  readonly key: FutexKey;
  readonly address: number;
  /** Who has it; undefined while the waiter is not in its queue yet. */
  state: LockState | undefined;
}

/** A lock with waiters. */
export interface LockState {
  readonly key: FutexKey;
  owner: Thread;
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

/** True for two names of one word. */
export function isSameWord(left: FutexKey, right: FutexKey): boolean {
  return left.owner === right.owner && left.offset === right.offset;
}

/** Puts a thread in a word's queue, behind those of its priority. */
export function enqueue(thread: Thread, key: FutexKey, bits = ALL_BITS, lock?: LockWait): Waiter {
  const waiter = { thread, bits, key, lock, rank: rankOf(thread), isWoken: false };
  insert(waiter);
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

/** Wakes up to `limit` waiters that share a bit with `bits`. Returns how many; -EINVAL when a lock's waiter is among them. */
export function wakeWaiters(key: FutexKey, limit: number, bits = ALL_BITS): number {
  let woken = 0;
  for (const waiter of waitersAt(key)) {
    if (woken >= limit) break;
    if (waiter.lock !== undefined) return -Errno.EINVAL;
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

/** Lets up to `limit` waiters of one word wait at another. Returns how many; -EINVAL when a lock's waiter is among them. */
export function requeueWaiters(from: FutexKey, to: FutexKey, limit: number): number {
  let moved = 0;
  for (const waiter of waitersAt(from)) {
    if (moved >= limit) break;
    if (waiter.lock !== undefined) return -Errno.EINVAL;
    move(waiter, to);
    moved++;
  }
  return moved;
}

/** Takes a waiter from its queue to another word's. */
export function move(waiter: Waiter, to: FutexKey): void {
  dequeue(waiter);
  waiter.key = to;
  insert(waiter);
}

function insert(waiter: Waiter): void {
  const { owner, offset } = waiter.key;
  const queues = byOwner.get(owner) ?? new Map<number, Waiter[]>();
  byOwner.set(owner, queues);
  const queue = queues.get(offset) ?? [];
  queues.set(offset, queue);
  const before = queue.findIndex((each) => each.rank > waiter.rank);
  queue.splice(before < 0 ? queue.length : before, 0, waiter);
}
