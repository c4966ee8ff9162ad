// The table of calls: numbers, notes, and what every call does with pointers that lead nowhere.

import { Pending, Register } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { LINUX_CALLS, X86_64_ABI } from '../index.ts';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

describe('the table', () => {
  it('has every number once and a note wherever something is missing', () => {
    for (const abi of ['x86-64', 'i386']) {
      const numbers = LINUX_CALLS.map((row) => row.numbers[abi]).filter((number) => number !== undefined);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(numbers.length).toBeGreaterThan(140);
    }
    expect(LINUX_CALLS.filter((row) => row.support !== 'full' && row.note === undefined)).toEqual([]);
    expect(LINUX_CALLS.length).toBeGreaterThan(140);
    expect(LINUX_CALLS.every((row) => Object.keys(row.arguments).length <= X86_64_ABI.argumentRegisters.length)).toBe(
      true,
    );
  });

  // Calls that end or replace the caller, or whose pointers are only looked at later.
  const others = new Set(['exit', 'exit_group', 'rt_sigreturn']);
  it.each(LINUX_CALLS.filter((row) => !others.has(row.name)).map((row) => row.name))(
    '%s survives bad pointers and absurd numbers',
    (name) => {
      for (const raw of [0n, 1n, 0x999000n, 0x7fff_ffff_ffff_ffffn, -1n, 0x8000_0000_0000_0000n]) {
        const result = call(newTask(), name, raw, raw, raw, raw, raw, raw);
        if (result instanceof Pending) expect(result.request.attempt).toBeTypeOf('function');
        else expect(Number.isInteger(Number(result))).toBe(true);
      }
    },
  );
});

describe('files', () => {
  it('are opened, read, positioned and closed', () => {
    const task = newTask();
    const fd = call(task, 'openat', -100, '/etc/motd', 0, 0);
    expect(fd).toBe(3);
    expect(call(task, 'read', 3, PAGE, 100)).toBe(3);
    expect(task.user.read(PAGE, 3)).toEqual(new Uint8Array([104, 105, 10]));
    expect(call(task, 'lseek', 3, -2, 2)).toBe(1);
    expect(call(task, 'read', 3, PAGE, 100)).toBe(2);
    expect(call(task, 'read', 3, 0x999000, 100)).toBe(0);
    expect(call(task, 'pread64', 3, 0x999000, 100, 0)).toBe(-14);
    expect(call(task, 'write', 3, PAGE, 1)).toBe(-9);
    expect(call(task, 'close', 3)).toBe(0);
    expect(call(task, 'close', 3)).toBe(-9);
  });

  it('are created with the umask, appended to and removed', () => {
    const task = newTask();
    expect(call(task, 'open', '/tmp/new', 0o2101, 0o666)).toBe(3);
    expect(call(task, 'fstat', 3, PAGE)).toBe(0);
    expect(task.user.readU32(PAGE + 24)).toBe(0o100644);
    expect(call(task, 'unlink', '/tmp/new')).toBe(0);
    expect(call(task, 'access', '/tmp/new', 0)).toBe(-2);
  });

  it('/proc shows the process', () => {
    const task = newTask();
    expect(call(task, 'readlink', '/proc/self/exe', PAGE, 100)).toBe(8);
    expect(String.fromCharCode(...(task.user.read(PAGE, 8) ?? []))).toBe('/bin/toy');
    expect(call(task, 'open', '/proc/self/root/etc/motd', 0, 0)).toBe(3);
    const maps = call(task, 'open', '/proc/self/maps', 0, 0) as number;
    const count = call(task, 'read', maps, PAGE, 4096) as number;
    const lines = String.fromCharCode(...(task.user.read(PAGE, count) ?? [])).split('\n');
    expect(lines.at(-2)).toMatch(/^ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 {18}\[vsyscall\]$/);
    expect(call(task, 'open', '/proc/self/mem', 0, 0)).toBe(-2);
  });
});

describe('pipes', () => {
  it('wait, deliver and break', () => {
    const task = newTask();
    expect(call(task, 'pipe2', PAGE, 0)).toBe(0);
    const waiting = call(task, 'read', 3, PAGE, 10);
    expect(waiting).toBeInstanceOf(Pending);
    expect(call(task, 'write', 4, '/etc', 4)).toBe(4);
    expect((waiting as Pending).request.attempt()).toBe(4);
    expect(call(task, 'close', 3)).toBe(0);
    expect(call(task, 'write', 4, '/etc', 4)).toBe(-32);
    expect(task.attention).toBe(true);
  });
});

