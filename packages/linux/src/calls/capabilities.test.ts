// capget(2) and capset(2): which sets a process may give itself, and what another user leaves of them (man 7 capabilities).
import { Errno } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { ALL_CAPABILITIES, capabilitiesOf, setCapabilities } from '../capabilities.ts';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const DATA = PAGE + 64;
const V1 = 0x1998_0330;
const V3 = 0x2008_0522;
const [CHOWN, KILL, SETPCAP] = [1, 1 << 5, 1 << 8];

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

  it('are ambient when permitted and inheritable, and stay with a program of another user', () => {
    const task = newTask();
    const [RAISE, IS_SET, LOWER, CLEAR_ALL] = [2, 1, 3, 4];
    const ambient = (action: number, capability: number) => call(task, 'prctl', 47, action, capability, 0, 0);
    capset(task, CHOWN, CHOWN, 0);
    expect([ambient(RAISE, 0), ambient(RAISE, 41), ambient(CLEAR_ALL, 1)]).toEqual([
      -Errno.EPERM,
      -Errno.EINVAL,
      -Errno.EINVAL,
    ]);
    capset(task, CHOWN, CHOWN, CHOWN);
    expect([ambient(RAISE, 0), ambient(IS_SET, 0)]).toEqual([0, 1]);
    task.process.credentials.user = 1000;
    task.process.credentials.savedUser = 1000;
    task.process.program = { ...task.process.program };
    expect(capabilitiesOf(task.process)).toMatchObject({ ambient: 1n, permitted: ALL_CAPABILITIES });
    call(task, 'setresuid', 1000, 1000, 1000);
    expect([ambient(IS_SET, 0), ambient(LOWER, 0)]).toEqual([0, 0]);
  });

  it('an ambient one is what a program of another user has', () => {
    const task = newTask();
    call(task, 'setresuid', 7, 7, 7);
    setCapabilities(task.process, { permitted: 1n, inheritable: 1n, ambient: 1n });
    task.process.program = { ...task.process.program };
    expect(capabilitiesOf(task.process)).toMatchObject({ permitted: 1n, effective: 1n, ambient: 1n });
  });

  it('PR_SET_SECUREBITS: locks hold, and NO_CAP_AMBIENT_RAISE is obeyed', () => {
    const task = newTask();
    const set = (bits: number) => call(task, 'prctl', 28, bits, 0, 0, 0);
    const told = () => call(task, 'prctl', 27, 0, 0, 0, 0);
    capset(task, CHOWN | SETPCAP, CHOWN | SETPCAP, CHOWN);
    expect([set(64), told(), call(task, 'prctl', 47, 2, 0, 0, 0)]).toEqual([0, 64, -Errno.EPERM]);
    expect([set(16), call(task, 'prctl', 7, 0, 0, 0, 0), set(256)]).toEqual([0, 1, -Errno.EPERM]);
    expect([set(0xc0), set(0x40), told()]).toEqual([0, -Errno.EPERM, 0xc0]);
    capset(task, CHOWN, CHOWN, CHOWN);
    expect(set(0xc0)).toBe(-Errno.EPERM);
  });

  it('SECBIT_NO_SETUID_FIXUP leaves the sets to their owner', () => {
    const task = newTask();
    call(task, 'prctl', 28, 4, 0, 0, 0);
    call(task, 'setresuid', 7, 7, 7);
    expect(capabilitiesOf(task.process)).toMatchObject({ permitted: ALL_CAPABILITIES });
  });
});
