// Instructions that end a program: the signal it dies of, here and where this machine can run it natively, and what the report names.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CrashReport, createMachine, createMemoryHost, formatCrashReport } from './index.ts';
import { smallProgram } from './test-support/small-program.ts';

const START = 0x400080;
const [ILL, TRAP, BUS, FPE, SEGV] = ['SIGILL', 'SIGTRAP', 'SIGBUS', 'SIGFPE', 'SIGSEGV'];

/** Title, hexadecimal code, the signal, and where the instruction that raises it stands (RIP in a report: after it for traps). */
// biome-ignore format: one row per line
const CASES: readonly (readonly [title: string, code: string, signal: string, at: number])[] = [
  ['ud2', '0f0b', ILL, 0],
  ['ud1', '0fb9c1', ILL, 0],
  ['an opcode that is none in 64-bit mode', '06', ILL, 0],
  ['a map that VEX does not have', 'c4e47858c1', ILL, 0],
  ['VEX behind 66', '66c5f858c1', ILL, 0],
  ['VEX behind REX', '48c5f858c1', ILL, 0],
  ['LOCK on what cannot be locked', 'f090', ILL, 0],
  ['LOCK on a register', 'f001c0', ILL, 0],
  ['LOCK on CMP', 'f03904 24', ILL, 0],
  ['MOV to CS', '8ec8', ILL, 0],
  ['MOV from a control register that does not exist', '0f20c8', ILL, 0],
  ['CLAC', '0f01ca', ILL, 0],
  ['MONITOR', '0f01c8', ILL, 0],
  ['VMLAUNCH', '0f01c2', ILL, 0],
  ['RSM', '0faa', ILL, 0],
  ['HLT', 'f4', SEGV, 0],
  ['HLT behind prefixes', '662ef4', SEGV, 0],
  ['CLI', 'fa', SEGV, 0],
  ['IN', 'ec', SEGV, 0],
  ['OUTS', '6e', SEGV, 0],
  ['MOV from CR0, with a mod that would be memory', '0f2000', SEGV, 0],
  ['MOV to CR3', '0f22d8', SEGV, 0],
  ['MOV from DR7', '0f21f8', SEGV, 0],
  ['LGDT', '0f011424', SEGV, 0],
  ['WRMSR', '0f30', SEGV, 0],
  ['INVD', '0f08', SEGV, 0],
  ['SWAPGS', '0f01f8', SEGV, 0],
  ['XSETBV', '0f01d1', SEGV, 0],
  ['INT 0', 'cd00', SEGV, 0],
  ['INT 0x21 behind prefixes', '90 66f3cd21', SEGV, 1],
  ['16 bytes', '66666666666666666666666666666690', SEGV, 0],
  ['a load from null', '31c08b00', SEGV, 2],
  ['a store to code', '48 8d0500000000 8900', SEGV, 7],
  ['a load that is not canonical', '48b80000000000008000 8b00', SEGV, 10],
  ['the same through the stack pointer', '48bc0000000000008000 58', BUS, 10],
  ['a jump to null', '31c0ffe0', SEGV, -START],
  ['a misaligned MOVAPS', '0f28442401', SEGV, 0],
  ['a misaligned CMPXCHG16B', '480fc74c2408', SEGV, 0],
  ['a far jump through a null selector', '6a00 6a00 48ff2c24', SEGV, 4],
  ['MOV to SS of null', '31c08ed0', SEGV, 2],
  ['DIV by zero', '31c9f7f1', FPE, 2],
  ['IDIV overflow', 'b800000080 99 6aff f73c24', FPE, 8],
  ['x87 division by zero, unmasked', '6800000000 d92c24 d9e8 d9ee def9 9b', FPE, 14],
  ['SSE division by zero, unmasked', '6800000000 0fae1424 0f57c0 f30f5ec0', FPE, 12],
  ['INT3', 'cc', TRAP, 1],
  ['INT 3', 'cd03', TRAP, 2],
  ['INT1', 'f1', TRAP, 1],
  ['a single step', '9c 810c2400010000 9d 90 90', TRAP, 10],
  ['an alignment check', '9c 810c2400000400 9d 8b442401', BUS, 9],
];

const bytesOf = (code: string) => [...Buffer.from(code.replaceAll(' ', ''), 'hex')];
const program = (code: string) => smallProgram({ fileBytes: 512, code: [bytesOf(code)] });
const isNative = process.platform === 'linux' && process.arch === 'x64';

describe('a program that dies of an instruction', () => {
  it.each(CASES)('%s', async (_title, code, signal, at) => {
    const reports: CrashReport[] = [];
    const host = createMemoryHost({ files: { '/program': program(code) } });
    const machine = createMachine({ host, onCrash: (report) => reports.push(report) });
    const outcome = await machine.run({ path: '/program' });
    expect(reports.map(({ signalName, instructionAddress }) => [signalName, instructionAddress])).toEqual([
      [signal, START + at],
    ]);
    expect(outcome).toMatchObject({ kind: 'signaled', signal: reports[0].signal });
    // What stands there is shown, and the cause in words.
    const text = formatCrashReport(reports[0]);
    const shown = bytesOf(code).slice(at, at + 15);
    if (at >= 0)
      expect(text).toContain(
        Buffer.from(shown)
          .toString('hex')
          .replace(/..(?!$)/g, '$& '),
      );
    expect(text).toContain(`died of ${signal}: `);
    expect(text).toContain(`0x${(START + at).toString(16)}`);
  });

  it.runIf(isNative)('dies of the same signal natively', () => {
    const directory = mkdtempSync(join(tmpdir(), 'elf-dying-'));
    const file = join(directory, 'program');
    const found = CASES.map(([title, code]) => {
      rmSync(file, { force: true });
      writeFileSync(file, program(code));
      chmodSync(file, 0o755);
      return [title, spawnSync(file).signal];
    });
    rmSync(directory, { recursive: true });
    expect(found).toEqual(CASES.map(([title, , signal]) => [title, signal]));
  });
});
