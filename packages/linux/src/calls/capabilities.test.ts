// capget(2) and capset(2): which sets a process may give itself, and what another user leaves of them (man 7 capabilities).
import { Errno } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { capabilitiesOf } from '../capabilities.ts';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const DATA = PAGE + 64;
const V1 = 0x1998_0330;
const V3 = 0x2008_0522;
const [CHOWN, KILL] = [1, 1 << 5];

type Task = ReturnType<typeof newTask>;

function capset(task: Task, effective: number, permitted: number, inheritable: number, version = V3) {
  task.user.write(PAGE, new Uint8Array(Uint32Array.of(version, 0).buffer));
  task.user.write(DATA, new Uint8Array(Uint32Array.of(effective, permitted, inheritable, 0, 0, 0).buffer));
  return call(task, 'capset', PAGE, DATA);
}

function capget(task: Task, version: number, id: number) {
  task.user.write(PAGE, new Uint8Array(Int32Array.of(version, id).buffer));
  return call(task, 'capget', PAGE, DATA);
}

describe('capabilities', () => {
  it('are all there for user 0, in one word or two', () => {
    const task = newTask();
    expect(capget(task, V3, 0)).toBe(0);
    expect([0, 4, 8, 12, 16, 20].map((at) => task.user.readU32(DATA + at))).toEqual([
      0xffff_ffff, 0xffff_ffff, 0, 0x1ff, 0x1ff, 0,
    ]);
    task.user.write(DATA, new Uint8Array(24));
    expect(capget(task, V1, task.process.id)).toBe(0);
    expect(task.user.readU32(DATA + 12)).toBe(0);
  });

  it.each([
    ['another version', 7, 0, -Errno.EINVAL],
    ['a negative process', V3, -1, -Errno.EINVAL],
    ['nobody', V3, 99999, -Errno.ESRCH],
  ] as const)('capget refuses %s', (_, version, id, result) => {
    const task = newTask();
    expect(capget(task, version, id)).toBe(result);
    expect(task.user.readU32(PAGE)).toBe(V3);
  });

  it.each([
    ['effective beyond permitted', CHOWN | KILL, CHOWN, CHOWN],
    ['permitted beyond what was', CHOWN, CHOWN | KILL, CHOWN],
    ['inheritable beyond what was', CHOWN, CHOWN, KILL],
  ] as const)('capset refuses %s', (_, effective, permitted, inheritable) => {
    const task = newTask();
    expect(capset(task, CHOWN, CHOWN, CHOWN)).toBe(0);
    expect(capset(task, effective, permitted, inheritable)).toBe(-Errno.EPERM);
    expect(capabilitiesOf(task.process)).toMatchObject({ effective: 1n, permitted: 1n, inheritable: 1n });
  });

  it('go with user 0, and the effective ones come back with it', () => {
    const task = newTask();
    capset(task, CHOWN, CHOWN | KILL, 0);
    call(task, 'setresuid', 0, 1000, 0);
    expect(capabilitiesOf(task.process)).toMatchObject({ effective: 0n, permitted: 33n });
    call(task, 'setresuid', 0, 0, 0);
    expect(capabilitiesOf(task.process)).toMatchObject({ effective: 33n, permitted: 33n });
    call(task, 'setresuid', 1000, 1000, 1000);
    expect(capabilitiesOf(task.process)).toMatchObject({ effective: 0n, permitted: 0n });
  });
});
