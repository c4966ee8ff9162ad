// Signals of open files: owners, O_ASYNC, F_NOTIFY, and leases that are broken (man 2 fcntl).
import { Errno, Pending } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { processState } from '../signals/signal-state.ts';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';
import { leasesOf } from './leases.ts';

const F = { SETFL: 4, SETOWN: 8, GETOWN: 9, SETSIG: 10, GETSIG: 11, SETOWN_EX: 15, GETOWN_EX: 16 } as const;
const LEASE = { SET: 1024, GET: 1025 } as const;
const F_NOTIFY = 1026;
const O = { RDONLY: 0, WRONLY: 1, RDWR: 2, NONBLOCK: 0o4000, ASYNC: 0o20000 } as const;
const [READ, WRITE, NONE] = [0, 1, 2];
const SIGUSR1 = 10;
const SIGIO = 29;
const [DN_RENAME, DN_ATTRIB] = [0x10, 0x20];

/** The signals a task has got and not taken; they are blocked first. */
function prepared() {
  const task = newTask();
  const open = (path: string, flags: number) => call(task, 'open', path, flags, 0) as number;
  task.user.write(PAGE, new Uint8Array(8).fill(0xff));
  call(task, 'rt_sigprocmask', 0, PAGE, 0, 8);
  return { task, open, pending: () => processState(task.process).pending };
}

describe('owners of open files', () => {
  it('are processes, or groups with a minus', () => {
    const { task, open } = prepared();
    const fd = open('/etc/motd', O.RDONLY);
    const { id } = task.process;
    expect(call(task, 'fcntl', fd, F.SETOWN, -task.process.group)).toBe(0);
    expect(call(task, 'fcntl', fd, F.GETOWN, 0)).toBe(-task.process.group);
    expect(call(task, 'fcntl', fd, F.SETOWN, 99999)).toBe(-Errno.ESRCH);
    task.user.write(PAGE, new Uint8Array(Uint32Array.of(1, id).buffer));
    expect(call(task, 'fcntl', fd, F.SETOWN_EX, PAGE)).toBe(0);
    expect(call(task, 'fcntl', fd, F.GETOWN_EX, PAGE + 8)).toBe(0);
    expect(task.user.readU32(PAGE + 12)).toBe(id);
    expect(call(task, 'fcntl', fd, F.SETSIG, 65)).toBe(-Errno.EINVAL);
  });

  it('O_ASYNC of a pipe tells that data came', () => {
    const { task, pending } = prepared();
    call(task, 'pipe', PAGE);
    const [reader, writer] = [task.user.readU32(PAGE) ?? -1, task.user.readU32(PAGE + 4) ?? -1];
    call(task, 'fcntl', reader, F.SETFL, O.ASYNC);
    call(task, 'fcntl', reader, F.SETOWN, task.process.id);
    call(task, 'write', writer, PAGE, 1);
    expect(pending().map(({ signal }) => signal)).toEqual([SIGIO]);
    call(task, 'fcntl', reader, F.SETSIG, SIGUSR1);
    call(task, 'write', writer, PAGE, 1);
    expect(pending()[1]).toMatchObject({ signal: SIGUSR1, code: 1, file: { descriptor: reader, band: 1 } });
  });

  it('F_NOTIFY tells what happens in a directory, once', () => {
    const { task, open, pending } = prepared();
    expect(call(task, 'fcntl', open('/etc/motd', O.RDONLY), F_NOTIFY, DN_ATTRIB)).toBe(-Errno.ENOTDIR);
    const directory = open('/etc', O.RDONLY);
    call(task, 'fcntl', directory, F.SETSIG, SIGUSR1);
    expect(call(task, 'fcntl', directory, F_NOTIFY, DN_ATTRIB)).toBe(0);
    call(task, 'chmod', '/bin/toy', 0o755);
    expect(pending()).toHaveLength(0);
    call(task, 'chmod', '/etc/motd', 0o600);
    expect(pending()).toHaveLength(1);
    expect(call(task, 'fcntl', open('/etc', O.RDONLY), F_NOTIFY, DN_RENAME)).toBe(0);
    call(task, 'rename', '/etc/motd', '/bin/motd');
    call(task, 'rename', '/bin/motd', '/etc/motd');
    expect(pending()).toHaveLength(1);
    call(task, 'rename', '/etc/motd', '/etc/news');
    expect(pending()).toHaveLength(2);
    expect(pending()[0]).toMatchObject({ signal: SIGUSR1, file: { descriptor: directory } });
  });
});

describe('leases', () => {
  it.each([
    ['a read lease on what is open for writing', O.RDWR, READ, Errno.EAGAIN],
    ['an unknown type', O.RDONLY, 7, Errno.EINVAL],
    ['giving back what was not taken', O.RDONLY, NONE, Errno.EAGAIN],
  ] as const)('refuse %s', (_, flags, type, errno) => {
    const { task, open } = prepared();
    expect(call(task, 'fcntl', open('/etc/motd', flags), LEASE.SET, type)).toBe(-errno);
  });

  it('are refused where others have the file open', () => {
    const { task, open } = prepared();
    const [first, second] = [open('/etc/motd', O.RDONLY), open('/etc/motd', O.RDONLY)];
    expect(call(task, 'fcntl', first, LEASE.SET, WRITE)).toBe(-Errno.EAGAIN);
    expect(call(task, 'fcntl', first, LEASE.SET, READ)).toBe(0);
    expect(call(task, 'fcntl', second, LEASE.SET, READ)).toBe(0);
    expect(call(task, 'fcntl', first, LEASE.GET, 0)).toBe(READ);
  });

  it('are broken by an open, which waits until the holder gives way', () => {
    const { task, open, pending } = prepared();
    const holder = open('/etc/motd', O.RDONLY);
    call(task, 'fcntl', holder, LEASE.SET, WRITE);
    expect(open('/etc/motd', O.RDONLY | O.NONBLOCK)).toBe(-Errno.EAGAIN);
    expect(pending().map(({ signal }) => signal)).toEqual([SIGIO]);
    const waiting = call(task, 'open', '/etc/motd', O.RDONLY, 0);
    if (!(waiting instanceof Pending)) throw new Error('it did not wait');
    expect(waiting.request.attempt()).toBeUndefined();
    expect(call(task, 'fcntl', holder, LEASE.GET, 0)).toBe(READ);
    expect(call(task, 'fcntl', holder, LEASE.SET, READ)).toBe(0);
    expect(waiting.request.attempt()).toBeGreaterThan(holder);
  });

  it('are taken away after /proc/sys/fs/lease-break-time, and end with the file', () => {
    const { task, open } = prepared();
    const holder = open('/etc/motd', O.RDONLY);
    call(task, 'fcntl', holder, LEASE.SET, READ);
    const waiting = call(task, 'truncate', '/etc/motd', 0);
    if (!(waiting instanceof Pending)) throw new Error('it did not wait');
    expect(waiting.request.expire?.()).toBe(0);
    expect(call(task, 'fcntl', holder, LEASE.GET, 0)).toBe(NONE);
    call(task, 'fcntl', holder, LEASE.SET, READ);
    call(task, 'close', holder);
    expect(leasesOf(task.kernel).held.size).toBe(0);
  });
});
