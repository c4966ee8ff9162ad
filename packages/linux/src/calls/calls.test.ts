// The table of calls: numbers, notes, and what every call does with pointers that lead nowhere.

import { type Cpu, createMemoryHost, Kernel, Pending, type Process, Register, type Thread } from '@elf/kernel';
import { AddressSpace, GuestMemory, Protection } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { createLinuxPersonality, createProcFileSystem, LINUX_CALLS, X86_64_ABI } from '../index.ts';

const PAGE = 0x20000;

/** Registers without an engine: enough for calls that do not run guest code. */
function registersOnly(): Cpu {
  const registers = new BigUint64Array(16);
  const cpu: Cpu = {
    attach: () => {},
    run: () => ({ kind: 'budget' }),
    register: (index) => registers[index],
    setRegister: (index, value) => {
      registers[index] = value;
    },
    registerLow: (index) => Number(BigInt.asIntN(32, registers[index])),
    registerHigh: (index) => Number(BigInt.asIntN(32, registers[index] >> 32n)),
    setRegisterHalves: (index, low, high) => {
      registers[index] = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    },
    rip: 0,
    flags: 0,
    fsBase: 0n,
    gsBase: 0n,
    extendedState: () => new Uint8Array(512),
    setExtendedState: () => true,
    processor: { vendor: 'Toy', name: 'toy', family: 6, model: 1, stepping: 0, flags: [] },
    stateSizeInBytes: 128,
    saveState: () => new Uint8Array(registers.slice().buffer),
    restoreState: (state) => registers.set(new BigUint64Array(state.slice().buffer)),
    resetState: () => registers.fill(0n),
    instructionsRetired: 0,
  };
  return cpu;
}

function newTask(): Thread {
  const memory = new GuestMemory();
  const host = createMemoryHost({
    files: { '/bin/toy': new Uint8Array(3), '/etc/motd': new Uint8Array([104, 105, 10]) },
  });
  const kernel = new Kernel({
    host,
    memory,
    cpu: registersOnly(),
    loader: () => {
      const space = new AddressSpace(memory);
      space.map({ address: PAGE, length: 8192, protection: Protection.Read | Protection.Write, fixed: 'replace' });
      return {
        kind: 'loaded',
        space,
        entry: 0,
        stackPointer: PAGE + 4096,
        executable: '/bin/toy',
        commandName: 'toy',
        arguments: ['toy'],
        environment: [],
        auxiliaryVector: new Uint8Array(0),
      };
    },
  });
  const process = kernel.start({
    path: '/bin/toy',
    arguments: ['toy'],
    environment: [],
    personality: createLinuxPersonality(),
  }) as Process;
  kernel.tree.mounts.mount(
    '/proc',
    createProcFileSystem(kernel, () => process),
    'proc',
  );
  return [...process.threads][0];
}

/** Calls by name with raw register values; strings are placed in memory first. */
function call(task: Thread, name: string, ...values: (number | bigint | string)[]): number | bigint | Pending {
  const row = LINUX_CALLS.find((candidate) => candidate.name === name);
  if (row === undefined) throw new Error(`no call ${name}`);
  let text = PAGE + 4096;
  const low = new Int32Array(6);
  const high = new Int32Array(6);
  for (const [index, value] of values.entries()) {
    let raw = value;
    if (typeof raw === 'string') {
      task.user.write(
        text,
        Uint8Array.from(`${raw}\0`, (c) => c.charCodeAt(0)),
      );
      raw = text;
      text += (value as string).length + 1;
    }
    const wide = BigInt.asIntN(64, BigInt(raw));
    low[index] = Number(BigInt.asIntN(32, wide));
    high[index] = Number(BigInt.asIntN(32, wide >> 32n));
  }
  const names = Object.keys(row.arguments);
  const decoded: Record<string, unknown> = {};
  for (const [index, argument] of names.entries()) {
    const value = row.arguments[argument].decode({ task, low, high, indexOf: (key) => names.indexOf(key) }, index);
    if (typeof value === 'object' && value !== null && 'errno' in value) return -(value as { errno: number }).errno;
    decoded[argument] = value;
  }
  return row.run(task, decoded);
}

describe('the table', () => {
  it('has every number once and a note wherever something is missing', () => {
    const numbers = LINUX_CALLS.map((row) => row.numbers['x86-64']);
    expect(new Set(numbers).size).toBe(numbers.length);
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
