// Namespaces: what differs between two of a kind, and who may make and enter them (man 7 namespaces).
import { fromBytes, type Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const [NEWTIME, NEWNS, NEWUTS, NEWIPC, NEWUSER] = [0x80, 0x2_0000, 0x400_0000, 0x800_0000, 0x1000_0000];
const [EPERM, EBADF, EACCES, EBUSY, EINVAL, EMFILE] = [-1, -9, -13, -16, -22, -24];
const [O_WRONLY, IPC_CREAT, CLONE_FILES] = [1, 0o1000, 0x400];

function textOf(task: Thread, path: string): string {
  const fd = Number(call(task, 'open', path, 0, 0));
  const count = Number(call(task, 'read', fd, PAGE, 200));
  call(task, 'close', fd);
  return fromBytes(task.user.read(PAGE, count) as Uint8Array);
}

function store(task: Thread, path: string, text: string) {
  task.user.write(PAGE, new TextEncoder().encode(text));
  return call(task, 'write', Number(call(task, 'open', path, O_WRONLY, 0)), PAGE, text.length);
}

function forked(task: Thread): Thread {
  return task.kernel.threads.get(Number(call(task, 'fork'))) as Thread;
}

/** Runs calls as another thread: what is seen depends on whose call is served. */
function as<T>(thread: Thread, use: (thread: Thread) => T): T {
  thread.kernel.switchTo(thread);
  return use(thread);
}

describe('unshare', () => {
  it('of UTS: names of its own, which begin as those before', () => {
    const task = newTask();
    store(task, '/proc/sys/kernel/domainname', 'first');
    const child = forked(task);
    const name = '/proc/sys/kernel/domainname';
    as(child, () => {
      expect(call(child, 'unshare', NEWUTS)).toBe(0);
      expect(textOf(child, name)).toBe('first\n');
      store(child, name, 'second');
      expect(textOf(child, name)).toBe('second\n');
    });
    as(task, () => expect(textOf(task, name)).toBe('first\n'));
  });

  it('of IPC: no objects of others', () => {
    const task = newTask();
    expect(call(task, 'semget', 77, 1, IPC_CREAT)).toBe(0);
    expect([call(task, 'unshare', NEWIPC), call(task, 'semget', 77, 1, 0)]).toEqual([0, -2]);
  });

  it('of mounts: what is mounted then is not seen outside', () => {
    const task = newTask();
    call(task, 'mkdir', '/mnt', 0o777);
    const child = forked(task);
    as(child, () => {
      expect(call(child, 'unshare', NEWNS)).toBe(0);
      expect(call(child, 'mount', 'none', '/mnt', 'tmpfs', 0, 0)).toBe(0);
      expect(call(child, 'mkdir', '/mnt/inside', 0o777)).toBe(0);
    });
    as(task, () => expect(call(task, 'access', '/mnt/inside', 0)).toBe(-2));
  });

  it('of time: for children, with offsets that are fixed once one is there', () => {
    const task = newTask();
    const uptime = (who: Thread) => Number(textOf(who, '/proc/uptime').split('.')[0]);
    const before = uptime(task);
    expect(store(task, '/proc/self/timens_offsets', '7 100 0')).toBe(EACCES);
    expect(call(task, 'unshare', NEWTIME)).toBe(0);
    expect(store(task, '/proc/self/timens_offsets', 'boottime 1000 0')).toBe(15);
    expect(textOf(task, '/proc/self/timens_offsets')).toBe(
      'monotonic           0         0\nboottime         1000         0\n',
    );
    expect(uptime(task) - before).toBeLessThan(10);
    const child = forked(task);
    as(child, () => expect(uptime(child) - before).toBeGreaterThanOrEqual(1000));
    as(task, () => expect(store(task, '/proc/self/timens_offsets', 'boottime 1 0')).toBe(EACCES));
  });

  it('takes a privilege, and kinds there is one of are refused', () => {
    const task = newTask();
    expect(call(task, 'unshare', NEWUSER)).toBe(EPERM);
    call(task, 'setresuid', 7, 7, 7);
    expect(call(task, 'unshare', NEWUTS)).toBe(EPERM);
  });

  it('of descriptors is refused above nr_open', () => {
    const task = newTask();
    expect(call(task, 'dup2', 2, 65)).toBe(65);
    task.process.descriptors.share();
    store(task, '/proc/sys/fs/nr_open', '64');
    expect(call(task, 'unshare', CLONE_FILES)).toBe(EMFILE);
  });
});

describe('setns', () => {
  it('goes back into a namespace by its file', () => {
    const task = newTask();
    call(task, 'sethostname', PAGE, 0);
    const old = Number(call(task, 'open', '/proc/self/ns/uts', 0, 0));
    expect(call(task, 'unshare', NEWUTS)).toBe(0);
    store(task, '/proc/sys/kernel/domainname', 'other');
    expect([call(task, 'setns', old, NEWIPC), call(task, 'setns', old, NEWUTS)]).toEqual([EINVAL, 0]);
    expect(textOf(task, '/proc/sys/kernel/domainname')).toBe('(none)\n');
  });

  it('takes those of a process by its pidfd', () => {
    const task = newTask();
    const child = forked(task);
    as(child, () => call(child, 'unshare', NEWUTS | NEWNS));
    as(task, () => {
      const pidfd = Number(call(task, 'pidfd_open', child.id, 0));
      expect([call(task, 'setns', pidfd, 0), call(task, 'setns', pidfd, NEWUTS)]).toEqual([EINVAL, 0]);
      const link = (path: string) => {
        const count = Number(call(task, 'readlink', path, PAGE, 100));
        return fromBytes(task.user.read(PAGE, count) as Uint8Array);
      };
      expect(link('/proc/self/ns/uts')).toBe(link(`/proc/${child.id}/ns/uts`));
      expect(link('/proc/self/ns/mnt')).not.toBe(link(`/proc/${child.id}/ns/mnt`));
    });
  });

  it('tells a kind, and the namespace of users that one belongs to', () => {
    const task = newTask();
    const [uts, user] = ['uts', 'user'].map((kind) => Number(call(task, 'open', `/proc/self/ns/${kind}`, 0, 0)));
    const ask = (fd: number, request: number) => call(task, 'ioctl', fd, request, PAGE);
    expect([ask(uts, 0xb703), ask(uts, 0xb702), ask(uts, 0xb704)]).toEqual([NEWUTS, EINVAL, EINVAL]);
    expect([ask(user, 0xb701), ask(user, 0xb702), ask(user, 0xb704)]).toEqual([EPERM, EPERM, 0]);
    expect(ask(Number(ask(uts, 0xb701)), 0xb703)).toBe(NEWUSER);
  });

  it('refuses what is no namespace, and who has no privilege', () => {
    const task = newTask();
    const own = Number(call(task, 'open', '/proc/self/ns/uts', 0, 0));
    const file = Number(call(task, 'open', '/etc/motd', 0, 0));
    expect([call(task, 'setns', 99, 0), call(task, 'setns', file, 0)]).toEqual([EBADF, EINVAL]);
    call(task, 'setresuid', 7, 7, 7);
    expect(call(task, 'setns', own, 0)).toBe(EPERM);
  });
});

describe('pivot_root', () => {
  function rooted(): Thread {
    const task = newTask();
    for (const path of ['/jail', '/jail/new']) call(task, 'mkdir', path, 0o777);
    call(task, 'mount', 'none', '/jail', 'tmpfs', 0, 0);
    call(task, 'chroot', '/jail');
    for (const path of ['/old-file', '/new']) call(task, 'mkdir', path, 0o777);
    return task;
  }

  it('swaps the root and a mount below it', () => {
    const task = rooted();
    call(task, 'mount', 'none', '/new', 'tmpfs', 0, 0);
    call(task, 'mkdir', '/new/put', 0o777);
    expect(call(task, 'pivot_root', '/new', '/new/put')).toBe(0);
    const there = (path: string) => call(task, 'access', path, 0);
    expect([there('/put/old-file'), there('/old-file'), there('/new')]).toEqual([0, -2, -2]);
  });

  it('is EBUSY on the current root and EINVAL elsewhere', () => {
    const task = rooted();
    expect(call(task, 'pivot_root', '/new', '/new')).toBe(EBUSY);
    call(task, 'mount', 'none', '/new', 'tmpfs', 0, 0);
    call(task, 'mkdir', '/aside', 0o777);
    call(task, 'mount', 'none', '/aside', 'tmpfs', 0, 0);
    expect(call(task, 'pivot_root', '/new', '/aside')).toBe(EINVAL);
    call(task, 'setresuid', 7, 7, 7);
    expect(call(task, 'pivot_root', '/new', '/new')).toBe(EPERM);
  });
});
