// Compares execve with the kernel of this machine and prints one table: npx tsx packages/exec/src/test-support/run-kernel-comparison.ts
// [--per-kind N] [--all] [--random N] [--seed N] [--only-differences] [PROGRAM...]. Without root, cases that need another user are left out.
import { mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { foundingNames } from './founding-twins.ts';
import { compareCrafted, comparePrograms, compareRandom } from './kernel/compare.ts';
import { askKernel, craftedCases } from './kernel/crafted-suite.ts';
import { hostFiles } from './kernel/host-files.ts';
import { buildPrograms, dataFiles, executableCopies, installedPrograms, kindOf } from './kernel/host-programs.ts';
import { type KernelRunner, kernelFacts, kernelRunner } from './kernel/kernel-runner.ts';
import { observeRandomization } from './kernel/randomization.ts';

const CACHE = fileURLToPath(new URL('../../../../.elf-cache/', import.meta.url));
const WHOLE_STATE = 'outcome, registers, maps, auxv, stack, marks, content';
const RANDOMIZED_STARTS = 200;
/** Programs compared at a time: their states are in memory together. */
const BATCH = 50;
const RANDOM_BATCH = 200;

/** One line of the table. */
interface Row {
  readonly program: string;
  readonly kind: string;
  readonly compared: string;
  readonly outcome: string;
  readonly differences: readonly string[];
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'per-kind': { type: 'string', default: '30' },
    all: { type: 'boolean', default: false },
    pages: { type: 'string', default: '500' },
    random: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    'only-differences': { type: 'boolean', default: false },
  },
});

const directory = mkdtempSync(join(tmpdir(), 'elf-kernel-'));
try {
  const runner = kernelRunner(directory);
  if (typeof runner === 'string') console.log(`nothing is compared: ${runner}`);
  else report(positionals.length > 0 ? programRows(runner, positionals) : allRows(runner));
} finally {
  rmSync(directory, { recursive: true });
}

function* allRows(runner: KernelRunner): Generator<Row> {
  yield* craftedRows(runner);
  yield* randomRows(runner);
  const founding = foundingNames().map((name) => join(CACHE, name));
  const perKind = options.all ? Number.POSITIVE_INFINITY : Number(options['per-kind']);
  const programs = [
    ...buildPrograms(directory),
    ...installedPrograms(perKind),
    ...executableCopies(directory),
    ...dataFiles(),
  ];
  yield* programRows(runner, [
    ...programs.map(({ path }) => path),
    ...founding.filter((path) => kindOf(path) !== 'unreadable'),
  ]);
  yield* randomizedRows(runner);
}

function* craftedRows(runner: KernelRunner): Generator<Row> {
  const facts = kernelFacts();
  const answers = askKernel(runner, directory, facts);
  for (const crafted of craftedCases) {
    const answer = answers.get(crafted.name);
    if (answer === undefined) continue;
    const { outcome, differences } = compareCrafted(crafted, answer, facts);
    const compared = answer.state === undefined ? 'outcome' : WHOLE_STATE;
    yield { program: crafted.name, kind: 'crafted', compared, outcome, differences };
  }
}

/** One line a batch of images. */
function* randomRows(runner: KernelRunner): Generator<Row> {
  const [first, count] = [Number(options.seed), Number(options.random)];
  for (let start = first; start < first + count; start += RANDOM_BATCH) {
    const size = Math.min(RANDOM_BATCH, first + count - start);
    const results = compareRandom(runner, directory, start, size);
    const started = results.filter(({ outcome }) => outcome === 'started').length;
    yield {
      program: `seeds ${start} to ${start + size - 1}`,
      kind: 'random images',
      compared: WHOLE_STATE,
      outcome: `${started}/${results.length}`,
      differences: results.flatMap(({ differences }) => differences),
    };
  }
}

function* programRows(runner: KernelRunner, paths: readonly string[]): Generator<Row> {
  for (let start = 0; start < paths.length; start += BATCH) {
    const programs = paths.slice(start, start + BATCH).map((path) => ({ path, kind: kindOf(path) }));
    for (const { path, kind, outcome, differences } of comparePrograms(runner, programs, Number(options.pages))) {
      const program = path.startsWith(directory) ? basename(path) : path;
      yield { program, kind, compared: outcome === 'started' ? WHOLE_STATE : 'outcome', outcome, differences };
    }
  }
}

function* randomizedRows(runner: KernelRunner): Generator<Row> {
  const facts = kernelFacts();
  const files = hostFiles();
  for (const name of [
    'free-static',
    'free-static-pie',
    'free-i386-static',
    'free-i386-static-pie',
    'glibc-pie',
    'glibc-pie-2m',
  ]) {
    const path = join(directory, name);
    if (kindOf(path) === 'unreadable' || (!runner.startsI386 && name.includes('i386'))) continue;
    const { differences } = observeRandomization(runner, path, RANDOMIZED_STARTS, files, facts);
    yield {
      program: name,
      kind: kindOf(path),
      compared: `${RANDOMIZED_STARTS} randomised starts`,
      outcome: 'started',
      differences,
    };
  }
  files.close();
}

function report(rows: Iterable<Row>): void {
  const totals = new Map<string, { rows: number; differ: number }>();
  console.log(`kernel ${release()}, user ${kernelFacts().uid}`);
  for (const { program, kind, compared, outcome, differences } of rows) {
    const total = totals.get(kind) ?? { rows: 0, differ: 0 };
    totals.set(kind, { rows: total.rows + 1, differ: total.differ + (differences.length > 0 ? 1 : 0) });
    if (differences.length === 0 && options['only-differences']) continue;
    const result = differences.length > 0 ? 'DIFFERS' : 'equal';
    console.log([result.padEnd(7), outcome.padEnd(10), kind.padEnd(28), program.padEnd(60), compared].join('  '));
    for (const line of differences.slice(0, 8)) console.log(`         ${line}`);
  }
  let compared = 0;
  let differ = 0;
  for (const [kind, total] of totals) {
    console.log(
      `${String(total.rows).padStart(6)} ${kind}: ${total.rows - total.differ} equal, ${total.differ} differ`,
    );
    compared += total.rows;
    differ += total.differ;
  }
  console.log(`${String(compared).padStart(6)} in total: ${compared - differ} equal, ${differ} differ`);
  console.log(
    'given by the kernel, not compared: address of the vDSO, AT_RANDOM bytes, AT_HWCAP, AT_HWCAP2, AT_MINSIGSTKSZ, sizes of restartable sequences',
  );
  process.exitCode = differ > 0 ? 1 : 0;
}
