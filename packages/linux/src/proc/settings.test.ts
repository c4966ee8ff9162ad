// Files of /proc that take a value: what is read back, what is refused.
import { fromBytes, toBytes } from '@elf/kernel';
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

  it('is in a mount that can be written, whose files say themselves what they refuse', () => {
    const task = newTask();
    const writable = (user: number) => {
      task.process.credentials.user = user;
      return ['version', 'sys/fs/lease-break-time'].map((name) => call(task, 'access', `/proc/${name}`, 2));
    };
    // As Linux answers it to root and to others, where it mounts /proc read-write.
    expect(writable(0)).toEqual([0, 0]);
    expect(writable(1000)).toEqual([-13, -13]);
  });

  it('lease-break-time is kept, and a link leads to the mounts of the process', () => {
    const task = newTask();
    expect(store(task, '/proc/sys/fs/lease-break-time', '7')).toBe(1);
    expect(store(task, '/proc/sys/fs/lease-break-time', 'x')).toBe(EINVAL);
    expect(call(task, 'access', '/proc/mounts', 4)).toBe(0);
  });

  it.each([
    ['vm/swappiness', '10\n', 3, '10\n'],
    ['vm/swappiness', '201', EINVAL, '60\n'],
    ['kernel/sem', '100', 3, '100\t1024000000\t500\t32000\n'],
    ['kernel/shm_next_id', 'x', EINVAL, '-1\n'],
  ])('%s takes %j: %j', (name, text, result, after) => {
    const task = newTask();
    expect(store(task, `/proc/sys/${name}`, text)).toBe(result);
    const fd = call(task, 'open', `/proc/sys/${name}`, 0, 0) as number;
    const count = call(task, 'read', fd, PAGE, 100) as number;
    expect(fromBytes(task.user.read(PAGE, count) as Uint8Array)).toBe(after);
  });

  it('threads have a status of their own', () => {
    const task = newTask();
    const other = task.kernel.spawnThread(task);
    const file = call(task, 'open', `/proc/self/task/${other.id}/stat`, 0, 0) as number;
    const length = call(task, 'read', file, PAGE, 1024) as number;
    const text = String.fromCharCode(...(task.user.read(PAGE, length) ?? []));
    expect(text.split(' ')[0]).toBe(String(other.id));
  });

  it('other files take nothing', () => {
    expect(store(newTask(), '/proc/sys/kernel/ostype', 'BSD')).toBe(-13);
  });
});
