// A verdict in one word, and the grid of verdicts of one file: loaders down, pages across.
import type { CheckReport, LoaderVerdict } from '@elf/exec/check';

/** "16K" for people, as page sizes are called. */
export function pageText(bytes: number): string {
  return bytes < 1 << 20 ? `${bytes / 1024}K` : `${bytes / (1 << 20)}M`;
}

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
export function verdictSummary(report: CheckReport): string {
  const serious = new Set(
    report.findings
      .filter(({ severity }) => severity !== 'note')
      .map(({ loader, hostPageBytes }) => `${loader} ${hostPageBytes}`),
  );
  const parts = (['refused', 'damaged'] as const).map((wanted) => {
    const who = verdictGrid(report).rows.flatMap(({ loader, cells }) => {
      const pages = cells
        .filter(({ verdict, hostPageBytes }) => verdict === wanted && serious.has(`${loader} ${hostPageBytes}`))
        .map(({ hostPageBytes }) => pageText(hostPageBytes));
      return pages.length === 0 ? [] : [`${loader} ${pages.join('/')}`];
    });
    return who.length === 0 ? '' : `${wanted}: ${who.join(', ')}`;
  });
  return parts.filter((part) => part !== '').join('; ');
}
