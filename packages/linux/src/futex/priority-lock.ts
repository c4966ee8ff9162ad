// Locks the kernel hands over (FUTEX_LOCK_PI): the word holds the owner's thread number, the kernel knows who waits (man 2 futex,
// kernel/futex/pi.c). The scheduler takes turns, so an owner that inherits a priority runs no sooner; it is told as having it.
import { Errno, Pending, type SystemCallResult, type Thread } from '@elf/kernel';
import { NO_RANK, rankOf } from '../thread-priority.ts';
import {
  dequeue,
  enqueue,
  futexKey,
  type LockState,
  type LockWait,
  type Waiter,
  waitersAt,
  wakeOne,
} from './waiters.ts';

export const FUTEX_WAITERS = 0x8000_0000;
export const FUTEX_OWNER_DIED = 0x4000_0000;
export const FUTEX_TID_MASK = 0x3fff_ffff;
/** MAX_LOCK_DEPTH of kernel/locking/rtmutex.c. */
const LONGEST_CHAIN = 1024;

/** Locks with waiters by the thread that owns them: what a dying owner must hand over (exit_pi_state_list). */
const contested = /* @__PURE__ */ new WeakMap<Thread, Set<LockState>>();
/** What a thread waits for, when that is a lock. */
const waiting = /* @__PURE__ */ new WeakMap<Thread, LockWait>();

/** FUTEX_LOCK_PI and FUTEX_LOCK_PI2. */
export function lockPriority(
  task: Thread,
  at: number,
  isPrivate: boolean,
  deadline: number | undefined,
): SystemCallResult {
  const lock = { key: futexKey(task, at, isPrivate), address: at, state: undefined };
  const outcome = takeOrJoin(task, lock, false);
  if (typeof outcome === 'number') return outcome;
  const waiter = waitForLock(task, lock, outcome);
  if (typeof waiter === 'number') return waiter;
  const giveUp = (result: number) => () => {
    leaveLock(waiter);
    return result;
  };
  return new Pending({
    queues: [],
    deadline,
    attempt: () => (waiter.isWoken ? 0 : undefined),
    expire: giveUp(-Errno.ETIMEDOUT),
    interrupt: giveUp(-Errno.EINTR),
    // ERESTARTNOINTR: a handler never sees this call interrupted.
    restartable: 'always',
  });
}

/** FUTEX_TRYLOCK_PI: EAGAIN while somebody has it, who unlocks it through the kernel then. */
export function tryLock(task: Thread, at: number, isPrivate: boolean): number {
  const outcome = takeOrJoin(task, { key: futexKey(task, at, isPrivate), address: at, state: undefined }, false);
  return typeof outcome === 'number' ? outcome : -Errno.EAGAIN;
}

/**
 * Takes a lock for a thread, or finds who has it (futex_lock_pi_atomic).
 * @param marks the waiters' bit is set in any case
 * @returns 0 when it is the thread's now, the lock when somebody else has it, or a negated error
 */
export function takeOrJoin(locker: Thread, lock: LockWait, marks: boolean): LockState | number {
  const { address: at, key } = lock;
  const { user } = locker;
  const value = user.readU32(at);
  if (value === undefined) return -Errno.EFAULT;
  const number = value & FUTEX_TID_MASK;
  if (number === locker.id) return -Errno.EDEADLK;
  const [first] = waitersAt(key);
  if (first !== undefined) {
    // The word says who has it, or that its owner died; anything else was written by a program that does not keep the rules.
    const state = first.lock?.state;
    const isOwner = state !== undefined && state.owner.id === number && state.owner.state !== 'ended';
    return isOwner ? state : -Errno.EINVAL;
  }
  if (number === 0) {
    const word = locker.id | (value & FUTEX_OWNER_DIED) | (marks ? FUTEX_WAITERS : 0);
    return user.writeU32(at, word >>> 0) ? 0 : -Errno.EFAULT;
  }
  if (!user.writeU32(at, (value | FUTEX_WAITERS) >>> 0)) return -Errno.EFAULT;
  const owner = locker.kernel.threads.get(number);
  return owner === undefined || owner.state === 'ended' ? -Errno.ESRCH : { key, owner };
}

