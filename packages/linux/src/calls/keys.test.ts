// Keys and keyrings: content, possession, quotas, ends, and programs that make keys (man 7 keyrings, man 2 add_key, request_key, keyctl).
import { Errno, type FileSystem, fromBytes, Pending, type Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { keysOf } from '../keys/key-store.ts';
import { KEYCTL } from '../keys/key-operations.ts';
import { keyringsOf } from '../keys/thread-keyrings.ts';
import { createProcFileSystem } from '../proc/proc-file-system.ts';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const [THREAD, PROCESS, SESSION, USER, USER_SESSION, REQUESTOR] = [-1, -2, -3, -4, -5, -8];
const CONTENT = [1, 2, 3];
const [DEFAULT_SETTING_OF_USER, POSSESSOR_ALL] = [0x3f010000, 0x3f000000];

function add(task: Thread, type: string, name: string, ring = PROCESS, content: readonly number[] = CONTENT): number {
  task.user.write(PAGE, Uint8Array.from(content));
  return Number(call(task, 'add_key', type, name, PAGE, content.length, ring));
}

function keyctl(task: Thread, name: keyof typeof KEYCTL, ...values: (number | string)[]): number {
  return Number(call(task, 'keyctl', KEYCTL[name], ...values, ...new Array<number>(4 - values.length).fill(0)));
}

const ringOf = (task: Thread, ring: number) => keyctl(task, 'KEYCTL_GET_KEYRING_ID', ring, 1);
const newKeyring = (task: Thread, name: string, ring = PROCESS) => add(task, 'keyring', name, ring, []);

function read(task: Thread, key: number): number[] | number {
  const length = keyctl(task, 'KEYCTL_READ', key, PAGE, 64);
  return length < 0 ? length : [...(task.user.read(PAGE, length) ?? [])];
}

function textOf(files: FileSystem, path: string): string {
  const file = files.open(path, { read: true, write: false });
  if (typeof file === 'number') return '';
  const bytes = new Uint8Array(4096); // not a page size: room for a table
  return fromBytes(bytes.subarray(0, file.read(bytes, 0)));
}

function become(task: Thread, user: number): void {
  call(task, 'setresuid', -1, user, -1);
}

describe('add_key', () => {
  it('makes keys that are read, replaced and told', () => {
    const task = newTask();
    const key = add(task, 'user', 'a');
    expect(read(task, key)).toEqual(CONTENT);
    expect(add(task, 'user', 'a', PROCESS, [9])).toBe(key);
    expect(read(task, key)).toEqual([9]);
    expect(keyctl(task, 'KEYCTL_UPDATE', key, PAGE, 0)).toBe(-Errno.EINVAL);
    const length = keyctl(task, 'KEYCTL_DESCRIBE', key, PAGE, 99);
    expect(fromBytes(task.user.read(PAGE, length) ?? new Uint8Array(0))).toBe('user;0;0;3f010000;a\0');
    expect(keyctl(task, 'KEYCTL_GET_SECURITY', key, PAGE, 1)).toBe(1);
  });

  it.each([
    ['an unknown type', 'asymmetric', 'a', PAGE, 3, PROCESS, Errno.ENODEV],
    ['a type of the kernel', '.request_key_auth', 'a', PAGE, 3, PROCESS, Errno.EPERM],
    ['no content', 'user', 'a', 0, 0, PROCESS, Errno.EINVAL],
    ['a keyring with content', 'keyring', 'a', PAGE, 1, PROCESS, Errno.EINVAL],
    ['long content', 'user', 'a', PAGE, 1 << 20, PROCESS, Errno.EINVAL],
    ['content of nowhere', 'user', 'a', 0, 64, PROCESS, Errno.EFAULT],
    ['no description', 'user', '', PAGE, 3, PROCESS, Errno.EINVAL],
    ['a logon key without a service', 'logon', 'a', PAGE, 3, PROCESS, Errno.EINVAL],
    ['a keyring of the kernel', 'keyring', '.a', 0, 0, PROCESS, Errno.EPERM],
    ['no such keyring', 'user', 'a', PAGE, 3, 7, Errno.ENOKEY],
    ['a group keyring', 'user', 'a', PAGE, 3, -6, Errno.EINVAL],
  ])('refuses %s', (_, type, name, at, length, ring, errno) => {
    expect(call(newTask(), 'add_key', type, name, at, length, ring)).toBe(-errno);
  });

  it('keeps logon keys to itself, and puts nothing into what is no keyring', () => {
    const task = newTask();
    const key = add(task, 'logon', 'service:a');
    expect(keyctl(task, 'KEYCTL_READ', key, PAGE, 9)).toBe(-Errno.EOPNOTSUPP);
    expect(add(task, 'user', 'a', key)).toBe(-Errno.ENOTDIR);
  });
});

describe('keyrings', () => {
  it('list their keys whole or not at all', () => {
    const task = newTask();
    const keys = [add(task, 'user', 'a'), add(task, 'user', 'b')];
    task.user.write(PAGE, new Uint8Array(8));
    expect(keyctl(task, 'KEYCTL_READ', PROCESS, PAGE, 4)).toBe(8);
    expect(task.user.readU32(PAGE)).toBe(0);
    expect(keyctl(task, 'KEYCTL_READ', PROCESS, PAGE, 8)).toBe(8);
    expect([task.user.readU32(PAGE), task.user.readU32(PAGE + 4)]).toEqual(keys);
  });

  it('make no circles', () => {
    const task = newTask();
    const outer = newKeyring(task, 'outer');
    const inner = newKeyring(task, 'inner', outer);
    expect(keyctl(task, 'KEYCTL_LINK', outer, inner)).toBe(-Errno.EDEADLK);
    expect(keyctl(task, 'KEYCTL_LINK', outer, outer)).toBe(-Errno.EDEADLK);
  });

  it('let go of keys, which are gone when nothing holds them', () => {
    const task = newTask();
    const key = add(task, 'user', 'a');
    const other = newKeyring(task, 'other');
    expect(keyctl(task, 'KEYCTL_LINK', key, other)).toBe(0);
    expect(keyctl(task, 'KEYCTL_UNLINK', key, PROCESS)).toBe(0);
    expect(keyctl(task, 'KEYCTL_UNLINK', key, PROCESS)).toBe(-Errno.ENOENT);
    expect(read(task, key)).toEqual(CONTENT);
    expect(keyctl(task, 'KEYCTL_MOVE', key, other, PROCESS, 0)).toBe(0);
    expect(keyctl(task, 'KEYCTL_CLEAR', PROCESS)).toBe(0);
    expect(read(task, key)).toBe(-Errno.ENOKEY);
    expect(read(task, other)).toBe(-Errno.ENOKEY);
    expect(keysOf(task.kernel).keys.size).toBe(1);
  });

  it('are searched with those inside them', () => {
    const task = newTask();
    const inner = newKeyring(task, 'inner', newKeyring(task, 'outer'));
    const key = add(task, 'user', 'deep', inner);
    expect(keyctl(task, 'KEYCTL_SEARCH', PROCESS, 'user', 'deep', SESSION)).toBe(key);
    expect(keyctl(task, 'KEYCTL_SEARCH', SESSION, 'user', 'deep', 0)).toBe(key);
    expect(keyctl(task, 'KEYCTL_SEARCH', PROCESS, 'user', 'absent', 0)).toBe(-Errno.ENOKEY);
    expect(call(task, 'request_key', 'user', 'deep', 0, 0)).toBe(key);
  });

  it('take nothing more when they are restricted', () => {
    const task = newTask();
    const ring = newKeyring(task, 'ring');
    expect(keyctl(task, 'KEYCTL_RESTRICT_KEYRING', ring, 0, 0)).toBe(0);
    expect(add(task, 'user', 'a', ring)).toBe(-Errno.EPERM);
    expect(keyctl(task, 'KEYCTL_RESTRICT_KEYRING', ring, 0, 0)).toBe(-Errno.EEXIST);
  });
});

describe('the end of a key', () => {
  it('is its revocation, which leaves the name', () => {
    const task = newTask();
    const key = add(task, 'user', 'a');
    expect(keyctl(task, 'KEYCTL_REVOKE', key)).toBe(0);
    expect(read(task, key)).toBe(-Errno.EKEYREVOKED);
    expect(call(task, 'request_key', 'user', 'a', 0, 0)).toBe(-Errno.EKEYREVOKED);
    expect(add(task, 'user', 'a')).not.toBe(key);
  });

  it('is its time', () => {
    const task = newTask();
    const key = add(task, 'user', 'a');
    expect(keyctl(task, 'KEYCTL_SET_TIMEOUT', key, 1)).toBe(0);
    expect(read(task, key)).toEqual(CONTENT);
    task.host.clock.wait(1e9, new Promise(() => {}));
    expect(read(task, key)).toBe(-Errno.EKEYEXPIRED);
    task.host.clock.wait(301e9, new Promise(() => {}));
    expect(read(task, key)).toBe(-Errno.ENOKEY);
  });

  it('is its invalidation, at once everywhere', () => {
    const task = newTask();
    const key = add(task, 'user', 'a');
    expect(keyctl(task, 'KEYCTL_INVALIDATE', key)).toBe(0);
    expect(keyctl(task, 'KEYCTL_READ', PROCESS, 0, 0)).toBe(0);
    expect(keyctl(task, 'KEYCTL_REVOKE', key)).toBe(-Errno.ENOKEY);
  });
});

describe('rights', () => {
  it('are those of the possessor, the user, the group and others', () => {
    const task = newTask();
    const key = add(task, 'user', 'a', USER);
    expect(keyctl(task, 'KEYCTL_SETPERM', key, 0x40000000)).toBe(-Errno.EINVAL);
    expect(keyctl(task, 'KEYCTL_SETPERM', key, DEFAULT_SETTING_OF_USER & ~(2 << 24))).toBe(0);
    // Possessed, and so to be read all the same.
    expect(read(task, key)).toEqual(CONTENT);
    become(task, 1000);
    expect(keyctl(task, 'KEYCTL_UPDATE', key, PAGE, 1)).toBe(0);
    expect(keyctl(task, 'KEYCTL_SETPERM', key, POSSESSOR_ALL)).toBe(-Errno.EACCES);
    expect(keyctl(task, 'KEYCTL_CHOWN', key, 1000, -1)).toBe(-Errno.EACCES);
  });

  it('are none for a key that is not possessed', () => {
    const task = newTask();
    const key = add(task, 'user', 'a', PROCESS);
    const other = task.kernel.fork(task, {});
    expect(read(other, key)).toBe(-Errno.EACCES);
    expect(keyctl(other, 'KEYCTL_DESCRIBE', key, 0, 0)).toBeGreaterThan(0);
    expect(keyctl(other, 'KEYCTL_LINK', key, SESSION)).toBe(-Errno.EACCES);
  });

  it('go with a key to another user, who pays', () => {
    const task = newTask();
    const key = add(task, 'user', 'a');
    expect(keyctl(task, 'KEYCTL_CHOWN', key, 7, -1)).toBe(0);
    const { users } = keysOf(task.kernel);
    expect(users.get(7)).toMatchObject({ keys: 1, readyKeys: 1, quotaKeys: 1, quotaBytes: 5 });
    keyctl(task, 'KEYCTL_CLEAR', PROCESS);
    expect(users.has(7)).toBe(false);
  });

  it('have bounds: keys and bytes of a user, told in /proc/key-users', () => {
    const task = newTask();
    const files = createProcFileSystem(task.kernel, () => task.process);
    become(task, 7);
    let made = 0;
    while (add(task, 'user', `${made}`, THREAD) > 0) made++;
    expect(add(task, 'user', 'more', THREAD)).toBe(-Errno.EDQUOT);
    expect(made).toBe(199);
    expect(textOf(files, 'key-users')).toMatch(/^ {4}7: {3}200 200\/200 200\/200 \d+\/20000\n$/);
    call(task, 'keyctl', KEYCTL.KEYCTL_CLEAR, THREAD, 0, 0, 0);
    task.user.write(PAGE, new Uint8Array(4096)); // not a page size: bytes
    for (made = 0; Number(call(task, 'add_key', 'user', `${made}`, PAGE, 4000, THREAD)) > 0; ) made++;
    expect(made).toBe(4);
  });
});

describe('keyrings of a thread', () => {
  it('are handed on by clone, fork and execve as the manual says', () => {
    const task = newTask();
    const own = [THREAD, PROCESS, SESSION].map((ring) => ringOf(task, ring));
    expect(new Set(own).size).toBe(3);
    const { kernel } = task;
    const thread = kernel.spawnThread(task);
    const lookUp = (each: Thread, ring: number) => keyctl(each, 'KEYCTL_GET_KEYRING_ID', ring, 0);
    expect(lookUp(thread, THREAD)).not.toBe(own[0]);
    expect([PROCESS, SESSION].map((ring) => lookUp(thread, ring))).toEqual(own.slice(1));
    const child = kernel.fork(task, {});
    const absent = -Errno.ENOKEY;
    expect([THREAD, PROCESS, SESSION].map((ring) => lookUp(child, ring))).toEqual([absent, absent, own[2]]);
    kernel.execute(task, '/bin/toy', ['toy'], []);
    expect([THREAD, PROCESS, SESSION].map((ring) => lookUp(task, ring))).toEqual([absent, absent, own[2]]);
    kernel.endProcess(child.process, { kind: 'exited', code: 0 });
    kernel.endProcess(task.process, { kind: 'exited', code: 0 });
    expect(keysOf(kernel).keys.size).toBe(0);
  });

  it('begin with those of the user', () => {
    const task = newTask();
    const session = keyctl(task, 'KEYCTL_GET_KEYRING_ID', SESSION, 0);
    expect(session).toBe(ringOf(task, USER_SESSION));
    expect(read(task, session)).toHaveLength(4);
    expect(ringOf(task, SESSION)).not.toBe(session);
    expect(newKeyring(task, '_uid.1000')).toBeGreaterThan(0);
    call(task, 'setresuid', 1000, 1000, 1000);
    expect(ringOf(task, USER)).not.toBe(keyringsOf(task).process?.links.get('keyring\0_uid.1000')?.serial);
  });

  it('join sessions by a name that lets itself be searched', () => {
    const task = newTask();
    const first = keyctl(task, 'KEYCTL_JOIN_SESSION_KEYRING', 'named');
    const other = task.kernel.fork(task, {});
    expect(keyctl(other, 'KEYCTL_JOIN_SESSION_KEYRING', 0)).not.toBe(first);
    expect(keyctl(other, 'KEYCTL_JOIN_SESSION_KEYRING', 'named')).not.toBe(first);
    expect(keyctl(other, 'KEYCTL_JOIN_SESSION_KEYRING', 0)).toBeGreaterThan(0);
    keyctl(task, 'KEYCTL_SETPERM', first, 0x3f1b0000);
    expect(keyctl(other, 'KEYCTL_JOIN_SESSION_KEYRING', 'named')).toBe(first);
    expect(keyctl(other, 'KEYCTL_JOIN_SESSION_KEYRING', '.kernel')).toBe(-Errno.EPERM);
  });

  it('become the session of the parent', () => {
    const task = newTask();
    const child = task.kernel.fork(task, {});
    const session = ringOf(child, SESSION);
    expect(keyctl(child, 'KEYCTL_SESSION_TO_PARENT')).toBe(0);
    expect(keyctl(task, 'KEYCTL_GET_KEYRING_ID', SESSION, 0)).toBe(session);
    expect(keyctl(task, 'KEYCTL_SESSION_TO_PARENT')).toBe(-Errno.EPERM);
  });

  it('stay for a user who is gone', () => {
    const task = newTask();
    const ring = keyctl(task, 'KEYCTL_GET_PERSISTENT', -1, PROCESS);
    keyctl(task, 'KEYCTL_CLEAR', PROCESS);
    expect(keyctl(task, 'KEYCTL_GET_PERSISTENT', 0, PROCESS)).toBe(ring);
    expect(keyctl(task, 'KEYCTL_GET_PERSISTENT', 1000, THREAD)).not.toBe(ring);
  });
});

describe('request_key', () => {
  it('remembers that nobody can make a key', () => {
    const task = newTask();
    expect(call(task, 'request_key', 'user', 'a', 0, PROCESS)).toBe(-Errno.ENOKEY);
    expect(call(task, 'request_key', 'user', 'a', 'how', PROCESS)).toBe(-Errno.ENOENT);
    expect(call(task, 'request_key', 'user', 'a', 'how', PROCESS)).toBe(-Errno.ENOKEY);
    expect(keyctl(task, 'KEYCTL_READ', PROCESS, PAGE, 4)).toBe(4);
    expect(read(task, task.user.readU32(PAGE) ?? 0)).toBe(-Errno.ENOKEY);
    expect(call(task, 'request_key', 'keyring', 'b', 'how', PROCESS)).toBe(-Errno.EPERM);
  });

  it('asks for the right to write where it puts the key', () => {
    const task = newTask();
    keyctl(task, 'KEYCTL_JOIN_SESSION_KEYRING', 0);
    keyctl(task, 'KEYCTL_SETPERM', SESSION, 0x0b000000);
    expect(keyctl(task, 'KEYCTL_SET_REQKEY_KEYRING', 3)).toBe(0);
    expect(call(task, 'request_key', 'user', 'a', 'how', 0)).toBe(-Errno.EACCES);
    expect(keyctl(task, 'KEYCTL_SET_REQKEY_KEYRING', 6)).toBe(-Errno.EINVAL);
    expect(keyctl(task, 'KEYCTL_SET_REQKEY_KEYRING', -1)).toBe(3);
  });

  /** A task that has asked for a key, and the program that is to make it. */
  function asked() {
    const task = newTask();
    call(task, 'mkdir', '/sbin', 0o755);
    call(task, 'close', call(task, 'open', '/sbin/request-key', 0o101, 0o755) as number);
    const result = call(task, 'request_key', 'user', 'a', 'how', PROCESS) as Pending;
    expect(result).toBeInstanceOf(Pending);
    expect(result.request.attempt()).toBeUndefined();
    const helper = [...task.kernel.threads.values()].at(-1);
    if (helper === undefined || helper === task) throw new Error('no program was started');
    const [authority] = [...(keyringsOf(helper).session?.links.values() ?? [])];
    return { task, result, helper, authority, key: Number.parseInt(authority.description, 16) };
  }

  it('starts a program that gives the key its content', () => {
    const { task, result, helper, authority, key } = asked();
    expect(keyctl(helper, 'KEYCTL_INSTANTIATE', key, PAGE, 3, 0)).toBe(-Errno.EPERM);
    expect(keyctl(helper, 'KEYCTL_ASSUME_AUTHORITY', key)).toBe(authority.serial);
    expect(read(helper, authority.serial)).toEqual([...'how'].map((char) => char.charCodeAt(0)));
    helper.user.write(PAGE, Uint8Array.from(CONTENT));
    expect(keyctl(helper, 'KEYCTL_INSTANTIATE', key, PAGE, 3, REQUESTOR)).toBe(0);
    expect(keyctl(helper, 'KEYCTL_INSTANTIATE', key, PAGE, 3, REQUESTOR)).toBe(-Errno.EPERM);
    expect(result.request.attempt()).toBe(key);
    expect(read(task, key)).toEqual(CONTENT);
    task.kernel.endProcess(helper.process, { kind: 'exited', code: 0 });
    expect(keysOf(task.kernel).keys.has(authority.serial)).toBe(false);
  });

  it('hears from the program that there is none, by its word or its end', () => {
    const first = asked();
    keyctl(first.helper, 'KEYCTL_ASSUME_AUTHORITY', first.key);
    expect(keyctl(first.helper, 'KEYCTL_REJECT', first.key, 60, Errno.EKEYREJECTED, 0)).toBe(0);
    expect(first.result.request.attempt()).toBe(-Errno.EKEYREJECTED);
    const second = asked();
    second.task.kernel.endProcess(second.helper.process, { kind: 'exited', code: 1 });
    expect(second.result.request.attempt()).toBe(-Errno.ENOKEY);
  });
});

describe('/proc/keys', () => {
  it('tells the keys that the reader may view', () => {
    const task = newTask();
    const files = createProcFileSystem(task.kernel, () => task.process);
    const key = add(task, 'user', 'a');
    const hex = key.toString(16).padStart(8, '0');
    expect(textOf(files, 'keys')).toContain(`${hex} I--Q---     1 perm 3f010000     0     0 user      a: 3\n`);
    expect(textOf(files, 'keys')).toContain('keyring   _pid: 1\n');
    keyctl(task, 'KEYCTL_SETPERM', key, 0);
    expect(textOf(files, 'keys')).not.toContain(hex);
  });
});
