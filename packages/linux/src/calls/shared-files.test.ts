// Locks, FIFOs, renames, unnamed files and watches: what several processes see of the same files. Results are those of Linux 6.18 for the
// same calls.
import { Pending, type Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const CREATE = 0o102;
const AT_FDCWD = -100;

function childOf(task: Thread): Thread {
  return task.kernel.threads.get(Number(call(task, 'fork'))) as Thread;
}

function setLock(task: Thread, type: number, start: number, length: number): void {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, type, true);
  view.setBigInt64(8, BigInt(start), true);
  view.setBigInt64(16, BigInt(length), true);
  task.user.write(PAGE, bytes);
}

describe('locks', () => {
  it('of whole files belong to the open file and are shared by fork', () => {
    const task = newTask();
    call(task, 'open', '/tmp/f', CREATE, 0o644);
    call(task, 'open', '/tmp/f', 2, 0);
    expect(call(task, 'flock', 3, 2)).toBe(0);
    expect(call(task, 'flock', 4, 1 | 4)).toBe(-11);
    const child = childOf(task);
    expect(call(child, 'flock', 3, 1 | 4)).toBe(0);
    expect(call(task, 'flock', 4, 1 | 4)).toBe(0);
    expect(call(task, 'flock', 4, 2 | 4)).toBe(-11);
    const waiting = call(task, 'flock', 4, 2) as Pending;
    expect(waiting).toBeInstanceOf(Pending);
    expect(call(task, 'close', 3)).toBe(0);
    expect(waiting.request.attempt()).toBeUndefined();
    expect(call(child, 'close', 3)).toBe(0);
    expect(waiting.request.attempt()).toBe(0);
    expect(call(task, 'flock', 4, 3)).toBe(-22);
    expect(task.kernel.tree.locks.size).toBe(1);
    call(child, 'exit_group', 0);
    call(task, 'exit_group', 0);
    expect(task.kernel.tree.locks.size).toBe(0);
  });

  it('of records belong to the process, split, and go with any close', () => {
    const task = newTask();
    call(task, 'open', '/tmp/f', CREATE, 0o644);
    setLock(task, 1, 0, 100);
    expect(call(task, 'fcntl', 3, 6, PAGE)).toBe(0);
    setLock(task, 2, 40, 10);
    expect(call(task, 'fcntl', 3, 6, PAGE)).toBe(0);
    const child = childOf(task);
    setLock(child, 1, 40, 10);
    expect(call(child, 'fcntl', 3, 6, PAGE)).toBe(0);
    setLock(child, 0, 45, 20);
    expect(call(child, 'fcntl', 3, 6, PAGE)).toBe(-11);
    expect(call(child, 'fcntl', 3, 5, PAGE)).toBe(0);
    // F_GETLK: the conflicting lock is bytes 50 to 99 of the parent.
    expect(child.user.readU16(PAGE)).toBe(1);
    expect(child.user.readU64(PAGE + 8)).toBe(50n);
    expect(child.user.readU64(PAGE + 16)).toBe(50n);
    expect(child.user.readU32(PAGE + 24)).toBe(task.process.id);
    // Both would wait for each other: EDEADLK.
    setLock(child, 1, 0, 10);
    expect(call(child, 'fcntl', 3, 7, PAGE)).toBeInstanceOf(Pending);
    setLock(task, 1, 40, 5);
    expect(call(task, 'fcntl', 3, 7, PAGE)).toBe(-35);
    call(task, 'open', '/tmp/f', 0, 0);
    call(task, 'close', 4);
    setLock(child, 1, 0, 0);
    expect(call(child, 'fcntl', 3, 6, PAGE)).toBe(0);
  });
});

describe('FIFOs', () => {
  it('wait for the other end to be opened, and end with it', () => {
    const task = newTask();
    expect(call(task, 'mknod', '/tmp/p', 0o10644, 0)).toBe(0);
    expect(call(task, 'mknod', '/tmp/p', 0o10644, 0)).toBe(-17);
    expect(call(task, 'open', '/tmp/p', 0o4001, 0)).toBe(-6);
    const reader = call(task, 'open', '/tmp/p', 0, 0) as Pending;
    expect(reader).toBeInstanceOf(Pending);
    expect(call(task, 'open', '/tmp/p', 1, 0)).toBe(3);
    expect(reader.request.attempt()).toBe(4);
    expect(call(task, 'write', 3, '/etc', 4)).toBe(4);
    expect(call(task, 'close', 3)).toBe(0);
    expect(call(task, 'read', 4, PAGE, 10)).toBe(4);
    expect(call(task, 'read', 4, PAGE, 10)).toBe(0);
    expect(call(task, 'fstat', 4, PAGE)).toBe(0);
    expect(task.user.readU32(PAGE + 24)).toBe(0o10644);
    expect(call(task, 'lseek', 4, 0, 0)).toBe(-29);
  });

  it('have a capacity that can be asked and set', () => {
    const task = newTask();
    call(task, 'pipe2', PAGE, 0);
    expect(call(task, 'fcntl', 3, 1032, 0)).toBe(65536);
    expect(call(task, 'fcntl', 4, 1031, 5000)).toBe(8192);
    expect(call(task, 'fcntl', 3, 1031, 2_000_000)).toBe(-1);
    expect(call(task, 'tee', 3, 4, 10, 0)).toBe(-22);
    call(task, 'pipe2', PAGE, 0);
    call(task, 'write', 4, '/etc', 4);
    expect(call(task, 'tee', 3, 6, 10, 0)).toBe(4);
    expect(call(task, 'splice', 3, 0, 6, 0, 3, 0)).toBe(3);
    expect(call(task, 'ioctl', 5, 0x541b, PAGE)).toBe(0);
    expect(task.user.readU32(PAGE)).toBe(7);
    expect(call(task, 'splice', 5, 0, 4, PAGE, 3, 0)).toBe(-29);
  });
});