/** Puts a thread in a lock's queue; -EDEADLK when the lock's owner waits, over however many others, for the thread. */
function waitForLock(thread: Thread, lock: LockWait, state: LockState): Waiter | number {
  if (closesCircle(thread, state)) return -Errno.EDEADLK;
  const waiter = enqueue(thread, lock.key, undefined, lock);
  joinLock(waiter, state);
  return waiter;
}

/** Tells a waiter that is in a lock's queue already who has the lock. */
export function joinLock({ thread, lock }: Waiter, state: LockState): void {
  if (lock === undefined) return;
  lock.state = state;
  waiting.set(thread, lock);
  remember(state);
}

/** True when waiting for this lock would make the thread wait for itself (rt_mutex_adjust_prio_chain). */
export function closesCircle(thread: Thread, state: LockState): boolean {
  let next: LockState | undefined = state;
  for (let depth = 0; next !== undefined && depth < LONGEST_CHAIN; depth++) {
    if (next.owner === thread) return true;
    next = waiting.get(next.owner)?.state;
  }
  return false;
}

/** A waiter gives up. The waiters' bit stays: the owner unlocks through the kernel and finds nobody. */
export function leaveLock(waiter: Waiter): void {
  dequeue(waiter);
  waiting.delete(waiter.thread);
  const state = waiter.lock?.state;
  if (state !== undefined && waitersAt(state.key).length === 0) contested.get(state.owner)?.delete(state);
}

/** FUTEX_UNLOCK_PI: the first waiter owns it at once. */
export function unlockPriority(task: Thread, at: number, isPrivate: boolean): number {
  const value = task.user.readU32(at);
  if (value === undefined) return -Errno.EFAULT;
  if ((value & FUTEX_TID_MASK) !== task.id) return -Errno.EPERM;
  const [next] = waitersAt(futexKey(task, at, isPrivate));
  // Nobody in the kernel: neither mark stays.
  if (next === undefined) return task.user.writeU32(at, 0) ? 0 : -Errno.EFAULT;
  const state = next.lock?.state;
  if (state === undefined || state.owner !== task) return -Errno.EINVAL;
  // The mark stays on even for a last waiter, who unlocks through the kernel then (wake_futex_pi).
  if (!task.user.writeU32(at, (next.thread.id | FUTEX_WAITERS) >>> 0)) return -Errno.EFAULT;
  handOver(state, next);
  return 0;
}

/** A thread ends with such locks in its hands: the next owner learns of it by FUTEX_OWNER_DIED. */
export function abandonPriorityLocks(task: Thread): void {
  waiting.delete(task);
  const owned = contested.get(task);
  contested.delete(task);
  for (const state of owned ?? []) {
    const [next] = waitersAt(state.key);
    const lock = next?.lock;
    if (next === undefined || lock === undefined) continue;
    // Through the memory of the next owner: the word may lie elsewhere in that of the one that ends.
    next.thread.user.writeU32(lock.address, (next.thread.id | FUTEX_WAITERS | FUTEX_OWNER_DIED) >>> 0);
    handOver(state, next);
  }
}

/** The rank a thread is told as having: its own, or the first of those who wait for a lock of its (rt_mutex_adjust_prio). */
export function inheritedRank(thread: Thread, depth = 0): number {
  let rank = rankOf(thread);
  if (depth > LONGEST_CHAIN) return rank;
  for (const state of contested.get(thread) ?? [])
    for (const waiter of waitersAt(state.key))
      rank = Math.min(rank, waiter.rank, inheritedRank(waiter.thread, depth + 1));
  return Math.min(rank, NO_RANK);
}

function handOver(state: LockState, next: Waiter): void {
  contested.get(state.owner)?.delete(state);
  state.owner = next.thread;
  waiting.delete(next.thread);
  wakeOne(next);
  if (waitersAt(state.key).length > 0) remember(state);
}

function remember(state: LockState): void {
  const owned = contested.get(state.owner) ?? new Set<LockState>();
  contested.set(state.owner, owned.add(state));
}
