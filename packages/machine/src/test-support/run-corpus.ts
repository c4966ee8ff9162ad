// Programs of a Linux distribution on real work, natively and under `elf run`: prints what is equal, different and not installed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { differences } from './corpus/compare-results.ts';
import type { CorpusRow } from './corpus/corpus-row.ts';
import { CORPUS } from './corpus/corpus-rows.ts';
import { programsPage } from './corpus/programs-page.ts';
import { PROGRAM_PATH, runRow } from './corpus/run-row.ts';

const NATIVE_SECONDS = 60;
const DEFAULT_SECONDS = 120;
/** Rows that are named at the end as the slowest. */
const SLOWEST = 10;
const PAGE = fileURLToPath(new URL('../../../../docs/reference/programs.md', import.meta.url));

const HELP = `npm run test:corpus -- [options]

  --only TEXT[,TEXT]    rows whose name contains a text;  --exact NAME[,NAME]: rows of these names
  --skip NAME[,NAME]    not these
  --of PACKAGE[,...]    rows that need no other Debian packages than these
  --jobs N              rows at a time (1)
  --elf FILE            another build of the command than apps/cli/dist/elf.js
  --list                prints the rows and runs none
  --packages            prints the Debian packages of the rows, for apt-get install; those from npm are
                        fetched by: node scripts/fetch-npm-programs.mjs
  --write               writes what was found into docs/reference/programs.md

A program that is not installed is counted apart. Exit status 1 when a row differs.

Debian packages of all rows:
`;

type Verdict = 'equal' | 'different' | 'not installed' | 'unsteady';

interface Judged {
  readonly row: CorpusRow;
  readonly verdict: Verdict;
  readonly lines: readonly string[];
  readonly seconds: number;
  readonly instructions: number;
}

function missingOf(row: CorpusRow): string[] {
  const needed = row.needs ?? [row.name.split(/[ -]/)[0]];
  const env = { ...process.env, PATH: PROGRAM_PATH };
  return needed.filter((name) => spawnSync('/bin/sh', ['-c', 'command -v "$0"', name], { env }).status !== 0);
}

async function judge(row: CorpusRow, elf: string, directory: string): Promise<Judged> {
  const nothing = { row, seconds: 0, instructions: 0 };
  const missing = missingOf(row);
  if (missing.length > 0) {
    return { ...nothing, verdict: 'not installed', lines: [`${missing.join(', ')} (of ${row.package})`] };
  }
  const native = await runRow(row, [], directory, NATIVE_SECONDS);
  const again = await runRow(row, [], directory, NATIVE_SECONDS);
  // A row that differs from itself judges nobody: the row is at fault.
  const unsteady = native.status === 'timeout' ? ['takes too long natively'] : differences(native, again);
  if (unsteady.length > 0) return { ...nothing, verdict: 'unsteady', lines: unsteady };
  const command = [process.execPath, elf, 'run', '-stats'];
  const ours = await runRow(row, command, directory, row.seconds ?? DEFAULT_SECONDS);
  const lines = differences(native, ours);
  const { seconds, instructions } = ours;
  return { row, verdict: lines.length === 0 ? 'equal' : 'different', lines, seconds, instructions };
}

function report({ row, verdict, lines, seconds, instructions }: Judged): void {
  const cost =
    verdict === 'not installed'
      ? ''
      : `${seconds.toFixed(1)} s, ${(instructions / 1e6).toFixed(1)} million instructions`;
  console.log(`${verdict.padEnd(15)}${row.name.padEnd(28)}${cost}`);
  for (const line of lines) console.log(`                 ${line}`);
}

function summarize(judged: readonly Judged[]): void {
  const count = (verdict: Verdict) => judged.filter((each) => each.verdict === verdict).length;
  console.log(
    `\n${judged.length} rows: ${count('equal')} equal, ${count('different')} different, ${count('not installed')} not installed, ${count('unsteady')} unsteady`,
  );
  const slowest = [...judged].sort((left, right) => right.seconds - left.seconds).slice(0, SLOWEST);
  console.log(`slowest: ${slowest.map(({ row, seconds }) => `${row.name} ${seconds.toFixed(0)} s`).join(', ')}`);
}

function writePage(judged: readonly Judged[]): void {
  const verdicts = judged.map(({ row, verdict, lines, seconds, instructions }) => ({
    name: row.name,
    result: verdict === 'different' ? `different: ${(lines[0] ?? '').slice(0, 120)}` : verdict,
    seconds,
    instructions,
  }));
  const before = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '';
  writeFileSync(PAGE, programsPage(CORPUS, verdicts, before, new Date().toISOString().slice(0, 10)));
}

const listOf = (value: string | undefined) => value?.split(',');
/** What apt-get knows: the packages of npm have a mark. */
const debianPackages = (rows: readonly CorpusRow[]) =>
  [...new Set(rows.flatMap((row) => row.package.split(' ')))]
    .filter((name) => !name.startsWith('npm:'))
    .sort()
    .join(' ');

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    ...{ only: text, exact: text, skip: text, of: text, jobs: text, elf: text },
    ...{ list: flag, packages: flag, write: flag, help: flag },
  };
  const { values } = parseArgs({ options });
  const [only, exact, skip, packages] = [values.only, values.exact, values.skip, values.of].map(listOf);
  const rows = CORPUS.filter(
    (row) =>
      (only === undefined || only.some((part) => row.name.includes(part))) &&
      (exact === undefined || exact.includes(row.name)) &&
      !skip?.includes(row.name) &&
      (packages === undefined || row.package.split(' ').every((name) => packages.includes(name))),
  );
  if (values.help) console.log(HELP + debianPackages(CORPUS));
  if (values.list) for (const row of rows) console.log(`${row.name.padEnd(28)}${row.package}`);
  if (values.packages) console.log(debianPackages(rows));
  if (values.list || values.packages || values.help) return 0;
  const elf = values.elf ?? fileURLToPath(new URL('../../../../apps/cli/dist/elf.js', import.meta.url));
  if (!existsSync(elf)) throw new Error(`There is no built command at ${elf}: npm run build.`);
  const base = mkdtempSync(join(tmpdir(), 'elf-corpus-'));
  const judged: Judged[] = [];
  const queue = [...rows];
  const worker = async (number: number) => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const result = await judge(next, elf, join(base, String(number), 'work'));
      report(result);
      judged.push(result);
      if (values.write) writePage(judged);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs ?? 1) }, (_, number) => worker(number)));
  rmSync(base, { recursive: true, force: true });
  summarize(judged);
  return judged.some(({ verdict }) => verdict === 'different' || verdict === 'unsteady') ? 1 : 0;
}

process.exitCode = await main();