describe('names', () => {
  it('are exchanged, and not replaced when that is forbidden', () => {
    const task = newTask();
    call(task, 'open', '/tmp/a', CREATE, 0o644);
    call(task, 'mkdir', '/tmp/d', 0o700);
    expect(call(task, 'renameat2', AT_FDCWD, '/tmp/a', AT_FDCWD, '/tmp/d', 1)).toBe(-17);
    expect(call(task, 'renameat2', AT_FDCWD, '/tmp/a', AT_FDCWD, '/tmp/d', 2)).toBe(0);
    expect(call(task, 'rmdir', '/tmp/a')).toBe(0);
    expect(call(task, 'renameat2', AT_FDCWD, '/tmp/d', AT_FDCWD, '/tmp/none', 2)).toBe(-2);
    expect(call(task, 'renameat2', AT_FDCWD, '/tmp/d', AT_FDCWD, '/tmp/none', 3)).toBe(-22);
    expect(call(task, 'unlink', '/tmp/d')).toBe(0);
  });

  it('of directories in use are kept up with, and a removed working directory is ENOENT', () => {
    const task = newTask();
    call(task, 'mkdir', '/tmp/d', 0o700);
    call(task, 'mkdir', '/tmp/d/e', 0o700);
    call(task, 'chdir', '/tmp/d/e');
    expect(call(task, 'open', '/tmp/d', 0o200000, 0)).toBe(3);
    expect(call(task, 'rename', '/tmp/d', '/tmp/new')).toBe(0);
    expect(call(task, 'getcwd', PAGE, 100)).toBe(11);
    expect(String.fromCharCode(...(task.user.read(PAGE, 10) ?? []))).toBe('/tmp/new/e');
    expect(call(task, 'mkdirat', 3, 'f', 0o700)).toBe(0);
    expect(call(task, 'rmdir', '/tmp/new/e')).toBe(0);
    expect(call(task, 'getcwd', PAGE, 100)).toBe(-2);
    expect(call(task, 'stat', '.', PAGE)).toBe(0);
    expect(call(task, 'stat', '../f', PAGE)).toBe(0);
    expect(call(task, 'mkdir', 'x', 0o700)).toBe(-2);
  });

  it('can be left out (O_TMPFILE)', () => {
    const task = newTask();
    expect(call(task, 'open', '/tmp', 0o20200000, 0o600)).toBe(-22);
    expect(call(task, 'open', '/etc/motd', 0o20200002, 0o600)).toBe(-20);
    expect(call(task, 'open', '/tmp', 0o20200002, 0o600)).toBe(3);
    expect(call(task, 'write', 3, '/etc', 4)).toBe(4);
    expect(call(task, 'fstat', 3, PAGE)).toBe(0);
    expect(task.user.readU64(PAGE + 16)).toBe(0n);
    expect(task.user.readU32(PAGE + 24)).toBe(0o100600);
  });
});

