// Test programs side by side, natively, under qemu-user and under `elf run`: one score for each, and where ours is worse.
//
// npx tsx packages/machine/src/test-support/run-score.ts SOURCE [options]
//
// SOURCE is a list in the format of LTP's runtest files (`name command arguments`) or a directory of test programs.
//   --path DIR[:DIR]     where the programs of a list are; also first in PATH
//   --env NAME=VALUE     for the programs; repeatable
//   --runners LIST       of native, qemu and elf (default: all)
//   --match REGEX        cases by name;  --from NAME, --to NAME: a part of the alphabet, both included as prefixes
//   --skip REGEX         cases that must not touch this kernel: only elf runs them
//   --results FILE       the JSON that is written; what it holds already is kept and not run again (so it resumes)
//   --redo               runs the chosen cases again under --runners;  --worse: chooses those where elf was worse
//   --within COMMAND     put in front of each runner, e.g. "unshare --fork --pid --mount-proc --kill-child --mount --uts --ipc"
//   --timeout S (60)  --jobs N (1)  --elf FILE (the built command)  --qemu FILE (qemu-x86_64)  --table FILE
//
// Each run has a fresh directory, which is its working directory and TMPDIR. The end is judged by its exit status
// (score/verdict.ts). For LTP: --env LTPROOT=DIR --env LTP_TIMEOUT_MUL=N --env KCONFIG_SKIP_CHECK=1, with all programs in --path.
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type RunResult, runCase } from './score/run-case.ts';
import {
  isWorseThan,
  readResults,
  type ScoreResults,
  scoreTable,
  worseCases,
  writeResults,
} from './score/score-report.ts';
import { readCases, type TestCase, wordsOf } from './score/test-case.ts';

const OURS = 'elf';
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...{ path: text, runners: text, match: text, from: text, to: text, skip: text, results: text, within: text },
      ...{ timeout: text, jobs: text, elf: text, qemu: text, table: text, redo: flag, worse: flag },
      env: { type: 'string', multiple: true },
    },
  });
  if (positionals.length !== 1)
    throw new Error('One list of cases or one directory, please; the options are in the source.');
  return { ...values, source: positionals[0] };
}

type Options = ReturnType<typeof readOptions>;

/** What stands before a program's words, by the name of the runner. */
function runnersOf(options: Options): Map<string, string[]> {
  const elf = options.elf ?? fileURLToPath(new URL('../../../../apps/cli/dist/elf.js', import.meta.url));
  const known: Record<string, string[]> = {
    native: [],
    qemu: [options.qemu ?? 'qemu-x86_64'],
    [OURS]: [process.execPath, elf, 'run'],
  };
  const names = options.runners?.split(',') ?? Object.keys(known);
  if (names.includes(OURS) && !existsSync(elf)) throw new Error(`There is no built command at ${elf}: npm run build.`);
  const within = options.within?.split(' ') ?? [];
  return new Map(names.map((name) => [name, [...within, ...known[name]]]));
}

function choose(cases: readonly TestCase[], options: Options, results: ScoreResults): TestCase[] {
  const pattern = new RegExp(options.match ?? '');
  const { from, to } = options;
  return cases.filter(({ name }) => {
    const known = results.get(name);
    const isWorse = known !== undefined && Object.keys(known).some((runner) => isWorseThan(known, OURS, runner));
    return (
      pattern.test(name) &&
      (from === undefined || name >= from) &&
      (to === undefined || name.slice(0, to.length) <= to) &&
      (!options.worse || isWorse)
    );
  });
}

async function main(): Promise<void> {
  const options = readOptions();
  const results = readResults(options.results);
  const runners = runnersOf(options);
  const path = options.path?.split(':') ?? [];
  const skip = options.skip === undefined ? undefined : new RegExp(options.skip);
  const environment: Record<string, string> = {
    ...{ PATH: [...path, SYSTEM_PATH].join(':'), HOME: '/', LC_ALL: 'C', TZ: 'UTC' },
    ...Object.fromEntries((options.env ?? []).map((pair) => pair.split(/=(.*)/s, 2))),
  };
  const cases = choose(readCases(options.source), options, results);
  const runOne = async (test: TestCase, runner: string): Promise<RunResult> => {
    if (runner !== OURS && skip?.test(test.name)) return { verdict: 'SKIP', seconds: 0, output: '' };
    const words = wordsOf(test, path);
    if (words === undefined) return { verdict: 'SKIP', seconds: 0, output: `no program: ${test.command}` };
    const limitInSeconds = Number(options.timeout ?? 60);
    return runCase({ words: [...(runners.get(runner) ?? []), ...words], environment, limitInSeconds });
  };
  const queue = [...cases];
  const work = async () => {
    for (let test = queue.shift(); test !== undefined; test = queue.shift()) {
      const own = results.get(test.name) ?? {};
      results.set(test.name, own);
      for (const runner of runners.keys()) {
        if (options.redo || !(runner in own)) own[runner] = await runOne(test, runner);
      }
      const verdicts = Object.entries(own).map(
        ([runner, each]) => `${runner} ${each.verdict} ${each.seconds.toFixed(1)}`,
      );
      console.log(`${test.name.padEnd(28)}${verdicts.join('  ')}`);
      if (options.results !== undefined) writeResults(options.results, results);
    }
  };
  await Promise.all(Array.from({ length: Number(options.jobs ?? 1) }, work));
  const chosen: ScoreResults = new Map(cases.map(({ name }) => [name, results.get(name) ?? {}]));
  const names = ['native', 'qemu', OURS].filter((name) => [...chosen.values()].some((each) => name in each));
  const table = `${worseCases(chosen, OURS, names)}\n\n${scoreTable(chosen, names)}\n`;
  console.log(table);
  if (options.table !== undefined) writeFileSync(options.table, table);
}

await main();
