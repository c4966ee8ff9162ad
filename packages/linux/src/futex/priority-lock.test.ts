// Locks the kernel hands over, when their owner dies: the robust list and the list of contested locks are about the same word.
import { Pending } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';
import { releaseRobustLocks } from './robust-list.ts';

const [WAITERS, OWNER_DIED] = [0x8000_0000, 0x4000_0000];
const [LOCK_PI, TRYLOCK_PI] = [6, 8];
const EAGAIN = -11;
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
