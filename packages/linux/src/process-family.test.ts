// Process 1, orphans and numbers of processes: who is whose parent (man 2 prctl, PR_SET_CHILD_SUBREAPER; kernel/exit.c).
import type { Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from './test-support/call-bench.ts';

const [EPERM, ESRCH, ECHILD] = [-1, -3, -10];
const [SET_CHILD_SUBREAPER, WNOHANG, SIGKILL] = [36, 1, 9];

function forked(task: Thread): Thread {
  return task.kernel.threads.get(Number(call(task, 'fork'))) as Thread;
}

function end(thread: Thread): void {
  thread.kernel.endProcess(thread.process, { kind: 'exited', code: 3 });
}

function textOf(task: Thread, path: string): string {
  const count = call(task, 'read', Number(call(task, 'open', path, 0, 0)), PAGE, 100) as number;
  return new TextDecoder().decode(task.user.read(PAGE, count));
}

describe('process 1', () => {
  it('is there, survives SIGKILL, and goes with the last program', () => {
    const task = newTask();
    expect([call(task, 'getpgid', 1), call(task, 'kill', 1, SIGKILL), call(task, 'kill', 1, 0)]).toEqual([1, 0, 0]);
    expect(textOf(task, '/proc/1/comm')).toBe('init\n');
    const { kernel } = task;
    expect(kernel.programThreads).toBe(1);
    end(task);
    expect([kernel.processes.size, kernel.threads.size, kernel.resident]).toEqual([0, 0, undefined]);
  });

  it('is for root to signal and to look into', () => {
    const task = newTask();
    const directory = call(task, 'open', '/proc/1', 0, 0);
    call(task, 'setresuid', 7, 7, 7);
    expect(call(task, 'kill', 1, 0)).toBe(EPERM);
    expect(call(task, 'pidfd_send_signal', Number(directory), 0, 0, 0)).toBe(EPERM);
    expect(call(task, 'get_robust_list', 1, PAGE, PAGE + 8)).toBe(EPERM);
  });

  it('collects orphans at once', () => {
    const task = newTask();
    const child = forked(task);
    const [alive, dead] = [forked(child), forked(child)];
    end(dead);
    end(child);
    expect([call(alive, 'getppid'), task.kernel.processes.has(dead.id)]).toEqual([1, false]);
    end(alive);
    expect(task.kernel.processes.has(alive.id)).toBe(false);
  });
});

describe('PR_SET_CHILD_SUBREAPER', () => {
  it('makes an ancestor the parent of orphans, ended ones included', () => {
    const task = newTask();
    call(task, 'prctl', SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    const child = forked(task);
    const [alive, dead] = [forked(child), forked(child)];
    end(dead);
    end(child);
    expect(call(alive, 'getppid')).toBe(task.id);
    const waited = () => call(task, 'wait4', -1, PAGE, WNOHANG, 0);
    expect([waited(), waited(), waited()]).toEqual([child.id, dead.id, 0]);
    end(alive);
    expect([waited(), waited()]).toEqual([alive.id, ECHILD]);
  });
});

describe('numbers of processes', () => {
  it('follow ns_last_pid and leave out those in use', () => {
    const task = newTask();
    const child = forked(task);
    const name = call(task, 'open', '/proc/sys/kernel/ns_last_pid', 1, 0);
    task.user.write(PAGE, new TextEncoder().encode(String(task.id - 1)));
    expect(call(task, 'write', Number(name), PAGE, String(task.id - 1).length)).toBeGreaterThan(0);
    expect(forked(task).id).toBe(child.id + 1);
  });

  it('do not make a directory of /proc stand for somebody else', () => {
    const task = newTask();
    const child = forked(task);
    const directory = Number(call(task, 'open', `/proc/${child.id}`, 0, 0));
    end(child);
    call(task, 'wait4', -1, 0, 0, 0);
    task.kernel.lastId = child.id - 1;
    expect(forked(task).id).toBe(child.id);
    expect(call(task, 'pidfd_send_signal', directory, SIGKILL, 0, 0)).toBe(ESRCH);
  });
});