describe('openat2', () => {
  const open = (task: Thread, directory: number, path: string, resolve: number, size = 24) => {
    task.user.write(PAGE, new Uint8Array(24));
    task.user.writeU64(PAGE + 16, BigInt(resolve));
    return call(task, 'openat2', directory, path, PAGE, size);
  };

  it('keeps to what its restrictions allow', () => {
    const task = newTask();
    call(task, 'mkdir', '/tmp/in', 0o755);
    call(task, 'symlink', '/etc/motd', '/tmp/in/absolute');
    call(task, 'symlink', '../../etc/motd', '/tmp/in/up');
    call(task, 'open', '/tmp/in', 0o200000, 0);
    expect(open(task, 3, 'up', 0)).toBe(4);
    expect(open(task, 3, '..', 8)).toBe(-18);
    expect(open(task, 3, 'up', 8)).toBe(-18);
    expect(open(task, 3, 'absolute', 8)).toBe(-18);
    expect(open(task, 3, '/etc/motd', 8)).toBe(-18);
    expect(open(task, 3, 'absolute', 4)).toBe(-40);
    expect(open(task, 3, 'absolute', 16)).toBe(-2);
    expect(open(task, 3, '/../..', 16)).toBe(5);
    expect(open(task, AT_FDCWD, '/proc/self/fd/3', 2)).toBe(-40);
    expect(open(task, AT_FDCWD, '/proc/self/status', 1)).toBe(-18);
    expect(open(task, 3, '.', 64)).toBe(-22);
    expect(open(task, 3, '.', 24)).toBe(-22);
    expect(open(task, 3, '.', 0, 20)).toBe(-22);
  });
});

