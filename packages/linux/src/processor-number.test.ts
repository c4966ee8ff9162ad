// The processor that getcpu, rseq and /proc tell, after sched_setaffinity.
import { fromBytes, type Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { processorOf } from './processor-number.ts';
import { call, newTask, PAGE } from './test-support/call-bench.ts';
import { threadAttributes } from './thread-attributes.ts';

const [MASK, AREA] = [PAGE, PAGE + 64];
const SIGNATURE = 0x53053053;

function number(task: Thread): number | undefined {
  expect(call(task, 'getcpu', PAGE + 32, PAGE + 36, 0)).toBe(0);
  expect(task.user.readU32(PAGE + 36)).toBe(0);
  return task.user.readU32(PAGE + 32);
}

describe('the processor of a thread', () => {
  it.each([
    [undefined, 0],
    [0b1n, 0],
    [0b100n, 2],
    [0b11000n, 3],
    [1n << 40n, 40],
  ])('with the mask %s is %s', (affinity, expected) => {
    const task = newTask();
    threadAttributes(task).affinity = affinity;
    expect(processorOf(task)).toBe(expected);
    expect(number(task)).toBe(expected);
  });

  it('is told where a thread registered for it, and in /proc', () => {
    const task = newTask();
    Object.defineProperty(task.kernel.host, 'processors', { value: 4 });
    expect(call(task, 'rseq', AREA, 32, 0, SIGNATURE)).toBe(0);
    const told = () => [task.user.readU32(AREA), task.user.readU32(AREA + 4)];
    expect(told()).toEqual([0, 0]);
    task.user.writeU64(MASK, 0b1100n);
    expect(call(task, 'sched_setaffinity', 0, 8, MASK)).toBe(0);
    expect(told()).toEqual([2, 2]);
    const mode = { readable: true, writable: false, append: false, nonBlocking: false };
    const file = task.kernel.tree.open(task.process.viewpoint, '/proc/self/stat', { read: true, write: false }, mode);
    const bytes = new Uint8Array(1024);
    const length = typeof file === 'number' ? 0 : file.file.read(bytes, 0);
    expect(fromBytes(bytes.subarray(0, length)).split(' ')[38]).toBe('2');
  });
});
