// Extended attributes: what is kept, told and refused (man 2 setxattr, man 2 getxattr, man 7 xattr).
import { fromBytes, toBytes } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const [EPERM, E2BIG, EBADF, EACCES, EEXIST, EINVAL] = [-1, -7, -9, -13, -17, -22];
const [ERANGE, ENODATA, EOPNOTSUPP] = [-34, -61, -95];
const [CREATE, REPLACE, CREATE_RW, PATH_ONLY] = [1, 2, 0o102, 0o10000000];
const FILE = '/file';

function taskWithFile() {
  const task = newTask();
  call(task, 'close', call(task, 'open', FILE, CREATE_RW, 0o644) as number);
  task.user.write(PAGE, toBytes('value'));
  return task;
}

const set = (task: ReturnType<typeof newTask>, name: string, length = 5, flags = 0) =>
  call(task, 'setxattr', FILE, name, PAGE, length, flags);

describe('extended attributes', () => {
  it('are read back, listed and removed', () => {
    const task = taskWithFile();
    expect([set(task, 'user.one'), set(task, 'trusted.two', 0)]).toEqual([0, 0]);
    expect(call(task, 'getxattr', FILE, 'user.one', 0, 0)).toBe(5);
    expect(call(task, 'getxattr', FILE, 'user.one', PAGE + 100, 99)).toBe(5);
    expect(fromBytes(task.user.read(PAGE + 100, 5) as Uint8Array)).toBe('value');
    expect(call(task, 'listxattr', FILE, PAGE + 100, 99)).toBe(21);
    expect(fromBytes(task.user.read(PAGE + 100, 21) as Uint8Array)).toBe('user.one\0trusted.two\0');
    expect([call(task, 'removexattr', FILE, 'user.one'), call(task, 'removexattr', FILE, 'user.one')]).toEqual([
      0,
      ENODATA,
    ]);
  });

  it.each([
    ['creating twice', 'user.there', 5, CREATE, EEXIST],
    ['replacing nothing', 'user.absent', 5, REPLACE, ENODATA],
    ['unknown flags', 'user.a', 5, 4, EINVAL],
    ['no name', '', 5, 0, ERANGE],
    ['a long name', `user.${'x'.repeat(251)}`, 5, 0, ERANGE],
    ['a kind alone', 'user.', 5, 0, EINVAL],
    ['an unknown kind', 'other.a', 5, 0, EOPNOTSUPP],
    ['a label', 'security.capability', 5, 0, EOPNOTSUPP],
    ['a large value', 'user.a', 65537, 0, E2BIG],
  ] as const)('setxattr: %s', (_title, name, length, flags, expected) => {
    const task = taskWithFile();
    set(task, 'user.there');
    expect(set(task, name, length, flags)).toBe(expected);
  });

  it('a buffer that is too small is ERANGE', () => {
    const task = taskWithFile();
    set(task, 'user.one');
    expect(call(task, 'getxattr', FILE, 'user.one', PAGE, 4)).toBe(ERANGE);
    expect(call(task, 'listxattr', FILE, PAGE, 3)).toBe(ERANGE);
  });

  it('links have no user attributes, descriptors of places none at all', () => {
    const task = taskWithFile();
    call(task, 'symlink', FILE, '/link');
    expect(call(task, 'lsetxattr', '/link', 'user.a', PAGE, 1, 0)).toBe(EPERM);
    expect(call(task, 'setxattr', '/link', 'user.a', PAGE, 1, 0)).toBe(0);
    expect(call(task, 'getxattr', FILE, 'user.a', PAGE, 9)).toBe(1);
    const place = call(task, 'open', FILE, PATH_ONLY, 0) as number;
    expect(call(task, 'fgetxattr', place, 'user.a', PAGE, 9)).toBe(EBADF);
  });

  it('a new file under an old name has none', () => {
    const task = taskWithFile();
    set(task, 'user.one');
    call(task, 'unlink', FILE);
    call(task, 'close', call(task, 'open', FILE, CREATE_RW, 0o644) as number);
    expect(call(task, 'getxattr', FILE, 'user.one', PAGE, 9)).toBe(ENODATA);
  });

  it('rights are asked for: writing for user names, user 0 for trusted ones', () => {
    const task = taskWithFile();
    set(task, 'user.one');
    set(task, 'trusted.two');
    call(task, 'setresuid', 7, 7, 7);
    expect(set(task, 'user.one')).toBe(EACCES);
    expect(set(task, 'trusted.two')).toBe(EPERM);
    expect(call(task, 'getxattr', FILE, 'trusted.two', PAGE, 9)).toBe(ENODATA);
    expect(call(task, 'listxattr', FILE, PAGE, 99)).toBe(9);
    expect(call(task, 'getxattr', FILE, 'user.one', PAGE, 9)).toBe(5);
  });
});
