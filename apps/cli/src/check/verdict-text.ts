// A verdict in one word, and the grid of verdicts of one file: loaders down, pages across.
import type { CheckReport, LoaderVerdict } from '@elf/exec/check';
import { pageText } from '../report-numbers.ts';

/** What stands in a cell. */
export function verdictText({ verdict, differingBytes }: LoaderVerdict): string {
  if (verdict === 'damaged') return differingBytes === undefined ? 'damaged' : `${differingBytes} bytes wrong`;
  return verdict === 'n/a' ? '-' : verdict;
}

/** One line of the grid. */
export interface VerdictRow {
  readonly loader: string;
  readonly cells: readonly LoaderVerdict[];
}

/** The grid without loaders that have no opinion at any page size. */
export function verdictGrid({ verdicts }: CheckReport): { pages: readonly number[]; rows: readonly VerdictRow[] } {
  const pages = [...new Set(verdicts.map(({ hostPageBytes }) => hostPageBytes))];
  const loaders = [...new Set(verdicts.map(({ loader }) => loader))];
  const rows = loaders
    .map((loader) => ({ loader, cells: verdicts.filter((verdict) => verdict.loader === loader) }))
    .filter(({ cells }) => cells.some(({ verdict }) => verdict !== 'n/a'));
  return { pages, rows };
}

/** The grid in half a line: who refuses and who damages, pages of one loader together. What is only noted is left out. */
export function verdictSummary({ verdicts, findings }: CheckReport): string {
  if (findings.every(({ severity }) => severity === 'note')) return '';
  const isSerious = (verdict: LoaderVerdict) =>
    findings.some(
      ({ severity, loader, hostPageBytes }) =>
        severity !== 'note' && loader === verdict.loader && hostPageBytes === verdict.hostPageBytes,
    );
  const serious = verdicts.filter((row) => (row.verdict === 'refused' || row.verdict === 'damaged') && isSerious(row));
  const parts = (['refused', 'damaged'] as const).flatMap((wanted) => {
    const pages = new Map<string, string[]>();
    for (const { verdict, loader, hostPageBytes } of serious)
      if (verdict === wanted) pages.set(loader, [...(pages.get(loader) ?? []), pageText(hostPageBytes)]);
    const who = [...pages].map(([loader, list]) => `${loader} ${list.join('/')}`);
    return who.length === 0 ? [] : [`${wanted}: ${who.join(', ')}`];
  });
  return parts.join('; ');
}
