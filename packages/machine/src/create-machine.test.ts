// Whole programs on a machine in memory: output, exit status, refusals and determinism.
import { readFileSync } from 'node:fs';
import { linuxProfile } from '@elf/exec';
import { createLinuxPersonality } from '@elf/linux';
import { GuestMemory } from '@elf/mm';
import { createCpu, hardwareCapabilities } from '@elf/x86';
import { describe, expect, it } from 'vitest';
import {
  createMachine,
  createMemoryHost,
  formatCrashReport,
  type MachineOptions,
  type ProgramOutcome,
} from './index.ts';
import { createProgramLoader } from './program-loader.ts';

const fixture = (name: string) => new Uint8Array(readFileSync(new URL(`../../../fixtures/${name}`, import.meta.url)));

async function runProgram(program: Uint8Array, args: string[] = [], options: Partial<MachineOptions> = {}) {
  let output = '';
  let error = '';
  const crashes: string[] = [];
  const host = createMemoryHost({
    files: { '/bin/program': program },
    onOutput: (bytes) => {
      output += String.fromCharCode(...bytes);
    },
    onError: (bytes) => {
      error += String.fromCharCode(...bytes);
    },
  });
  const machine = createMachine({ host, onCrash: (report) => crashes.push(formatCrashReport(report)), ...options });
  const outcome: ProgramOutcome = await machine.run({ path: '/bin/program', arguments: ['program', ...args] });
  return { output, error, outcome, crashes, instructions: machine.instructions };
}

describe('a program', () => {
  it('prints and exits with its own status', async () => {
    const { output, outcome } = await runProgram(fixture('hello-asm/hello'), ['one', 'two three']);
    expect(output).toBe(
      'hello from x86-64, 3 arguments\n  argv[0] = program\n  argv[1] = one\n  argv[2] = two three\n',
    );
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
  });

  it('runs a C library program with printf of doubles', async () => {
    const { output, error, outcome } = await runProgram(fixture('printf-c/printf-musl'), ['text', '3.14159']);
    expect(output).toBe(
      '3 text 3.1415899999999999\n1e+300 0x1.999999999999ap-4 1.235e+05     1.4142|left    |0000beef\n' +
        '7.4854708605503433 -9223372036854775808 18446744073709551615\n',
    );
    expect(error).toBe('99999 bytes of x\n');
    expect(outcome).toEqual({ kind: 'exited', code: 3 });
  });

  it('is the same to the instruction in two runs', async () => {
    const first = await runProgram(fixture('printf-c/printf-musl'));
    const second = await runProgram(fixture('printf-c/printf-musl'));
    expect(second.instructions).toBe(first.instructions);
    expect(first.instructions).toBeGreaterThan(1000);
  });
});

describe('a fault', () => {
  it.each([
    ['s', 11, 'writing 0x10 failed'],
    ['x', 11, 'executing 0x0 failed'],
    ['u', 4, 'undefined instruction'],
    ['d', 8, 'division by zero'],
    ['p', 11, 'general protection'],
    ['b', 5, 'breakpoint'],
  ])('of kind %s kills with signal %i and is reported', async (kind, signal, cause) => {
    const { outcome, crashes } = await runProgram(fixture('faults-asm/faults'), [kind]);
    expect(outcome).toMatchObject({ kind: 'signaled', signal });
    expect(crashes).toHaveLength(1);
    expect(crashes[0]).toContain(cause);
  });

  it('names the symbol, the mapping and the registers', async () => {
    const { crashes } = await runProgram(fixture('faults-asm/faults'), ['s']);
    expect(crashes[0]).toMatch(/<store_fault\+0x[a-f0-9]+>/);
    expect(crashes[0]).toMatch(/code in {2}00400000-00401000 r-xp .*\/bin\/program/);
    expect(crashes[0]).toContain('rdi 0000000000000010');
  });

  it('a signal sent by the program itself ends it without a report', async () => {
    const { outcome, crashes } = await runProgram(fixture('faults-asm/faults'), ['k']);
    expect(outcome).toMatchObject({ kind: 'signaled', signal: 15 });
    expect(crashes).toEqual([]);
  });
});

describe('an unknown system call', () => {
  it('is ENOSYS and one line of the trace', async () => {
    const lines: string[] = [];
    const { outcome } = await runProgram(fixture('faults-asm/faults'), ['n'], { trace: (line) => lines.push(line) });
    expect(outcome).toEqual({ kind: 'exited', code: 38 });
    expect(lines).toEqual([
      expect.stringMatching(/^syscall_0x3e7\(.*\) = -1 ENOSYS \(Function not implemented\)$/),
      'exit_group(38)                          = ?',
      '+++ exited with 38 +++',
    ]);
  });
});

describe('a refused program', () => {
  it('says which rule refused it', async () => {
    const { outcome } = await runProgram(new Uint8Array([1, 2, 3, 4]));
    expect(outcome).toMatchObject({ kind: 'refused', errno: 8 });
    if (outcome.kind !== 'refused') throw new Error('expected a refusal');
    expect(outcome.rule).not.toBe('');
    expect(outcome.reason).toMatch(/\.$/);
  });

  it('of Plan 9 is loaded, and then named as what a machine without that family lacks', () => {
    const program = new Uint8Array(80);
    const view = new DataView(program.buffer);
    // Big-endian: magic, text, data, bss, symbols, entry, two tables, and the entry again in 64 bits.
    [0x8a97, 40, 0, 0, 0, 0x200028, 0, 0, 0, 0x200028].forEach((word, index) => {
      view.setUint32(index * 4, word);
    });
    const host = createMemoryHost({ files: { '/bin/program': program } });
    const { kernel } = createMachine({ host });
    const personalities = { linux: createLinuxPersonality() };
    const load = createProgramLoader({
      profile: linuxProfile,
      personalities,
      hardwareCapabilities: hardwareCapabilities(createCpu(new GuestMemory()).model),
      hasLongMode: true,
    });
    const request = { path: '/bin/program', arguments: ['program'], environment: [], lowestFreeDescriptor: 3 };
    expect(load(kernel, { ...kernel.firstViewer(), ...request })).toMatchObject({
      kind: 'refused',
      errno: 8,
      rule: 'machine-personality',
      reason: 'The image was loaded as plan9, but this machine has no personality called plan9: it has linux.',
    });
  });

  it('that does not exist is ENOENT', async () => {
    const machine = createMachine({ host: createMemoryHost() });
    expect(await machine.run({ path: '/missing' })).toMatchObject({ kind: 'refused', errno: 2 });
  });
});
