// i386 programs: whole ones with what they print on hardware, and INT 0x80 from 64-bit code.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createMachine, createMemoryHost, type MachineOptions } from './index.ts';
import { smallProgram } from './test-support/small-program.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url));
const calls = readFileSync(fixture('i386-calls/calls'));
const expected = readFileSync(fixture('i386-calls/expected.txt'), 'latin1');
const native =
  process.platform === 'linux' && process.arch === 'x64' ? spawnSync(fixture('i386-calls/calls')) : undefined;

async function runProgram(program: Uint8Array, options: Partial<MachineOptions> = {}) {
  let output = '';
  const host = createMemoryHost({
    files: { '/bin/program': new Uint8Array(program) },
    onOutput: (part) => {
      output += String.fromCharCode(...part);
    },
  });
  const machine = createMachine({ host, ...options });
  const outcome = await machine.run({ path: '/bin/program' });
  return { outcome, output };
}

describe('a program for i386', () => {
  it('computes and ends with its status', async () => {
    const { outcome, output } = await runProgram(readFileSync(fixture('i386-c/work')));
    expect(outcome).toEqual({ kind: 'exited', code: 42 });
    expect(output).toContain('sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n');
    expect(output).toContain('thread word 0000cafe 0000caff 0\n');
  });

  it.each(['max', 'pentium3'])(
    'makes calls as the hardware and its kernel answer them, on a processor of model %s',
    async (cpuModel) => {
      // The Pentium III has no SSE2, which the signals of this program use: only the lines before them are its.
      const { outcome, output } = await runProgram(calls, { cpuModel });
      if (cpuModel === 'pentium3') {
        expect(outcome).toMatchObject({ kind: 'signaled', signal: 4 });
        expect(output.split('\n').slice(0, 2)).toEqual(expected.split('\n').slice(0, 2));
        return;
      }
      expect(outcome).toEqual({ kind: 'exited', code: 42 });
      expect(output).toBe(expected);
    },
  );

  // Kernels without CONFIG_IA32_EMULATION refuse the file: then status is null and nothing is compared.
  it.runIf(native?.status !== null && native !== undefined)('prints on this hardware what was recorded', () => {
    expect(native?.status).toBe(42);
    expect(native?.stdout.toString('latin1')).toBe(expected);
  });

  it('is traced with the names and widths of its ABI', async () => {
    const lines: string[] = [];
    await runProgram(calls, { trace: (line) => lines.push(line) });
    expect(lines.some((line) => line.startsWith('mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0x2000)'))).toBe(true);
    expect(lines.some((line) => line.startsWith('pread64(3, "", 4, 4294967296)'))).toBe(true);
    expect(lines.some((line) => /^lseek\(3, -5, SEEK_END\) += 12288$/.test(line))).toBe(true);
    expect(lines.some((line) => line.startsWith('clock_gettime64(CLOCK_MONOTONIC, {tv_sec='))).toBe(true);
  });
});

describe('INT 0x80 in a 64-bit program', () => {
  it('makes i386 calls with the low halves of its registers', async () => {
    // rbx = 0x1_0000_0001 (descriptor 1), write(1, the code itself, 2), exit(number of bytes written).
    const program = smallProgram({
      fileBytes: 512,
      code: [
        [0x48, 0xbb, 1, 0, 0, 0, 1, 0, 0, 0, 0x8d, 0x0d, 0xf0, 0xff, 0xff, 0xff, 0xba, 2, 0, 0, 0],
        [0xb8, 4, 0, 0, 0, 0xcd, 0x80, 0x89, 0xc3, 0xb8, 1, 0, 0, 0, 0xcd, 0x80],
      ],
    });
    const { outcome, output } = await runProgram(program);
    expect(outcome).toEqual({ kind: 'exited', code: 2 });
    expect(output).toBe('\x48\xbb');
  });

  it('gives errors that a 64-bit program sees as negative', async () => {
    // close(-1); rax >>= 32; exit(the low byte).
    const program = smallProgram({
      fileBytes: 512,
      code: [
        [0xbb, 0xff, 0xff, 0xff, 0xff, 0xb8, 6, 0, 0, 0, 0xcd, 0x80],
        [0x48, 0xc1, 0xe8, 32, 0x89, 0xc3, 0xb8, 1, 0, 0, 0, 0xcd, 0x80],
      ],
    });
    expect((await runProgram(program)).outcome).toEqual({ kind: 'exited', code: 255 });
  });
});
