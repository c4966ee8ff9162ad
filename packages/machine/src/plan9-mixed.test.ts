// Two families on one machine: Linux programs exec and wait for Plan 9 programs, as on Glendix, and the other way round.
import { describe, expect, it } from 'vitest';
import { createMachine, createMemoryHost } from './index.ts';
import { call, plan9Program, whenZero } from './test-support/plan9-program.ts';
import { runPlan9 } from './test-support/run-plan9.ts';
import { smallProgram } from './test-support/small-program.ts';

const NOW = -1n;
const PATH_OFFSET = 400;

/** A Linux program: fork; the child execs a path; the parent waits and exits with the child's code plus one. */
function linuxParent(path: string): Uint8Array {
  const program = smallProgram({
    fileBytes: 512,
    code: [
      [0xb8, 57, 0, 0, 0, 0x0f, 0x05], // fork
      [0x85, 0xc0, 0x75, 0x1e], // test eax, eax; jnz parent
      // execve(path, [path, 0] on the stack, 0)
      [
        0x6a,
        0,
        0x68,
        ...address(PATH_OFFSET),
        0x48,
        0x89,
        0xe6,
        0xbf,
        ...address(PATH_OFFSET),
        0x31,
        0xd2,
        0xb8,
        59,
        0,
        0,
        0,
        0x0f,
        0x05,
        0x0f,
        0x0b,
        0x90,
        0x90,
      ],
      // parent: wait4(-1, sp, 0, 0)
      [
        0x6a, 0, 0x48, 0x89, 0xe6, 0x31, 0xd2, 0x4d, 0x31, 0xd2, 0x48, 0xc7, 0xc7, 0xff, 0xff, 0xff, 0xff, 0xb8, 61, 0,
        0, 0, 0x0f, 0x05,
      ],
      // exit((status >> 8) + 1)
      [0x58, 0xc1, 0xe8, 8, 0xff, 0xc0, 0x89, 0xc7, 0xb8, 60, 0, 0, 0, 0x0f, 0x05],
    ],
  });
  program.set(new TextEncoder().encode(path), PATH_OFFSET);
  return program;
}

function address(offset: number): number[] {
  const at = 0x400000 + offset;
  return [at & 255, (at >> 8) & 255, (at >> 16) & 255, 0];
}

/** A Linux program that exits with 5. */
const linuxFive = smallProgram({ fileBytes: 256, code: [[0xb8, 60, 0, 0, 0, 0xbf, 5, 0, 0, 0, 0x0f, 0x05]] });

describe.each(['amd64', '386'] as const)('families on one machine, %s', (machine) => {
  it('a Linux program starts a Plan 9 program and waits for it', async () => {
    let output = '';
    const child = plan9Program(machine, {
      main: [call(51, 1, 'hello', 6, NOW), call(8, 'status')],
      data: { hello: 'hello\n', status: '6' },
    });
    const host = createMemoryHost({
      files: { '/bin/parent': linuxParent('/bin/child'), '/bin/child': child },
      onOutput: (bytes) => {
        output += String.fromCharCode(...bytes);
      },
    });
    const { kernel, run } = createMachine({ host });
    expect(await run({ path: '/bin/parent' })).toEqual({ kind: 'exited', code: 7 });
    expect(output).toBe('hello\n');
    expect(kernel.processes.size).toBe(0);
  });

  it('a Plan 9 program starts a Linux program and waits for it', async () => {
    const parent = plan9Program(machine, {
      main: [
        call(19, 0x14),
        whenZero((asm) => fillTable(asm), call(7, 'file', 'table'), call(8, 'failed')),
        call(47, 'buffer', 100),
        call(51, 1, 'buffer', 60, NOW),
        call(8, 0),
      ],
      data: { file: '/bin/five', table: 32, buffer: 112, failed: 'exec failed' },
    });
    const { output, outcome } = await runPlan9(parent, { files: { '/bin/five': linuxFive } });
    expect(output.replaceAll('\0', '')).toMatch(/^1001 0 0 [0-9]+ 'five 1001: 5'$/);
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
  });
});

function fillTable(asm: { isWide: boolean; address(label: string): number }): number[] {
  const size = asm.isWide ? 8 : 4;
  const word = (label: string) =>
    Array.from({ length: size }, (_, index) => Number((BigInt(asm.address(label)) >> BigInt(index * 8)) & 255n));
  return [...(asm.isWide ? [0x48] : []), 0xb8, ...word('file'), ...(asm.isWide ? [0x48] : []), 0xa3, ...word('table')];
}
