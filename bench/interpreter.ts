// The interpreter beside native, qemu-x86_64 and blink on the same programs in the same run: times as ratios, guest instructions a second.
//
// npm run bench [-- --rounds N]                                  our own loop (built here with gcc) and a cold start
// npm run bench -- --program PATH [--rounds N] [--args WORD...]  any program; everything behind --args belongs to it
//
// Rounds are interleaved and the smallest time of each counts, because absolute times on shared machines are noise.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { elf, found, guestInstructions, measure, runnersHere, smallest, type Timing } from './runners.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const MIX_FLAGS = [
  '-O2',
  '-static',
  '-nostdlib',
  '-mgeneral-regs-only',
  '-fno-tree-vectorize',
  '-fno-tree-loop-distribute-patterns',
  '-fno-stack-protector',
  '-fno-pie',
  '-no-pie',
];

const ours = process.argv.indexOf('--args') < 0 ? process.argv : process.argv.slice(0, process.argv.indexOf('--args'));
function option(name: string): string | undefined {
  const position = ours.indexOf(`--${name}`);
  return position > 0 ? ours[position + 1] : undefined;
}
const rounds = Number(option('rounds') ?? 5);
const runners = runnersHere();

function report(title: string, times: Map<string, Timing[]>): void {
  const native = times.get('native') ?? [];
  const base = { wall: smallest(native, 'wall'), cpu: smallest(native, 'cpu') };
  console.log(`\n${title}: ${rounds} interleaved rounds, the smallest of each`);
  console.log('               wall ms  x native     CPU ms  x native');
  for (const [name, timings] of times) {
    const wall = smallest(timings, 'wall');
    const cpu = smallest(timings, 'cpu');
    const number = (value: number, digits: number, width: number) => value.toFixed(digits).padStart(width);
    const note = timings.some(({ output }) => output !== native[0].output)
      ? '  (printed something else than native)'
      : '';
    // CPU time comes in ticks of 10 ms: a run shorter than one has no ratio.
    const ratio = (value: number, one: number) => (one === 0 ? '-'.padStart(10) : number(value / one, 2, 10));
    console.log(
      `  ${name.padEnd(12)}${number(wall * 1000, 1, 9)}${ratio(wall, base.wall)}${number(cpu * 1000, 0, 11)}${ratio(cpu, base.cpu)}${note}`,
    );
  }
}

/** Instructions a second with and without what a program that does nothing takes. */
function reportRate(program: readonly string[], times: Map<string, Timing[]>): void {
  const seconds = smallest(times.get('elf') ?? [], 'cpu');
  const [{ cpu }] = [...measure(runners.slice(-1), [join(root, 'fixtures/hello-asm/hello')], rounds).values()].map(
    (timings) => ({ cpu: smallest(timings, 'cpu') }),
  );
  const count = guestInstructions(program);
  const rate = (time: number) => (count / time / 1e6).toFixed(0);
  console.log(
    `  ${count} guest instructions: ${rate(seconds - cpu)} million for each second of CPU time without start-up, ${rate(seconds)} with it`,
  );
}

function compare(title: string, program: readonly string[]): void {
  const times = measure(runners, program, rounds);
  report(title, times);
  reportRate(program, times);
}

function compareOwn(): void {
  const work = mkdtempSync(join(tmpdir(), 'elf-bench-'));
  try {
    const mix = join(work, 'integer-mix');
    execFileSync('gcc', [...MIX_FLAGS, join(root, 'bench/programs/integer-mix.c'), '-o', mix]);
    compare('integer loop with loads and stores (bench/programs/integer-mix.c)', [mix]);
    if (found('busybox')) report('busybox true, cold start', measure(runners, ['/bin/busybox', 'true'], rounds));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (!existsSync(elf)) throw new Error('apps/cli/dist/elf.js is missing: run npm run build first');
const program = option('program');
if (program === undefined) compareOwn();
else compare(program, [program, ...process.argv.slice(ours.length + 1)]);
