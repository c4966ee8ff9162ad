// FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: waiting at a condition variable, and being moved from there to the lock that goes
// with it, without running in between (man 2 futex, kernel/futex/requeue.c).
import { Errno, Pending, type SystemCallResult, type Thread } from '@elf/kernel';
import { closesCircle, joinLock, leaveLock, takeOrJoin } from './priority-lock.ts';
import { dequeue, enqueue, futexKey, isSameWord, move, waitersAt, wakeOne } from './waiters.ts';

/** The words of both calls. */
interface TwoWords {
  readonly address: number;
  readonly value: number;
  readonly second: number;
}

/** Waits at the first word; returns with the lock, which is the second. */
export function waitToBeRequeued(
  task: Thread,
  { address: at, value, second }: TwoWords,
  isPrivate: boolean,
  deadline: number | undefined,
): SystemCallResult {
  if (at === second || second % 4 !== 0) return -Errno.EINVAL;
  const lock = { key: futexKey(task, second, isPrivate), address: second, state: undefined };
  const key = futexKey(task, at, isPrivate);
  const current = task.user.readU32(at);
  if (current === undefined) return -Errno.EFAULT;
  if (current !== value) return -Errno.EAGAIN;
  if (isSameWord(key, lock.key)) return -Errno.EINVAL;
  const waiter = enqueue(task, key, undefined, lock);
  const isMoved = () => waiter.lock?.state !== undefined;
  const leave = () => (isMoved() ? leaveLock(waiter) : dequeue(waiter));
  return new Pending({
    queues: [],
    deadline,
    attempt: () => (waiter.isWoken ? 0 : undefined),
    expire: () => {
      leave();
      return -Errno.ETIMEDOUT;
    },
    interrupt: () => {
      // Moved already, it cannot wait at the first word again: EWOULDBLOCK. Before that, ERESTARTNOINTR.
      const result = isMoved() ? -Errno.EAGAIN : -Errno.EINTR;
      leave();
      return result;
    },
    get restartable() {
      return isMoved() ? false : 'always';
    },
  });
}

/**
 * Gives the lock to the first waiter if it is free, and lets up to `limit` further ones wait for it.
 * @returns how many were woken or moved, or a negated error
 */
export function requeueToLock(
  task: Thread,
  { address: at, value: wakes, second }: TwoWords,
  limit: number,
  expected: number,
  isPrivate: boolean,
): number {
  // One is woken at most, because one can have the lock.
  if (at === second || wakes !== 1 || limit < 0 || second % 4 !== 0) return -Errno.EINVAL;
  const from = futexKey(task, at, isPrivate);
  const to = futexKey(task, second, isPrivate);
  if (isSameWord(from, to)) return -Errno.EINVAL;
  const current = task.user.readU32(at);
  if (current === undefined) return -Errno.EFAULT;
  if (current !== expected) return -Errno.EAGAIN;
  if (task.user.readU32(second) === undefined) return -Errno.EFAULT;
  let count = 0;
  for (const waiter of waitersAt(from)) {
    if (count > limit) break;
    const { lock, thread } = waiter;
    if (lock === undefined || !isSameWord(lock.key, to)) return -Errno.EINVAL;
    const outcome = takeOrJoin(thread, lock, limit > 0);
    if (outcome === 0) wakeOne(waiter);
    else if (typeof outcome === 'number') return outcome;
    else {
      if (closesCircle(thread, outcome)) return -Errno.EDEADLK;
      move(waiter, to);
      joinLock(waiter, outcome);
    }
    count++;
  }
  return count;
}
