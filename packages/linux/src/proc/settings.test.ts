// Files of /proc that take a value: what is read back, what is refused.
import { toBytes } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { corePattern } from '../core-dump/core-dump.ts';
import { processState } from '../signals/signal-state.ts';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const WRITE_ONLY = 1;
const EINVAL = -22;

function store(task: ReturnType<typeof newTask>, path: string, text: string) {
  const descriptor = call(task, 'open', path, WRITE_ONLY, 0) as number;
  if (descriptor < 0) return descriptor;
  task.user.write(PAGE, toBytes(text));
  const result = call(task, 'write', descriptor, PAGE, text.length);
  call(task, 'close', descriptor);
  return result;
}

describe('settings of /proc', () => {
  it.each([
    ['0x3f\n', 0x3f],
    ['7', 7],
    ['017\n', 0o17],
    ['0', 0],
    ['0xffff', 0x1ff],
  ])('coredump_filter takes %j', (text, bits) => {
    const task = newTask();
    expect(store(task, '/proc/self/coredump_filter', text)).toBe(text.length);
    expect(processState(task.process).coreFilter).toBe(bits);
  });

  it.each(['', 'no', '-1', '09', '1 2', '0x'])('coredump_filter refuses %j', (text) => {
    const task = newTask();
    const before = processState(task.process).coreFilter;
    expect(store(task, '/proc/self/coredump_filter', text)).toBe(EINVAL);
    expect(processState(task.process).coreFilter).toBe(before);
  });

  it('oom_score_adj takes -1000 to 1000', () => {
    const task = newTask();
    expect(store(task, '/proc/self/oom_score_adj', '-1000')).toBe(5);
    expect(processState(task.process).outOfMemoryScore).toBe(-1000);
    for (const text of ['1001', '', 'x']) expect(store(task, '/proc/self/oom_score_adj', text)).toBe(EINVAL);
    expect(processState(task.process).outOfMemoryScore).toBe(-1000);
  });

  it('core_pattern loses the end of its line and is cut at 127 bytes', () => {
    const task = newTask();
    expect(store(task, '/proc/sys/kernel/core_pattern', 'core.%p\n')).toBe(8);
    expect(corePattern(task.kernel)).toBe('core.%p');
    store(task, '/proc/sys/kernel/core_pattern', 'x'.repeat(300));
    expect(corePattern(task.kernel)).toHaveLength(127);
  });

  it('lease-break-time is kept, and a link leads to the mounts of the process', () => {
    const task = newTask();
    expect(store(task, '/proc/sys/fs/lease-break-time', '7')).toBe(1);
    expect(store(task, '/proc/sys/fs/lease-break-time', 'x')).toBe(EINVAL);
    expect(call(task, 'access', '/proc/mounts', 4)).toBe(0);
  });

  it('other files take nothing', () => {
    expect(store(newTask(), '/proc/sys/kernel/ostype', 'BSD')).toBe(-13);
  });
});
