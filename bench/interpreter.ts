// The interpreter beside native, qemu-x86_64 and blink on the same programs in the same run: times as ratios, guest instructions a second.
//
// npm run bench [-- --rounds N]. Programs are built here with gcc; rounds are interleaved and the smallest time of each counts,
// because absolute times on shared machines are noise.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const elf = join(root, 'apps/cli/dist/elf.js');
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

interface Runner {
  readonly name: string;
  readonly command: readonly string[];
}

function found(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

const runners: readonly Runner[] = [
  { name: 'native', command: [] },
  { name: 'qemu-x86_64', command: ['qemu-x86_64'] },
  { name: 'blink', command: ['blink'] },
  { name: 'elf', command: [process.execPath, elf, 'run'] },
].filter(({ command, name }) => name === 'elf' || name === 'native' || found(command[0]));

function measure(program: readonly string[], rounds: number): Map<string, { seconds: number; output: string }> {
  const best = new Map<string, { seconds: number; output: string }>();
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, command } of runners) {
      const [file, ...args] = [...command, ...program];
      const start = performance.now();
      const result = spawnSync(file, args, { encoding: 'utf8' });
      const seconds = (performance.now() - start) / 1000;
      if (result.status !== 0)
        throw new Error(`${name} ended with ${result.status ?? result.signal}: ${result.stderr}`);
      const known = best.get(name);
      if (known === undefined || seconds < known.seconds) best.set(name, { seconds, output: result.stdout });
    }
  }
  return best;
}

function report(title: string, times: Map<string, { seconds: number; output: string }>): void {
  const native = times.get('native');
  console.log(`\n${title}`);
  for (const [name, { seconds, output }] of times) {
    if (native === undefined || output !== native.output) throw new Error(`${name} printed something else than native`);
    console.log(
      `  ${name.padEnd(12)} ${(seconds * 1000).toFixed(1).padStart(9)} ms  ${(seconds / native.seconds).toFixed(2).padStart(8)} x native`,
    );
  }
}

/** Guest instructions a run retires, from `elf run --stats`. */
function guestInstructions(program: readonly string[]): number {
  const result = spawnSync(process.execPath, [elf, 'run', '--stats', ...program], { encoding: 'utf8' });
  const match = /([\d,]+) (?:guest )?instructions/.exec(result.stderr);
  if (match === null) throw new Error(`elf run --stats named no instruction count: ${result.stderr}`);
  return Number(match[1].replaceAll(',', ''));
}

const position = process.argv.indexOf('--rounds');
const rounds = position > 0 ? Number(process.argv[position + 1]) : 5;
if (!existsSync(elf)) throw new Error('apps/cli/dist/elf.js is missing: run npm run build first');
const work = mkdtempSync(join(tmpdir(), 'elf-bench-'));
try {
  const mix = join(work, 'integer-mix');
  execFileSync('gcc', [...MIX_FLAGS, join(root, 'bench/programs/integer-mix.c'), '-o', mix]);
  const times = measure([mix], rounds);
  report('integer loop with loads and stores (bench/programs/integer-mix.c)', times);
  const elfSeconds = times.get('elf')?.seconds ?? Number.NaN;
  const start = measure([join(root, 'fixtures/hello-asm/hello')], rounds).get('elf')?.seconds ?? 0;
  const count = guestInstructions([mix]);
  console.log(
    `  ${count} guest instructions: ${(count / (elfSeconds - start) / 1e6).toFixed(0)} million/s without start-up, ${(count / elfSeconds / 1e6).toFixed(0)} million/s with it (goal: 60)`,
  );
  if (found('busybox'))
    report('busybox true, cold start (goal: under 1000 ms)', measure(['/bin/busybox', 'true'], rounds));
} finally {
  rmSync(work, { recursive: true, force: true });
}
