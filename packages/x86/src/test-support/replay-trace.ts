// Compares our CPU with the real one over a whole program: npm run replay -- [--steps N] PROGRAM [ARGUMENTS]
//
// The program (an x86 Linux executable of 64 or 32 bits, static or not, or a C file) runs natively under native/trace.c, with our
// CPUID, and its states are compared with ours after every block. Prints the first difference with the code that led to it.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuModelOf, enabledComponents } from '../state/models/cpu-model.ts';
import { disassemble } from './describe-case.ts';
import { hasHardware } from './hardware.ts';
import { Replay } from './replay.ts';

const argumentsList = process.argv.slice(2);
let steps = '1000000000000';
if (argumentsList[0] === '--steps') steps = argumentsList.splice(0, 2)[1];
if (!hasHardware()) {
  console.error('this needs x86-64 Linux and gcc');
  process.exit(2);
}
if (argumentsList.length === 0) {
  console.error(
    'usage: npm run replay -- [--steps N] PROGRAM [ARGUMENTS]   (REPLAY_OUTPUT=1 shows what the program prints)',
  );
  process.exit(2);
}
const directory = mkdtempSync(join(tmpdir(), 'elf-replay-'));
const tracer = join(directory, 'trace');
const source = (name: string) => fileURLToPath(new URL(`../../native/${name}`, import.meta.url));
execFileSync('gcc', ['-O2', '-o', tracer, source('trace.c'), source('trace-memory.c')]);
if (argumentsList[0].endsWith('.c')) {
  const compiled = join(directory, 'subject');
  execFileSync('gcc', ['-O2', '-o', compiled, argumentsList[0]]);
  argumentsList[0] = compiled;
}
const [stream, answers] = [join(directory, 'stream'), join(directory, 'answers')];
execFileSync('mkfifo', [stream, answers]);
const model = cpuModelOf(undefined);
// The shell opens the pipes in the order in which they are opened here, so that neither side waits for the other for ever.
const child = spawn(
  'sh',
  [
    '-c',
    'exec "$0" "$@" 3>"$ELF_STREAM" 4<"$ELF_ANSWERS"',
    tracer,
    '-x',
    String(enabledComponents(model)),
    '-n',
    steps,
    ...argumentsList,
  ],
  {
    stdio: ['inherit', process.env.REPLAY_OUTPUT === '1' ? 'inherit' : 'ignore', 'inherit'],
    env: { ...process.env, ELF_STREAM: stream, ELF_ANSWERS: answers },
  },
);
const input = openSync(stream, 'r');
const output = openSync(answers, 'w');
const replay = new Replay(input, (bytes) => void writeSync(output, bytes));
const started = Date.now();
const result = replay.run();
const seconds = (Date.now() - started) / 1000;
closeSync(input);
closeSync(output);
child.kill('SIGKILL');
console.log(
  `${result.instructions} instructions, ${result.systemCalls} system calls and ${result.signals} signals agree: registers and flags compared ${result.comparisons} times, ` +
    `x87 and vectors ${result.vectorComparisons} times, ${result.pages} written pages (${seconds.toFixed(1)} s)`,
);
for (const [instructions, count] of result.undefinedFlags.entries.slice(0, 6))
  console.log(`  ${count} times a flag differed that the manual leaves undefined, after ${instructions}`);
if (result.neighbours > 0)
  console.log(`  ${result.neighbours} transcendental x87 results are one unit in the last place off`);
if (result.difference !== undefined) {
  const { what, path, mode } = result.difference;
  for (const line of what) console.log(`  ${line}`);
  console.log('the native path from the last state that agreed:');
  for (const address of path.slice(-8)) {
    console.log(`  0x${address.toString(16)}:`);
    for (const line of disassemble(replay.code(address, 160), address, mode).split('; ').slice(0, 24))
      console.log(`    ${line}`);
  }
  process.exitCode = 1;
} else console.log(`  end: ${result.end ?? 'the stream'}`);
rmSync(directory, { recursive: true, force: true });
