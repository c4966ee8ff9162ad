// The robust list: locks a dying thread still holds are marked, so that the next one to lock them learns of it (man 2 get_robust_list).
import type { Thread } from '@elf/kernel';
import { threadState } from '../signals/signal-state.ts';
import { abandonPriorityLocks, FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from './priority-lock.ts';
import { futexKey, wakeWaiters } from './waiters.ts';

/** ROBUST_LIST_LIMIT: a list that bites its own tail ends here. */
const LONGEST_LIST = 2048;
/** struct robust_list_head: first entry, distance of the lock, entry in progress. */
const HEAD_WORDS = 3;
/** Bit 0 of an entry: the lock is one the kernel hands over. */
const PRIORITY_BIT = 1;

/** Releases what the thread holds, then what it was about to lock or unlock (kernel/futex/core.c, exit_robust_list). */
export function releaseRobustLocks(thread: Thread): void {
  const { address: head, length } = threadState(thread).robustList;
  if (head !== 0) walk(thread, head, length / HEAD_WORDS);
  abandonPriorityLocks(thread);
}

function walk(thread: Thread, head: number, wordBytes: number): void {
  const { user } = thread;
  const isNarrow = wordBytes === 4;
  const read = (at: number) => (isNarrow ? user.readU32(at) : user.readAddress(at));
  const first = read(head);
  const distance = isNarrow ? user.readI32(head + wordBytes) : user.readU64(head + wordBytes);
  const pending = read(head + 2 * wordBytes);
  if (first === undefined || distance === undefined || pending === undefined) return;
  const offset = Number(BigInt.asIntN(64, BigInt(distance)));
  let entry = first;
  for (let count = 0; untagged(entry) !== head && count < LONGEST_LIST; count++) {
    // Read before the lock is released: whoever gets it may reuse the memory.
    const next = read(untagged(entry));
    if (untagged(entry) !== untagged(pending) && !release(thread, entry, offset, false)) return;
    if (next === undefined) return;
    entry = next;
  }
  if (untagged(pending) !== 0) release(thread, pending, offset, true);
}

/** False: the list is broken. */
function release(thread: Thread, entry: number, offset: number, isPending: boolean): boolean {
  const { user } = thread;
  const at = untagged(entry) + offset;
  const isPriority = entry % 2 === PRIORITY_BIT;
  const value = at % 4 === 0 ? user.readU32(at) : undefined;
  if (value === undefined) return false;
  const wakeNext = () => wakeWaiters(futexKey(thread, at, false), 1) || wakeWaiters(futexKey(thread, at, true), 1);
  // Unlocked in memory, but the wake did not happen any more.
  if (isPending && !isPriority && value === 0) {
    wakeNext();
    return true;
  }
  if ((value & FUTEX_TID_MASK) !== thread.id) return true;
  if (!user.writeU32(at, ((value & FUTEX_WAITERS) | FUTEX_OWNER_DIED) >>> 0)) return false;
  if (!isPriority && (value & FUTEX_WAITERS) !== 0) wakeNext();
  return true;
}

function untagged(entry: number): number {
  return entry - (entry % 2);
}
