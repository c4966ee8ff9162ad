// mount(2) and umount2(2): what is seen through them and what they refuse (man 2 mount, man 2 umount).
import { Errno } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask } from '../test-support/call-bench.ts';

const RDONLY = 1;
const REMOUNT = 32;
const BIND = 0x1000; // not a page size: MS_BIND
const MOVE = 0x2000;
const O_CREAT_WRONLY = 0o101;

/** A task with directories /a and /b and a file /f. */
function prepared() {
  const task = newTask();
  call(task, 'mkdir', '/a', 0o755);
  call(task, 'mkdir', '/b', 0o755);
  call(task, 'close', call(task, 'open', '/f', O_CREAT_WRONLY, 0o644) as number);
  return task;
}

const mount = (task: ReturnType<typeof newTask>, source: string, target: string, type: string | 0, flags = 0) =>
  call(task, 'mount', source, target, type, flags, 0);

describe('mount', () => {
  it.each([
    ['an unknown type', 'none', '/a', 'bcachefs', 0, Errno.ENODEV],
    ['no type', 'none', '/a', 0, 0, Errno.EINVAL],
    ['a file as target', 'none', '/f', 'tmpfs', 0, Errno.ENOTDIR],
    ['nothing as target', 'none', '/none', 'tmpfs', 0, Errno.ENOENT],
    ['remounting what is no mount', 'none', '/a', 'tmpfs', REMOUNT, Errno.EINVAL],
    ['remounting what the machine has', 'none', '/', 'tmpfs', REMOUNT, Errno.EPERM],
    ['binding a directory to a file', '/a', '/f', 0, BIND, Errno.ENOTDIR],
    ['binding nothing', '/none', '/a', 0, BIND, Errno.ENOENT],
    ['moving what is no mount', '/a', '/b', 0, MOVE, Errno.EINVAL],
  ] as const)('refuses %s', (_, source, target, type, flags, errno) => {
    expect(mount(prepared(), source, target, type, flags)).toBe(-errno);
  });

  it('is for user 0 only', () => {
    const task = prepared();
    call(task, 'setresuid', 1000, 1000, 1000);
    expect(mount(task, 'none', '/a', 'tmpfs')).toBe(-Errno.EPERM);
    expect(call(task, 'umount2', '/proc', 0)).toBe(-Errno.EPERM);
  });

  it('remounts read-only and back, unless a file is open for writing', () => {
    const task = prepared();
    expect(mount(task, 'none', '/a', 'tmpfs')).toBe(0);
    const open = call(task, 'open', '/a/x', O_CREAT_WRONLY, 0o644) as number;
    expect(mount(task, 'none', '/a', 'tmpfs', REMOUNT | RDONLY)).toBe(-Errno.EBUSY);
    call(task, 'close', open);
    expect(mount(task, 'none', '/a', 'tmpfs', REMOUNT | RDONLY)).toBe(0);
    expect(call(task, 'unlink', '/a/x')).toBe(-Errno.EROFS);
    expect(call(task, 'access', '/a/x', 2)).toBe(-Errno.EROFS);
    call(task, 'setresuid', -1, 1000, -1);
    // Before anybody's rights.
    expect(call(task, 'chmod', '/a/x', 0o600)).toBe(-Errno.EROFS);
    call(task, 'setresuid', -1, 0, -1);
    expect(mount(task, 'none', '/a', 'tmpfs', REMOUNT)).toBe(0);
    expect(call(task, 'unlink', '/a/x')).toBe(0);
  });

  it('binds a directory and a file, and moves a mount', () => {
    const task = prepared();
    expect(mount(task, '/etc', '/a', 0, BIND)).toBe(0);
    expect(call(task, 'access', '/a/motd', 0)).toBe(0);
    expect(mount(task, '/etc/motd', '/f', 0, BIND)).toBe(0);
    expect(call(task, 'umount2', '/f', 0)).toBe(0);
    expect(mount(task, '/a', '/b', 0, MOVE)).toBe(0);
    expect(call(task, 'access', '/a/motd', 0)).toBe(-Errno.ENOENT);
    expect(call(task, 'access', '/b/motd', 0)).toBe(0);
  });

  it('umount2 waits for the last user, MNT_DETACH does not', () => {
    const task = prepared();
    mount(task, 'none', '/a', 'tmpfs');
    call(task, 'chdir', '/a');
    expect(call(task, 'umount2', '/a', 0)).toBe(-Errno.EBUSY);
    expect(call(task, 'umount2', '/a', 2)).toBe(0);
    expect(call(task, 'umount2', '/proc', 0)).toBe(-Errno.EINVAL);
  });
});
