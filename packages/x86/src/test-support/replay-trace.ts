// Compares our CPU with the real one over a whole program: npx tsx --tsconfig tsconfig.sources.json src/test-support/replay-trace.ts [--steps N] PROGRAM [ARGUMENTS]
//
// The program (static, x86-64 Linux) is single-stepped natively with our CPUID and its states are compared with ours after every block.
// Prints the first difference with the instructions that led to it.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AddressSpace, GuestMemory, Protection, UserMemory } from '@elf/mm';
import { createCpu } from '../cpu.ts';
import { disassemble } from './describe-case.ts';
import { Replay } from './replay.ts';
import { TraceStream } from './trace-stream.ts';

const argumentsList = process.argv.slice(2);
let steps = '1000000000';
if (argumentsList[0] === '--steps') steps = argumentsList.splice(0, 2)[1];
if (argumentsList.length === 0) {
  console.error('usage: replay-trace.ts [--steps N] PROGRAM [ARGUMENTS]');
  process.exit(2);
}
const directory = mkdtempSync(join(tmpdir(), 'elf-replay-'));
const program = join(directory, 'trace');
execFileSync('gcc', ['-O2', '-o', program, fileURLToPath(new URL('../../native/trace.c', import.meta.url))]);
writeFileSync(join(directory, 'cpuid'), ourCpuid());
const pipe = join(directory, 'pipe');
execFileSync('mkfifo', [pipe]);
// The shell opens the pipe for writing, so that neither side waits for the other before both are there.
const child = spawn(
  'sh',
  ['-c', 'exec "$0" "$@" 3>"$PIPE"', program, '-c', join(directory, 'cpuid'), '-n', steps, ...argumentsList],
  {
    stdio: ['inherit', process.env.REPLAY_OUTPUT === '1' ? 'inherit' : 'ignore', 'inherit'],
    env: { ...process.env, PIPE: pipe },
  },
);
const descriptor = openSync(pipe, 'r');
const replay = new Replay(new TraceStream(descriptor));
const started = Date.now();
const { instructions, systemCalls, difference } = replay.run();
const seconds = (Date.now() - started) / 1000;
closeSync(descriptor);
child.kill('SIGKILL');
console.log(`${instructions} instructions and ${systemCalls} system calls agree (${seconds.toFixed(1)} s)`);
if (difference !== undefined) {
  for (const line of difference.what) console.log(`  ${line}`);
  console.log('the native path from the last state that agreed:');
  for (const state of difference.path.slice(-24)) {
    const address = Number(state.readBigUInt64LE(0));
    console.log(`  0x${address.toString(16)}  ${disassemble(replay.code(address, 15), address).split('; ')[0]}`);
  }
  process.exitCode = 1;
}
rmSync(directory, { recursive: true, force: true });

// What our CPUID answers, by running it, as the tracer's table.
function ourCpuid(): string {
  const memory = new GuestMemory();
  const space = new AddressSpace(memory);
  const cpu = createCpu(memory);
  const code = space.map({ length: 4096, protection: Protection.Read | Protection.Write | Protection.Execute });
  new UserMemory(space).write(code, new Uint8Array([0x0f, 0xa2, 0xcc]));
  cpu.attach(space);
  const lines: string[] = [];
  for (const leaf of [...Array(0x20).keys(), ...Array.from({ length: 9 }, (_, index) => 0x8000_0000 + index)]) {
    for (let subleaf = 0; subleaf < 8; subleaf += 1) {
      cpu.setRegister(0, BigInt(leaf));
      cpu.setRegister(1, BigInt(subleaf));
      cpu.rip = code;
      cpu.run(64);
      lines.push(
        [leaf, subleaf, ...[0, 3, 1, 2].map((register) => cpu.registerLow(register) >>> 0)]
          .map((value) => value.toString(16))
          .join(' '),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}
