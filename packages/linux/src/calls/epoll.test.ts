// epoll: who hears of an event when several wait for the same file (man 2 epoll_ctl, EPOLLEXCLUSIVE).
import { Errno, Pending, type Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const [IN, ADD, MOD] = [1, 1, 3];
const EXCLUSIVE = 0x1000_0000;
const EDGE = 0x8000_0000;
const EVENT = PAGE + 64;

/** A pipe, and a list for it that somebody waits for; `woken` gets its number. */
function watch(task: Thread, list: number, reader: number, woken: number[], bits = EXCLUSIVE): number {
  const fd = Number(call(task, 'epoll_create1', 0));
  task.user.writeU32(EVENT, (IN | bits) >>> 0);
  task.user.writeU64(EVENT + 4, BigInt(list));
  expect(call(task, 'epoll_ctl', fd, ADD, reader, EVENT)).toBe(0);
  const waiting = call(task, 'epoll_wait', fd, EVENT, 1, -1) as Pending;
  expect(waiting).toBeInstanceOf(Pending);
  const leave = waiting.request.queues[0].join(() => {
    if (waiting.request.attempt() === undefined) return;
    leave();
    woken.push(list);
  });
  return fd;
}

function pipe(task: Thread): readonly [number, number] {
  call(task, 'pipe', PAGE);
  return [task.user.readU32(PAGE) ?? 0, task.user.readU32(PAGE + 4) ?? 0];
}

describe('EPOLLEXCLUSIVE', () => {
  it('wakes one after the other', () => {
    const task = newTask();
    const [reader, writer] = pipe(task);
    const woken: number[] = [];
    for (const list of [1, 2, 3]) watch(task, list, reader, woken, EXCLUSIVE | EDGE);
    for (const count of [1, 2, 3]) {
      expect(call(task, 'write', writer, PAGE, 1)).toBe(1);
      expect(woken).toEqual([1, 2, 3].slice(0, count));
      expect(call(task, 'read', reader, PAGE, 1)).toBe(1);
    }
  });

  it('is for those who ask for it', () => {
    const task = newTask();
    const [reader, writer] = pipe(task);
    const woken: number[] = [];
    watch(task, 1, reader, woken);
    watch(task, 2, reader, woken);
    watch(task, 3, reader, woken, 0);
    watch(task, 4, reader, woken, 0);
    call(task, 'write', writer, PAGE, 1);
    expect(woken).toEqual([3, 4, 1]);
  });

  it('cannot be changed, nor asked of another list', () => {
    const task = newTask();
    const [reader] = pipe(task);
    const list = watch(task, 1, reader, []);
    expect(call(task, 'epoll_ctl', list, MOD, reader, EVENT)).toBe(-Errno.EINVAL);
    task.user.writeU32(EVENT, IN | EXCLUSIVE);
    const other = Number(call(task, 'epoll_create1', 0));
    expect(call(task, 'epoll_ctl', other, ADD, list, EVENT)).toBe(-Errno.EINVAL);
  });
});
