// Programs of a Linux distribution on real work, natively and under `elf run`: prints what is equal, different and missing.
//
// npm run test:corpus -- [--only TEXT] [--of PACKAGES] [--jobs N] [--elf FILE] [--list] [--packages]. The command must be built, or FILE names another build.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { differences } from './corpus/compare-results.ts';
import type { CorpusRow } from './corpus/corpus-row.ts';
import { CORPUS } from './corpus/corpus-rows.ts';
import { runRow } from './corpus/run-row.ts';

const NATIVE_SECONDS = 60;
const DEFAULT_SECONDS = 120;
/** Rows above this are named at the end. */
const SLOW_SECONDS = 60;

type Verdict = 'equal' | 'different' | 'missing' | 'unsteady';

interface Judged {
  readonly row: CorpusRow;
  readonly verdict: Verdict;
  readonly lines: readonly string[];
  readonly seconds: number;
  readonly instructions: number;
}

function missingOf(row: CorpusRow): string[] {
  const needed = row.needs ?? [row.name.split(/[ -]/)[0]];
  return needed.filter((name) => spawnSync('/bin/sh', ['-c', 'command -v "$0"', name]).status !== 0);
}

async function judge(row: CorpusRow, elf: string, directory: string): Promise<Judged> {
  const nothing = { row, seconds: 0, instructions: 0 };
  const missing = missingOf(row);
  if (missing.length > 0) {
    return { ...nothing, verdict: 'missing', lines: [`${missing.join(', ')} (Debian: ${row.package})`] };
  }
  const native = await runRow(row, [], directory, NATIVE_SECONDS);
  const again = await runRow(row, [], directory, NATIVE_SECONDS);
  // A row that differs from itself judges nobody: the row is at fault.
  const unsteady = differences(native, again);
  if (unsteady.length > 0) return { ...nothing, verdict: 'unsteady', lines: unsteady };
  const command = [process.execPath, elf, 'run', '-stats'];
  const ours = await runRow(row, command, directory, row.seconds ?? DEFAULT_SECONDS);
  const lines = differences(native, ours);
  const { seconds, instructions } = ours;
  return { row, verdict: lines.length === 0 ? 'equal' : 'different', lines, seconds, instructions };
}

function report({ row, verdict, lines, seconds, instructions }: Judged): void {
  const cost =
    verdict === 'missing' ? '' : `${seconds.toFixed(1)} s, ${(instructions / 1e6).toFixed(1)} million instructions`;
  console.log(`${verdict.padEnd(10)}${row.name.padEnd(28)}${cost}`);
  for (const line of lines) console.log(`            ${line}`);
}

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    options: { only: text, of: text, jobs: text, elf: text, list: flag, packages: flag },
  });
  const packages = values.of?.split(',');
  const rows = CORPUS.filter(
    (row) =>
      (values.only === undefined || values.only.split(',').some((part) => row.name.includes(part))) &&
      (packages === undefined || row.package.split(' ').every((name) => packages.includes(name))),
  );
  if (values.list) for (const row of rows) console.log(`${row.name.padEnd(28)}${row.package}`);
  if (values.packages) console.log([...new Set(rows.flatMap((row) => row.package.split(' ')))].sort().join(' '));
  if (values.list || values.packages) return 0;
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
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs ?? 1) }, (_, number) => worker(number)));
  rmSync(base, { recursive: true, force: true });
  const count = (verdict: Verdict) => judged.filter((each) => each.verdict === verdict).length;
  const slow = judged.filter(({ seconds }) => seconds > SLOW_SECONDS).map(({ row }) => row.name);
  console.log(
    `\n${judged.length} rows: ${count('equal')} equal, ${count('different')} different, ${count('missing')} missing, ${count('unsteady')} unsteady`,
  );
  if (slow.length > 0) console.log(`longer than ${SLOW_SECONDS} s: ${slow.join(', ')}`);
  return count('different') + count('unsteady') > 0 ? 1 : 0;
}

process.exitCode = await main();
