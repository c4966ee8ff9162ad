// Locks the kernel hands over, when their owner dies: the robust list and the list of contested locks are about the same word.
import { Pending, type Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';
import { threadAttributes } from '../thread-attributes.ts';
import { releaseRobustLocks } from './robust-list.ts';

const [WAITERS, OWNER_DIED] = [0x8000_0000, 0x4000_0000];
const [WAKE, CMP_REQUEUE, LOCK_PI, UNLOCK_PI, TRYLOCK_PI, WAIT_REQUEUE_PI, CMP_REQUEUE_PI] = [1, 4, 6, 7, 8, 11, 12];
const [ESRCH, EAGAIN, EINVAL, EDEADLK, ETIMEDOUT] = [-3, -11, -22, -35, -110];
/** A condition variable, and a second lock. */
const CONDITION = PAGE + 1024;
const SECOND = PAGE + 1028;
/** A robust list of one entry: the head, then the entry 64 bytes into the page, its lock 32 bytes further. */
const HEAD = PAGE;
const ENTRY = PAGE + 64;
const LOCK = ENTRY + 32;

describe('a lock that is handed over', () => {
  it('goes to its waiter when a robust owner dies', () => {
    const task = newTask();
    const owner = task.kernel.spawnThread(task);
    const { user } = task;
    for (const [at, value] of [
      [HEAD, ENTRY + 1],
      [HEAD + 8, LOCK - ENTRY],
      [HEAD + 16, 0],
      [ENTRY, HEAD],
    ])
      user.writeU64(at, BigInt(value));
    user.writeU32(LOCK, owner.id);
    expect(call(owner, 'set_robust_list', HEAD, 24)).toBe(0);
    expect(call(task, 'futex', LOCK, TRYLOCK_PI)).toBe(EAGAIN);
    const waiting = call(task, 'futex', LOCK, LOCK_PI);
    expect(waiting).toBeInstanceOf(Pending);
    expect(user.readU32(LOCK)).toBe((owner.id | WAITERS) >>> 0);
    releaseRobustLocks(owner);
    expect(user.readU32(LOCK)).toBe((task.id | OWNER_DIED | WAITERS) >>> 0);
    expect((waiting as Pending).request.attempt()).toBe(0);
  });
});

// Each line is what Linux 6.18 answers to the same calls.
describe('a lock with waiters', () => {
  const lockOf = (task: Thread, at = LOCK) => (task.user.readU32(at) ?? 0) >>> 0;
  const start = (...names: string[]) => {
    const task = newTask();
    return [task, ...names.map(() => task.kernel.spawnThread(task))];
  };
  const ended = (result: unknown) => (result as Pending).request.attempt();

  it('goes by priority, then by arrival, and its owner is told as having the highest', () => {
    const [owner, plain, low, high] = start('plain', 'low', 'high');
    const stat = () => {
      const fd = call(owner, 'open', `/proc/self/task/${owner.id}/stat`, 0, 0) as number;
      const count = call(owner, 'read', fd, PAGE + 2048, 1000) as number;
      call(owner, 'close', fd);
      const text = String.fromCharCode(...(owner.user.read(PAGE + 2048, count) ?? []));
      return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[15]);
    };
    for (const [thread, priority] of [
      [low, 10],
      [high, 50],
    ] as const)
      Object.assign(threadAttributes(thread), { policy: 1, priority });
    expect(call(owner, 'futex', LOCK, LOCK_PI)).toBe(0);
    expect(stat()).toBe(20);
    const waits = [plain, low, high].map((thread) => call(thread, 'futex', LOCK, LOCK_PI));
    expect(stat()).toBe(-51);
    expect(call(owner, 'futex', LOCK, WAKE, 1)).toBe(EINVAL);
    expect(call(owner, 'futex', LOCK, CMP_REQUEUE, 1, 1, SECOND, lockOf(owner))).toBe(EINVAL);
    expect(call(owner, 'futex', LOCK, UNLOCK_PI)).toBe(0);
    expect([lockOf(owner), ...waits.map(ended)]).toEqual([(high.id | WAITERS) >>> 0, undefined, undefined, 0]);
    expect(stat()).toBe(20);
    expect(call(high, 'futex', LOCK, UNLOCK_PI)).toBe(0);
    expect(call(low, 'futex', LOCK, UNLOCK_PI)).toBe(0);
    expect([lockOf(owner), ...waits.map(ended)]).toEqual([(plain.id | WAITERS) >>> 0, 0, 0, 0]);
  });

  it('is refused to who would wait for itself, and to a word of nobody', () => {
    const [first, second, third] = start('second', 'third');
    const THIRD = SECOND + 4;
    expect(call(first, 'futex', LOCK, LOCK_PI)).toBe(0);
    expect(call(first, 'futex', LOCK, LOCK_PI)).toBe(EDEADLK);
    expect(call(second, 'futex', SECOND, LOCK_PI)).toBe(0);
    expect(call(third, 'futex', THIRD, LOCK_PI)).toBe(0);
    expect(call(second, 'futex', LOCK, LOCK_PI)).toBeInstanceOf(Pending);
    expect(call(third, 'futex', SECOND, LOCK_PI)).toBeInstanceOf(Pending);
    expect(call(first, 'futex', THIRD, LOCK_PI)).toBe(EDEADLK);
    first.user.writeU32(CONDITION, 0x3fff_fff0);
    expect(call(first, 'futex', CONDITION, LOCK_PI)).toBe(ESRCH);
  });

  it('takes over who waits at a condition variable', () => {
    const [task, ...waiters] = start('one', 'two', 'three');
    task.user.writeU32(CONDITION, 7);
    const waits = waiters.map((thread) => call(thread, 'futex', CONDITION, WAIT_REQUEUE_PI, 7, 0, LOCK));
    const requeue = (count: number, more: number, to = LOCK, expected = 7) =>
      call(task, 'futex', CONDITION, CMP_REQUEUE_PI, count, more, to, expected);
    expect(call(task, 'futex', CONDITION, WAKE, 1)).toBe(EINVAL);
    expect([requeue(2, 9), requeue(1, 9, CONDITION), requeue(1, 9, LOCK, 8), requeue(1, 9, SECOND)]).toEqual([
      EINVAL,
      EINVAL,
      EAGAIN,
      EINVAL,
    ]);
    // The lock is free: the first has it at once, and the second waits for it.
    expect(requeue(1, 1)).toBe(2);
    expect([lockOf(task), ...waits.map(ended)]).toEqual([(waiters[0].id | WAITERS) >>> 0, 0, undefined, undefined]);
    expect(requeue(1, 0)).toBe(1);
    expect((waits[2] as Pending).request.expire?.()).toBe(ETIMEDOUT);
    const { request } = waits[1] as Pending;
    expect(request.restartable).toBe(false);
    expect(request.interrupt?.()).toBe(EAGAIN);
    expect(call(waiters[0], 'futex', LOCK, UNLOCK_PI)).toBe(0);
    expect(lockOf(task)).toBe(0);
    expect(call(task, 'futex', CONDITION, WAIT_REQUEUE_PI, 8, 0, LOCK)).toBe(EAGAIN);
    expect(call(task, 'futex', CONDITION, WAIT_REQUEUE_PI, 7, 0, CONDITION)).toBe(EINVAL);
  });

  it('is handed over where the next owner has its word', () => {
    const task = newTask();
    const [READ_WRITE, SHARED_ANONYMOUS] = [3, 0x21];
    const at = Number(call(task, 'mmap', 0, 4096, READ_WRITE, SHARED_ANONYMOUS, -1, 0));
    const child = task.kernel.threads.get(Number(call(task, 'fork'))) as Thread;
    const moved = Number(call(child, 'mremap', at, 4096, 4096, 3, at + 0x10_0000));
    expect(moved).toBe(at + 0x10_0000);
    expect(call(child, 'futex', moved, LOCK_PI)).toBe(0);
    const waiting = call(task, 'futex', at, LOCK_PI);
    call(child, 'exit_group', 0);
    expect([ended(waiting), lockOf(task, at)]).toEqual([0, (task.id | WAITERS | OWNER_DIED) >>> 0]);
  });
});