describe('signals', () => {
  it('actions are stored and given back; KILL cannot be caught', () => {
    const task = newTask();
    task.user.writeU64(PAGE, 0x1234n);
    expect(call(task, 'rt_sigaction', 10, PAGE, 0, 8)).toBe(0);
    expect(call(task, 'rt_sigaction', 10, 0, PAGE + 64, 8)).toBe(0);
    expect(task.user.readU64(PAGE + 64)).toBe(0x1234n);
    expect(call(task, 'rt_sigaction', 9, PAGE, 0, 8)).toBe(-22);
  });

  it('a handler gets a frame and sigreturn takes the registers back', () => {
    const task = newTask();
    const { cpu, personality } = { cpu: task.cpu, personality: task.process.personality };
    task.user.write(PAGE, new Uint8Array(32));
    task.user.writeU64(PAGE, 0x5000n);
    task.user.writeU64(PAGE + 8, 0x0400_0000n);
    task.user.writeU64(PAGE + 16, 0x6000n);
    call(task, 'rt_sigaction', 10, PAGE, 0, 8);
    cpu.rip = 0x4242;
    cpu.setRegister(Register.Rsp, BigInt(PAGE + 4096));
    cpu.setRegister(Register.Rbx, 0xdead_beef_dead_beefn);
    expect(call(task, 'kill', task.process.id, 10)).toBe(0);
    personality.beforeResume(task);
    expect(cpu.rip).toBe(0x5000);
    expect(cpu.register(Register.Rdi)).toBe(10n);
    const frame = Number(cpu.register(Register.Rsp));
    expect(frame % 16).toBe(8);
    expect(task.user.readU64(frame)).toBe(0x6000n);
    cpu.setRegister(Register.Rbx, 0n);
    cpu.setRegister(Register.Rsp, BigInt(frame + 8));
    expect(call(task, 'rt_sigreturn')).toBe(0);
    expect(cpu.rip).toBe(0x4242);
    expect(cpu.register(Register.Rbx)).toBe(0xdead_beef_dead_beefn);
    expect(cpu.register(Register.Rsp)).toBe(BigInt(PAGE + 4096));
  });
});

describe('rights of somebody who gave user 0 up', () => {
  const EPERM = -1;
  const EACCES = -13;
  const [CREATE, FREE] = [0o101, 0o777];
  it.each([
    ['chmod', ['/motd', 0o600], EPERM],
    ['chown', ['/motd', 7, 7], EPERM],
    ['utimensat', [-100, '/motd', 0, 0], EACCES],
    ['truncate', ['/motd', 0], EACCES],
    ['mkdir', ['/new', 0o755], EACCES],
    ['unlink', ['/motd'], EACCES],
    ['access', ['/motd', 4], 0],
    ['access', ['/motd', 2], EACCES],
    ['chdir', ['/closed'], EACCES],
    ['stat', ['/closed/file', 0x20000], EACCES],
    ['chroot', ['/'], EPERM],
    ['chmod', ['/own/file', 0o600], 0],
    ['chown', ['/own/file', -1, 7], 0],
    ['chown', ['/own/file', -1, 8], EPERM],
  ] as const)('%s %j', (name, values, expected) => {
    const task = newTask();
    call(task, 'close', call(task, 'open', '/motd', CREATE, 0o644) as number);
    for (const [path, mode] of [
      ['/closed', 0o700],
      ['/own', FREE],
    ] as const) {
      call(task, 'mkdir', path, mode);
      call(task, 'chmod', path, mode);
      call(task, 'close', call(task, 'open', `${path}/file`, CREATE, 0o644) as number);
    }
    call(task, 'chown', '/own/file', 7, 7);
    expect(call(task, 'setresgid', 7, 7, 7)).toBe(0);
    expect(call(task, 'setresuid', 7, 7, 7)).toBe(0);
    expect(call(task, name, ...values)).toBe(expected);
  });

  it('setfsuid tells the identity before and changes whose rights count', () => {
    const task = newTask();
    call(task, 'close', call(task, 'open', '/secret', CREATE, 0o600) as number);
    expect(call(task, 'setfsuid', 9)).toBe(0);
    expect(call(task, 'open', '/secret', 0, 0)).toBe(EACCES);
    expect(call(task, 'setfsuid', -1)).toBe(9);
    expect(call(task, 'setfsuid', 0)).toBe(9);
    expect(call(task, 'open', '/secret', 0, 0)).toBeGreaterThan(2);
  });
});
