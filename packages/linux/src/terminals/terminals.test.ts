// Stopping and continuing, wait statuses, pseudo-terminals and who may use them. Results are those of Linux 6.18 for the same calls.
import { Pending, type Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';
import { installTerminals } from './terminals.ts';

const [STOP, CONT, TSTP, HUP, INT] = [19, 18, 20, 1, 2];
const [TIOCGPTN, TIOCSPTLCK, TIOCGPGRP, TIOCSPGRP, TIOCSWINSZ] = [0x8004_5430, 0x4004_5431, 0x540f, 0x5410, 0x5414];

function childOf(task: Thread): Thread {
  return task.kernel.threads.get(Number(call(task, 'fork'))) as Thread;
}

function pendingSignals(thread: Thread): number[] {
  const state = thread.process.personalityState as { pending: { signal: number }[] };
  return state.pending.map(({ signal }) => signal);
}

describe('job control', () => {
  it('stops, tells the parent, continues and ends', () => {
    const task = newTask();
    const child = childOf(task);
    const { id } = child.process;
    expect(call(task, 'kill', id, STOP)).toBe(0);
    expect(child.state).toBe('stopped');
    expect(call(task, 'wait4', -1, PAGE, 1, 0)).toBe(0);
    expect(call(task, 'wait4', -1, PAGE, 2, 0)).toBe(id);
    expect(task.user.readU32(PAGE)).toBe(0x137f);
    expect(call(task, 'wait4', -1, PAGE, 3, 0)).toBe(0);
    expect(call(task, 'kill', id, CONT)).toBe(0);
    expect(child.state).toBe('runnable');
    expect(call(task, 'waitid', 0, 0, PAGE, 0x0100_0008, 0)).toBe(0);
    expect([8, 16, 24].map((at) => task.user.readU32(PAGE + at))).toEqual([6, id, CONT]);
    expect(call(task, 'wait4', -1, PAGE, 8, 0)).toBe(id);
    expect(task.user.readU32(PAGE)).toBe(0xffff);
    call(task, 'kill', id, STOP);
    call(task, 'kill', id, 9);
    expect(child.state).toBe('runnable');
    child.process.personality.beforeResume(child);
    expect(call(task, 'wait4', id, PAGE, 0, 0)).toBe(id);
    expect(task.user.readU32(PAGE)).toBe(9);
    expect(call(task, 'wait4', id, PAGE, 0, 0)).toBe(-10);
    expect(call(task, 'wait4', -1, 0, 4, 0)).toBe(-22);
    expect(call(task, 'waitid', 0, 0, PAGE, 1, 0)).toBe(-22);
  });

  it('a thread that waits stays where it is while its process is stopped', () => {
    const task = newTask();
    const child = childOf(task);
    call(task, 'pipe2', PAGE, 0);
    const reader = call(task, 'read', 3, PAGE, 1) as Pending;
    task.kernel.block(task, reader.request);
    call(child, 'kill', task.process.id, STOP);
    call(task, 'write', 4, '/', 1);
    expect(task.state).toBe('blocked');
    call(child, 'kill', task.process.id, CONT);
    expect(task.state).toBe('runnable');
    expect(task.wait).toBe(reader.request);
  });

  it('terminal stops leave an orphaned group alone', () => {
    const task = newTask();
    call(task, 'kill', task.process.id, TSTP);
    task.process.personality.beforeResume(task);
    expect(task.state).toBe('runnable');
    const child = childOf(task);
    call(child, 'setpgid', 0, 0);
    call(task, 'kill', child.process.id, TSTP);
    expect(child.state).toBe('stopped');
  });
});

describe('ends without a place in the tree', () => {
  it.each(['pipe', 'socketpair'])('of a %s keep the mode and owner they are given, which mean nothing', (name) => {
    const task = newTask();
    call(task, name, ...(name === 'pipe' ? [PAGE] : [1, 1, 0, PAGE]));
    expect(call(task, 'fchmod', 4, 0o200)).toBe(0);
    expect(call(task, 'fchown', 4, 5, -1)).toBe(0);
    expect(call(task, 'fstat', 4, PAGE)).toBe(0);
    const [mode, user, group] = [24, 28, 32].map((at) => task.user.readU32(PAGE + at));
    expect([Number(mode) & 0o7777, user, group]).toEqual([0o200, 5, 0]);
  });
});

describe('pseudo-terminals', () => {
  function pair(task: Thread): void {
    installTerminals(task.kernel);
    expect(call(task, 'open', '/dev/ptmx', 0o402, 0)).toBe(3);
    expect(call(task, 'ioctl', 3, TIOCGPTN, PAGE)).toBe(0);
    expect(task.user.readU32(PAGE)).toBe(0);
  }

  it('are locked at first, and become the terminal of a session leader that opens them', () => {
    const task = newTask();
    pair(task);
    expect(call(task, 'open', '/dev/pts/0', 0o402, 0)).toBe(-5);
    task.user.writeU32(PAGE, 0);
    expect(call(task, 'ioctl', 3, TIOCSPTLCK, PAGE)).toBe(0);
    expect(call(task, 'open', '/dev/tty', 2, 0)).toBe(-6);
    const leader = childOf(task);
    expect(call(leader, 'setsid')).toBe(leader.process.id);
    expect(call(leader, 'open', '/dev/pts/0', 2, 0)).toBe(4);
    expect(call(leader, 'ioctl', 4, TIOCGPGRP, PAGE)).toBe(0);
    expect(leader.user.readU32(PAGE)).toBe(leader.process.id);
    task.kernel.switchTo(leader);
    expect(call(leader, 'open', '/dev/tty', 2, 0)).toBe(5);
    leader.user.writeU32(PAGE, 99999);
    expect(call(leader, 'ioctl', 4, TIOCSPGRP, PAGE)).toBe(-3);
    leader.user.writeU32(PAGE, task.process.group);
    expect(call(leader, 'ioctl', 4, TIOCSPGRP, PAGE)).toBe(-1);
    // The name of the slave: what ttyname(3) reads.
    expect(call(leader, 'readlink', '/proc/self/fd/3', PAGE, 100)).toBe(9);
  });

  it('edit lines, echo, and turn keys and sizes into signals for the group in front', () => {
    const task = newTask();
    pair(task);
    task.user.writeU32(PAGE, 0);
    call(task, 'ioctl', 3, TIOCSPTLCK, PAGE);
    const leader = childOf(task);
    call(leader, 'setsid');
    call(leader, 'open', '/dev/pts/0', 2, 0);
    expect(call(task, 'write', 3, 'ab\x7fc', 4)).toBe(4);
    const reading = call(leader, 'read', 4, PAGE, 100) as Pending;
    expect(reading).toBeInstanceOf(Pending);
    expect(call(task, 'write', 3, '\r', 1)).toBe(1);
    expect(reading.request.attempt()).toBe(3);
    expect(leader.user.read(PAGE, 3)).toEqual(Uint8Array.from([97, 99, 10]));
    expect(call(leader, 'write', 4, 'x\n', 2)).toBe(2);
    const shown: number[] = [];
    for (let count = call(task, 'read', 3, PAGE, 100); typeof count === 'number' && count > 0; ) {
      shown.push(...(task.user.read(PAGE, count) as Uint8Array));
      count = call(task, 'read', 3, PAGE, 100);
    }
    expect(String.fromCharCode(...shown)).toBe('ab\b \bc\r\nx\r\n');
    call(task, 'write', 3, '\x03', 1);
    expect(pendingSignals(leader)).toEqual([INT]);
    task.user.write(PAGE, Uint8Array.from([24, 0, 80, 0, 0, 0, 0, 0]));
    expect(call(task, 'ioctl', 3, TIOCSWINSZ, PAGE)).toBe(0);
    expect(call(leader, 'ioctl', 4, 0x5413, PAGE)).toBe(0);
    expect(leader.user.readU16(PAGE + 2)).toBe(80);
    call(task, 'close', 3);
    call(leader, 'close', 3);
    expect(pendingSignals(leader)).toContain(HUP);
    expect(call(leader, 'read', 4, PAGE, 10)).toBe(0);
    expect(call(leader, 'write', 4, 'x', 1)).toBe(-5);
  });

  it('a background group that reads is stopped', () => {
    const task = newTask();
    pair(task);
    task.user.writeU32(PAGE, 0);
    call(task, 'ioctl', 3, TIOCSPTLCK, PAGE);
    const leader = childOf(task);
    call(leader, 'setsid');
    call(leader, 'open', '/dev/pts/0', 2, 0);
    const job = childOf(leader);
    call(job, 'setpgid', 0, 0);
    task.kernel.switchTo(job);
    expect(call(job, 'read', 4, PAGE, 10)).toBeInstanceOf(Pending);
    expect(job.state).toBe('stopped');
    expect(call(leader, 'wait4', -1, PAGE, 2, 0)).toBe(job.process.id);
    expect(leader.user.readU32(PAGE)).toBe(0x157f);
    // Output is not held back without TOSTOP.
    expect(call(job, 'write', 4, 'x', 1)).toBe(1);
  });
});
