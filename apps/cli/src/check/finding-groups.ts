// Findings for people: those that say the same of several loaders and page sizes become one.
import { CHECK_RULES, type Finding } from '@elf/exec/check';
import { pageText } from '../report-numbers.ts';

/** Findings with one rule, one message and one severity. */
export interface FindingGroup {
  /** The first of them. */
  readonly finding: Finding;
  /** "qemu-3.1-8.0, latx-pre304 16K": who says so, empty when it is true of the file alone. */
  readonly scope: string;
}

const ORDER = { error: 0, warning: 1, note: 2 } as const;

/** Groups in order of severity, within one severity in the order found. */
export function groupFindings(findings: readonly Finding[]): FindingGroup[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${finding.severity}|${finding.rule}|${finding.message}`;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()]
    .map((group) => ({ finding: group[0], scope: scopeOf(group) }))
    .sort((a, b) => ORDER[a.finding.severity] - ORDER[b.finding.severity] || rank(a) - rank(b));
}

/** Findings of one rule together, rules in the order of their page. */
function rank({ finding }: FindingGroup): number {
  return (
    CHECK_RULES.findIndex(({ id }) => id === finding.rule) * PAGES + PAGE_ORDER.indexOf(finding.hostPageBytes ?? 0)
  );
}

const PAGE_ORDER = [0, 4096, 16384, 65536];
const PAGES = PAGE_ORDER.length + 1;

function scopeOf(group: readonly Finding[]): string {
  const byPage = new Map<string, string[]>();
  for (const { loader, hostPageBytes } of group) {
    if (loader === undefined) continue;
    const page = hostPageBytes === undefined ? '' : pageText(hostPageBytes);
    byPage.set(page, [...(byPage.get(page) ?? []), loader]);
  }
  return [...byPage]
    .map(([page, loaders]) => `${[...new Set(loaders)].join(', ')}${page === '' ? '' : ` ${page}`}`)
    .join('; ');
}
