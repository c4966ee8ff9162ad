// The results of a score run: the JSON file that a later run continues, and the tables people read.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { RunResult } from './run-case.ts';
import { VERDICTS } from './verdict.ts';

/** Results of one case, by the runner's name. */
export type CaseResults = Record<string, RunResult>;

/** Results by the name of the case, in the order of the list. */
export type ScoreResults = Map<string, CaseResults>;

/** The results a file holds; none if there is no such file. */
export function readResults(file: string | undefined): ScoreResults {
  if (file === undefined || !existsSync(file)) return new Map();
  return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, CaseResults>));
}

export function writeResults(file: string, results: ScoreResults): void {
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(results), null, 1)}\n`);
}

/** Whether our runner does not pass what `other` passes. */
export function isWorseThan(results: CaseResults, ours: string, other: string): boolean {
  return ours in results && results[ours].verdict !== 'PASS' && results[other]?.verdict === 'PASS';
}

/** One row a runner, one column a verdict. */
export function scoreTable(results: ScoreResults, runners: readonly string[]): string {
  const columns = VERDICTS.filter((verdict) =>
    [...results.values()].some((each) => runners.some((runner) => each[runner]?.verdict === verdict)),
  );
  const row = (cells: readonly (string | number)[]) =>
    cells.map((cell, index) => (index === 0 ? String(cell).padEnd(10) : String(cell).padStart(9))).join('');
  const rows = runners.map((runner) => {
    const own = [...results.values()].flatMap((each) => each[runner]?.verdict ?? []);
    return row([runner, own.length, ...columns.map((verdict) => own.filter((each) => each === verdict).length)]);
  });
  return [row(['runner', 'cases', ...columns]), ...rows].join('\n');
}

/** The cases that `ours` does not pass though another runner does, with what ours wrote. */
export function worseCases(results: ScoreResults, ours: string, runners: readonly string[]): string {
  const lines: string[] = [];
  for (const [name, each] of results) {
    const better = runners.filter((runner) => runner !== ours && isWorseThan(each, ours, runner));
    if (better.length === 0) continue;
    lines.push(`${name}: ${each[ours].verdict}, where ${better.join(' and ')} pass`);
    for (const line of each[ours].output.split('\n')) lines.push(`    ${line}`);
  }
  return lines.join('\n');
}
