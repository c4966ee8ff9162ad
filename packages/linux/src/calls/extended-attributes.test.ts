// Extended attributes: what is kept, what is told, and what is refused (man 2 setxattr, getxattr, listxattr, removexattr).
import { Errno } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const [CREATE, REPLACE] = [1, 2];
const FILE = '/etc/motd';
const LENGTH = 5;

type Task = ReturnType<typeof newTask>;

function set(task: Task, path: string, name: string, flags = 0, length = LENGTH) {
  task.user.write(PAGE, Uint8Array.of(1, 2, 3, 4, 5));
  return call(task, 'setxattr', path, name, PAGE, length, flags);
}

describe('extended attributes', () => {
  it('are kept, told in two steps, listed and removed', () => {
    const task = newTask();
    expect(set(task, FILE, 'user.a')).toBe(0);
    expect(set(task, FILE, 'trusted.b', CREATE, 0)).toBe(0);
    expect(call(task, 'getxattr', FILE, 'user.a', 0, 0)).toBe(LENGTH);
    expect(call(task, 'getxattr', FILE, 'user.a', PAGE + 64, 4)).toBe(-Errno.ERANGE);
    expect(call(task, 'getxattr', FILE, 'user.a', PAGE + 64, 99)).toBe(LENGTH);
    expect([...(task.user.read(PAGE + 64, LENGTH) ?? [])]).toEqual([1, 2, 3, 4, 5]);
    expect(call(task, 'listxattr', FILE, PAGE, 99)).toBe('user.a.trusted.b.'.length);
    call(task, 'setresuid', -1, 1000, -1);
    expect(call(task, 'listxattr', FILE, PAGE, 99)).toBe('user.a.'.length);
    call(task, 'setresuid', -1, 0, -1);
    const fd = call(task, 'open', FILE, 0, 0) as number;
    expect(call(task, 'fremovexattr', fd, 'user.a')).toBe(0);
    expect(call(task, 'fgetxattr', fd, 'user.a', 0, 0)).toBe(-Errno.ENODATA);
  });

  it.each([
    ['unknown flags', FILE, 'user.a', -1, LENGTH, Errno.EINVAL],
    ['replacing nothing', FILE, 'user.b', REPLACE, LENGTH, Errno.ENODATA],
    ['making what there is', FILE, 'user.a', CREATE, LENGTH, Errno.EEXIST],
    ['no name', FILE, '', 0, LENGTH, Errno.ERANGE],
    ['a long name', FILE, `user.${'x'.repeat(251)}`, 0, LENGTH, Errno.ERANGE],
    ['a large value', FILE, 'user.a', 0, 65537, Errno.E2BIG],
    ['a name space without a name', FILE, 'user.', 0, LENGTH, Errno.EINVAL],
    ['an unknown name space', FILE, 'system.posix_acl_access', 0, LENGTH, Errno.EOPNOTSUPP],
    ['/proc', '/proc/version', 'user.a', 0, LENGTH, Errno.EOPNOTSUPP],
    ['a link', '/link', 'user.a', 0, LENGTH, Errno.EPERM],
  ] as const)('refuse %s', (_, path, name, flags, length, errno) => {
    const task = newTask();
    call(task, 'symlink', FILE, '/link');
    set(task, FILE, 'user.a');
    task.user.write(PAGE, new Uint8Array(LENGTH));
    expect(call(task, 'lsetxattr', path, name, PAGE, length, flags)).toBe(-errno);
  });

  it('are no part of files that cannot have them', () => {
    const task = newTask();
    expect(call(task, 'listxattr', '/proc/version', PAGE, 99)).toBe(0);
    expect(call(task, 'getxattr', '/proc/version', 'user.a', PAGE, 9)).toBe(-Errno.EOPNOTSUPP);
    call(task, 'pipe', PAGE);
    expect(call(task, 'flistxattr', task.user.readU32(PAGE) ?? 0, PAGE, 99)).toBe(0);
  });

  it('are changes that watchers hear of', () => {
    const task = newTask();
    const IN_ATTRIB = 4;
    const watcher = Number(call(task, 'inotify_init1', 0o4000));
    call(task, 'inotify_add_watch', watcher, FILE, IN_ATTRIB);
    const heard = () => {
      const length = Number(call(task, 'read', watcher, PAGE, 64));
      return length < 0 ? length : task.user.readU32(PAGE + 4);
    };
    set(task, FILE, 'user.a');
    expect(heard()).toBe(IN_ATTRIB);
    expect(set(task, FILE, 'user.a', CREATE)).toBe(-Errno.EEXIST);
    expect(heard()).toBe(-Errno.EAGAIN);
    call(task, 'removexattr', FILE, 'user.a');
    expect(heard()).toBe(IN_ATTRIB);
  });

  it('ask for the rights of the file, and trusted ones for an administrator', () => {
    const task = newTask();
    set(task, FILE, 'trusted.a');
    call(task, 'chmod', FILE, 0o644);
    call(task, 'setresuid', -1, 1000, -1);
    expect(set(task, FILE, 'user.a')).toBe(-Errno.EACCES);
    expect(set(task, FILE, 'trusted.a')).toBe(-Errno.EPERM);
    expect(call(task, 'getxattr', FILE, 'trusted.a', 0, 0)).toBe(-Errno.ENODATA);
    expect(set(task, FILE, 'security.a')).toBe(-Errno.EPERM);
  });

  it('go with the file, and are bounded', () => {
    const task = newTask();
    const fill = () => {
      for (let number = 0; ; number++) {
        const result = call(task, 'setxattr', FILE, `user.${number}`, PAGE, 4096, 0); // not a page size: bytes
        if (result !== 0) return [result, number] as const;
      }
    };
    const [error, first] = fill();
    expect(error).toBe(-Errno.ENOSPC);
    call(task, 'unlink', FILE);
    call(task, 'close', call(task, 'open', FILE, 0o101, 0o644) as number);
    expect(call(task, 'listxattr', FILE, 0, 0)).toBe(0);
    expect(fill()).toEqual([error, first]);
  });
});
