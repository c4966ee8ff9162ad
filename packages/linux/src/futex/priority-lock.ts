// Locks the kernel hands over (FUTEX_LOCK_PI): the word holds the owner's thread number, the kernel knows who waits (man 2 futex).
// Threads here have one priority, so there is none to inherit; what remains is the hand-over, which a program relies on.
import { Errno, Pending, type SystemCallResult, type Thread } from '@elf/kernel';
import { enqueue, type FutexKey, futexKey, dequeue, waitersAt, wakeOne } from './waiters.ts';

export const FUTEX_WAITERS = 0x8000_0000;
export const FUTEX_OWNER_DIED = 0x4000_0000;
export const FUTEX_TID_MASK = 0x3fff_ffff;

/** Words with waiters by the thread that owns them: what a dying owner must hand over (exit_pi_state_list). */
const contested = /* @__PURE__ */ new WeakMap<Thread, Map<number, FutexKey>>();

/** FUTEX_LOCK_PI and FUTEX_LOCK_PI2. */
export function lockPriority(
  task: Thread,
  at: number,
  isPrivate: boolean,
  deadline: number | undefined,
): SystemCallResult {
  const taken = tryLock(task, at, isPrivate);
  if (taken !== -Errno.EAGAIN) return taken;
  const value = task.user.readU32(at) as number;
  const owner = task.kernel.threads.get(value & FUTEX_TID_MASK);
  if (owner === undefined) return -Errno.ESRCH;
  if (!task.user.writeU32(at, value | FUTEX_WAITERS)) return -Errno.EFAULT;
  const key = futexKey(task, at, isPrivate);
  remember(owner, at, key);
  const waiter = enqueue(task, key);
  const giveUp = (result: number) => () => {
    dequeue(waiter);
    return result;
  };
  return new Pending({
    queues: [],
    deadline,
    attempt: () => (waiter.isWoken ? 0 : undefined),
    expire: giveUp(-Errno.ETIMEDOUT),
    interrupt: giveUp(-Errno.EINTR),
    // ERESTARTNOINTR: a handler never sees this call interrupted.
    restartable: true,
  });
}

/** FUTEX_TRYLOCK_PI: EAGAIN while somebody has it. */
export function tryLock(task: Thread, at: number, isPrivate: boolean): number {
  const value = task.user.readU32(at);
  if (value === undefined) return -Errno.EFAULT;
  const owner = value & FUTEX_TID_MASK;
  if (owner === task.id) return -Errno.EDEADLK;
  if (owner !== 0) return -Errno.EAGAIN;
  const hasWaiters = waitersAt(futexKey(task, at, isPrivate)).length > 0;
  const word = task.id | (value & FUTEX_OWNER_DIED) | (hasWaiters ? FUTEX_WAITERS : 0);
  return task.user.writeU32(at, word) ? 0 : -Errno.EFAULT;
}

/** FUTEX_UNLOCK_PI: the first waiter owns it at once. */
export function unlockPriority(task: Thread, at: number, isPrivate: boolean): number {
  const value = task.user.readU32(at);
  if (value === undefined) return -Errno.EFAULT;
  if ((value & FUTEX_TID_MASK) !== task.id) return -Errno.EPERM;
  contested.get(task)?.delete(at);
  return handOver(task, at, futexKey(task, at, isPrivate), 0) ? 0 : -Errno.EFAULT;
}

/** A thread ends with such locks in its hands: the next owner learns of it by FUTEX_OWNER_DIED. */
export function abandonPriorityLocks(task: Thread): void {
  const owned = contested.get(task);
  contested.delete(task);
  for (const [at, key] of owned ?? []) {
    const value = task.user.readU32(at);
    // The walk over the robust list came first, and has taken the owner out of the word already.
    const owner = value === undefined ? undefined : value & FUTEX_TID_MASK;
    if (owner === task.id || owner === 0) handOver(task, at, key, FUTEX_OWNER_DIED);
  }
}

function handOver(task: Thread, at: number, key: FutexKey, mark: number): boolean {
  const [next, ...others] = waitersAt(key);
  // The mark stays on even for a last waiter, who unlocks through the kernel then (kernel/futex/pi.c, wake_futex_pi).
  const word = next === undefined ? 0 : next.thread.id | FUTEX_WAITERS;
  if (!task.user.writeU32(at, word | mark)) return false;
  if (next === undefined) return true;
  if (others.length > 0) remember(next.thread, at, key);
  wakeOne(next);
  return true;
}

function remember(owner: Thread, at: number, key: FutexKey): void {
  const owned = contested.get(owner) ?? new Map<number, FutexKey>();
  contested.set(owner, owned);
  owned.set(at, key);
}
