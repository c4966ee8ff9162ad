// ru_maxrss: what a process came to, before execve too, and the largest child that was waited for (man 2 getrusage).
import { Access } from '@elf/mm';
import type { Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from './test-support/call-bench.ts';

const [SELF, CHILDREN] = [0, -1];
const AREA = 0x40000000;
const KERNEL_PAGE = 4096;

function largest(task: Thread, who: number): number {
  expect(call(task, 'getrusage', who, PAGE)).toBe(0);
  return Number(task.user.readU64(PAGE + 32));
}

function consume(task: Thread, pages: number): void {
  const { space } = task.process;
  space.map({ address: AREA, length: pages * KERNEL_PAGE, protection: 3, fixed: 'replace' });
  for (let page = 0; page < pages; page++) space.resolve(AREA + page * KERNEL_PAGE, Access.Write);
}

describe('ru_maxrss', () => {
  it('counts touched pages, and keeps what was the most', () => {
    const task = newTask();
    // The page that the answer is stored in is one of them.
    largest(task, SELF);
    const before = largest(task, SELF);
    consume(task, 100);
    expect(largest(task, SELF) - before).toBe(400);
    task.process.space.unmap(AREA, 100 * KERNEL_PAGE);
    expect(largest(task, SELF) - before).toBe(400);
    expect(task.process.space.residentBytes).toBeLessThan(400 * 1024);
  });

  it('of a program before execve counts too', () => {
    const task = newTask();
    consume(task, 100);
    expect(call(task, 'execve', '/bin/toy', 0, 0)).toBe(0);
    expect(largest(task, SELF)).toBeGreaterThanOrEqual(400);
  });

  it('of children is that of the largest, once it was waited for, and no fork has it', () => {
    const task = newTask();
    const end = (pages: number) => {
      const child = task.kernel.threads.get(Number(call(task, 'fork'))) as Thread;
      consume(child, pages);
      task.kernel.endProcess(child.process, { kind: 'exited', code: 0 });
      return child.process.id;
    };
    const ids = [end(50), end(300), end(20)];
    expect(largest(task, CHILDREN)).toBe(0);
    call(task, 'wait4', ids[0], 0, 0, 0);
    const first = largest(task, CHILDREN);
    expect(first).toBeGreaterThanOrEqual(200);
    expect(first).toBeLessThan(300);
    call(task, 'wait4', ids[1], 0, 0, PAGE + 512);
    expect(largest(task, CHILDREN)).toBe(Number(task.user.readU64(PAGE + 512 + 32)));
    expect(largest(task, CHILDREN)).toBeGreaterThanOrEqual(1200);
    call(task, 'wait4', ids[2], 0, 0, 0);
    expect(largest(task, CHILDREN)).toBeGreaterThanOrEqual(1200);
    const child = task.kernel.threads.get(Number(call(task, 'fork'))) as Thread;
    expect(largest(child, CHILDREN)).toBe(0);
  });
});