describe('inotify', () => {
  const events = (task: Thread, length: number) => {
    const view = new DataView((task.user.read(PAGE, length) as Uint8Array).slice().buffer);
    const found: [number, number, string][] = [];
    for (let at = 0; at < length; ) {
      const name = view.getUint32(at + 12, true);
      const bytes = new Uint8Array(view.buffer, at + 16, name);
      found.push([
        view.getInt32(at, true),
        view.getUint32(at + 4, true),
        String.fromCharCode(...bytes.filter(Boolean)),
      ]);
      at += 16 + name;
    }
    return found;
  };

  it('tells creation, writing, renaming and removal in a directory', () => {
    const task = newTask();
    call(task, 'mkdir', '/tmp/d', 0o755);
    expect(call(task, 'inotify_init1', 0o4000)).toBe(3);
    expect(call(task, 'read', 3, PAGE, 4096)).toBe(-11);
    expect(call(task, 'inotify_add_watch', 3, '/tmp/d', 0xfff)).toBe(1);
    expect(call(task, 'inotify_add_watch', 3, '/tmp/d', 0x1000_0fff)).toBe(-17);
    expect(call(task, 'inotify_add_watch', 3, '/etc/motd', 0x0100_0001)).toBe(-20);
    call(task, 'open', '/tmp/d/f', CREATE, 0o644);
    call(task, 'write', 4, '/etc', 4);
    call(task, 'close', 4);
    call(task, 'rename', '/tmp/d/f', '/tmp/d/g');
    call(task, 'unlink', '/tmp/d/g');
    const length = Number(call(task, 'read', 3, PAGE, 4096));
    expect(events(task, length)).toEqual([
      [1, 0x100, 'f'],
      [1, 0x20, 'f'],
      [1, 2, 'f'],
      [1, 8, 'f'],
      [1, 0x40, 'f'],
      [1, 0x80, 'g'],
      [1, 0x200, 'g'],
    ]);
    expect(call(task, 'inotify_rm_watch', 3, 1)).toBe(0);
    expect(events(task, Number(call(task, 'read', 3, PAGE, 4096)))).toEqual([[1, 0x8000, '']]);
    expect(call(task, 'inotify_rm_watch', 3, 1)).toBe(-22);
  });

  it('tells the end of a watched file', () => {
    const task = newTask();
    call(task, 'open', '/tmp/f', CREATE, 0o644);
    call(task, 'close', 3);
    call(task, 'inotify_init1', 0o4000);
    call(task, 'inotify_add_watch', 3, '/tmp/f', 0xfff);
    call(task, 'unlink', '/tmp/f');
    expect(events(task, Number(call(task, 'read', 3, PAGE, 4096)))).toEqual([
      [1, 4, ''],
      [1, 0x400, ''],
      [1, 0x8000, ''],
    ]);
  });

  it('O_TMPFILE gets a name by linkat, unless O_EXCL forbids it', () => {
    const task = newTask();
    const [TMPFILE_RW, EXCL, FOLLOW, EMPTY_PATH, HERE] = [0o20200002, 0o200, 0x400, 0x1000, -100];
    call(task, 'mkdir', '/d', 0o755);
    const fd = Number(call(task, 'open', '/d', TMPFILE_RW, 0o600));
    expect(call(task, 'write', fd, PAGE, 4)).toBe(4);
    const named = (flags: number, from: string, number: number, to: string) =>
      call(task, 'linkat', number, from, HERE, to, flags);
    expect(named(FOLLOW, `/proc/self/fd/${fd}`, HERE, '/d/first')).toBe(0);
    expect(named(FOLLOW, `/proc/self/fd/${fd}`, HERE, '/d/first')).toBe(-17);
    expect(named(EMPTY_PATH, '', fd, '/d/second')).toBe(0);
    expect(call(task, 'access', '/d/second', 0)).toBe(0);
    const hidden = Number(call(task, 'open', '/d', TMPFILE_RW | EXCL, 0o600));
    expect(named(FOLLOW, `/proc/self/fd/${hidden}`, HERE, '/d/third')).toBe(-2);
    call(task, 'setresuid', 7, 7, 7);
    expect(named(EMPTY_PATH, '', fd, '/d/fourth')).toBe(-2);
  });

  it('vmsplice takes what there is room for', () => {
    const task = newTask();
    expect(call(task, 'pipe2', PAGE + 512, 0)).toBe(0);
    const writer = task.user.readU32(PAGE + 516) as number;
    expect(call(task, 'fcntl', writer, 1031, 4096)).toBe(4096);
    const give = (length: number, flags: number) => {
      task.user.writeU64(PAGE, BigInt(PAGE));
      task.user.writeU64(PAGE + 8, BigInt(length));
      return call(task, 'vmsplice', writer, PAGE, 1, flags);
    };
    expect([give(8000, 0), give(1, 2)]).toEqual([4096, -11]);
    expect(give(1, 0)).toBeInstanceOf(Pending);
  });

  it.each([
    ['immutable', 0x10, [-1, -1, -1]],
    ['append-only', 0x20, [-1, 3, -1]],
  ] as const)('what is %s stays as it is', (_, flag, opened) => {
    const task = newTask();
    const [GETFLAGS, SETFLAGS, RDWR, APPEND] = [0x8008_6601, 0x4008_6602, 2, 0o2002];
    call(task, 'mkdir', '/d', 0o755);
    const fd = Number(call(task, 'open', '/d/file', CREATE, 0o600));
    const set = (flags: number) => {
      task.user.writeU32(PAGE, flags);
      return call(task, 'ioctl', fd, SETFLAGS, PAGE);
    };
    expect([set(flag | 0x40), call(task, 'ioctl', fd, GETFLAGS, PAGE), task.user.readU32(PAGE)]).toEqual([
      0,
      0,
      flag | 0x40,
    ]);
    const tries = [
      call(task, 'open', '/d/file', RDWR, 0),
      call(task, 'open', '/d/file', APPEND, 0),
      call(task, 'truncate', '/d/file', 0),
    ];
    expect(tries.map((result) => (Number(result) >= 0 ? 3 : result))).toEqual(opened);
    const refused = [
      call(task, 'unlink', '/d/file'),
      call(task, 'rename', '/d/file', '/d/other'),
      call(task, 'link', '/d/file', '/d/other'),
      call(task, 'chmod', '/d/file', 0o777),
      call(task, 'setxattr', '/d/file', 'user.name', PAGE, 1, 0),
    ];
    expect(refused).toEqual([-1, -1, -1, -1, -1]);
    expect([set(0x1), set(0), call(task, 'unlink', '/d/file')]).toEqual([-95, 0, 0]);
  });

  it('an immutable directory keeps its names', () => {
    const task = newTask();
    call(task, 'mkdir', '/d', 0o755);
    call(task, 'mkdir', '/d/old', 0o755);
    const fd = Number(call(task, 'open', '/d', 0, 0));
    task.user.writeU32(PAGE, 0x10);
    expect(call(task, 'ioctl', fd, 0x4008_6602, PAGE)).toBe(0);
    expect([call(task, 'mkdir', '/d/new', 0o755), call(task, 'rmdir', '/d/old')]).toEqual([-1, -1]);
    expect(call(task, 'open', '/d/file', CREATE, 0o600)).toBe(-1);
  });

  it('statx tells flags of files and roots of mounts', () => {
    const task = newTask();
    call(task, 'mkdir', '/m', 0o755);
    call(task, 'mount', 'none', '/m', 'tmpfs', 0, 0);
    const fd = Number(call(task, 'open', '/m/file', CREATE, 0o600));
    task.user.writeU32(PAGE, 0x30);
    expect(call(task, 'ioctl', fd, 0x4008_6602, PAGE)).toBe(0);
    const told = (directory: number, path: string, flags: number) => {
      expect(call(task, 'statx', directory, path, flags, 0xfff, PAGE)).toBe(0);
      return [8, 56].map((at) => Number(task.user.readU64(PAGE + at)));
    };
    expect([told(AT_FDCWD, '/m', 0), told(fd, '', 0x1000)]).toEqual([
      [0x2000, 0x2070],
      [0x30, 0x2070],
    ]);
  });

  it('a look at /proc/self/fd does not hold what is open', () => {
    const task = newTask();
    expect(call(task, 'pipe2', PAGE, 0)).toBe(0);
    const [reader, writer] = [0, 4].map((at) => task.user.readU32(PAGE + at) as number);
    expect(call(task, 'stat', `/proc/self/fd/${writer}`, PAGE + 64)).toBe(0);
    call(task, 'close', writer);
    expect(call(task, 'read', reader, PAGE, 1)).toBe(0);
  });
});
