// Results of `elf check` for a terminal: one file as a table with findings, many files one line each with the findings that count.
import type { CheckReport, Finding, LoaderVerdict, Severity } from '@elf/exec/check';
import Table from 'cli-table3';
import { createColors } from 'picocolors';
import { printable } from '../readelf/printable-text.ts';
import { counted, hex, pageText } from '../report-numbers.ts';
import {
  type CheckedFile,
  type CheckSummary,
  counts,
  type ReportFormat,
  tally,
  type UnreadableInput,
} from './check-result.ts';
import { type FindingGroup, groupFindings } from './finding-groups.ts';
import { verdictGrid, verdictSummary, verdictText } from './verdict-text.ts';

/** How to print. */
export interface TextOptions {
  readonly isColored: boolean;
  /** One word on the command line: if it is a file, everything is shown. Otherwise one line a file and the findings that count for --fail-on. */
  readonly isSingle: boolean;
  readonly failOn: Severity | 'never';
}

type Colors = ReturnType<typeof createColors>;

/** The format. */
export function textReport({ isColored, isSingle, failOn }: TextOptions): ReportFormat {
  const colors = createColors(isColored);
  const counting = (findings: readonly Finding[]) =>
    findings.filter((finding) => counts(finding, failOn === 'never' ? 'error' : failOn));
  let isFull = false;
  let isAdvised = true;
  return {
    begin: () => '',
    file(checked) {
      isFull = isSingle && checked.isNamed;
      const groups = groupFindings(isFull ? checked.report.findings : counting(checked.report.findings));
      const head = isFull ? fullHead(checked, colors) : lineHead(checked, colors);
      if (!isFull && groups.length > 0) isAdvised = false;
      return head + groups.map((group, index) => findingText(group, colors, isFull, groups[index + 1])).join('');
    },
    unreadable: ({ path, message }: UnreadableInput) =>
      `${printable(path)}: ${colors.red('cannot be read')}: ${printable(message)}\n`,
    end: (summary: CheckSummary) =>
      isFull && summary.unreadable === 0 ? '' : summaryText(summary, colors) + (isAdvised ? '' : ADVICE),
  };
}

/** Where findings are one line each, without their fix. */
const ADVICE = 'elf explain RULE says why a rule exists and what fixes it; elf check FILE shows all of one file.\n';

function fullHead({ path, report }: CheckedFile, colors: Colors): string {
  const title = `${colors.bold(printable(path))}: ${printable(report.description)}\n`;
  const runtimes = report.runtimes.map(({ name, largestPageBytes }) =>
    largestPageBytes === undefined ? name : `${name} (pages up to ${pageText(largestPageBytes)})`,
  );
  const libraries = runtimes.length === 0 ? '' : `contains ${runtimes.join(', ')}\n`;
  const { pages, rows } = verdictGrid(report);
  if (rows.length === 0) return `${title}${libraries}${reasonOf(report)}\n`;
  const table = new Table({
    head: ['loader', ...pages.map((page) => `${pageText(page)} pages`)],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: BORDERLESS,
  });
  for (const { loader, cells } of rows) table.push([loader, ...cells.map((cell) => coloredVerdict(cell, colors))]);
  return `${title}${libraries}\n${withoutTrailingBlanks(table.toString())}\n\n`;
}

// biome-ignore format: one row per side
const BORDERLESS = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '',
  bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '',
};

function withoutTrailingBlanks(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A file nobody has an opinion about: why. */
function reasonOf({ kind, verdicts }: CheckReport): string {
  if (kind === 'unknown') return 'no verdict: it is neither ELF nor a script nor a Plan 9 program';
  const reasons = [...new Set(verdicts.map(({ reason }) => reason).filter((reason) => reason !== undefined))];
  return reasons.length === 0 ? 'no verdict' : `no verdict: ${reasons.join('; ')}`;
}

function coloredVerdict(cell: LoaderVerdict, colors: Colors): string {
  const text = verdictText(cell);
  if (cell.verdict === 'loads') return colors.green(text);
  if (cell.verdict === 'damaged') return colors.red(text);
  return cell.verdict === 'refused' ? colors.yellow(text) : colors.dim(text);
}

function lineHead({ path, report }: CheckedFile, colors: Colors): string {
  const { errors, warnings } = tally(report.findings);
  const verdict =
    errors > 0
      ? colors.red(counted(errors, 'error'))
      : warnings > 0
        ? colors.yellow(counted(warnings, 'warning'))
        : colors.green('ok');
  const summary = verdictSummary(report);
  return `${printable(path)}: ${verdict}${summary === '' ? '' : ` (${summary})`}\n`;
}

/** @param next the finding that follows: advice that is the same for both is given once, behind the last. */
function findingText({ finding, scope }: FindingGroup, colors: Colors, isFull: boolean, next?: FindingGroup): string {
  const { rule, severity, message, fix, evidence } = finding;
  const paint = severity === 'error' ? colors.red : severity === 'warning' ? colors.yellow : colors.cyan;
  const margin = isFull ? '' : '  ';
  const head = `${margin}${paint(severity)} ${colors.bold(rule)}${scope === '' ? '' : ` (${scope})`}: ${printable(message)}\n`;
  if (!isFull) return head;
  const excerpts = (evidence.ranges ?? [])
    .slice(0, MOST_EXCERPTS)
    .flatMap(({ firstDifference, before, after }) =>
      firstDifference === undefined
        ? []
        : [
            `  ${hex(firstDifference)} should be ${before}\n  ${' '.repeat(hex(firstDifference).length)}        is ${after || 'not mapped'}\n`,
          ],
    );
  const symbols =
    evidence.symbols === undefined
      ? ''
      : `  symbols: ${evidence.symbols.slice(0, MOST_SYMBOLS).map(printable).join(', ')}\n`;
  const isLast = next === undefined || next.finding.rule !== rule || next.finding.fix !== fix;
  return `${head}${excerpts.join('')}${symbols}${isLast ? `  ${colors.dim('fix:')} ${fix}\n` : ''}`;
}

const MOST_EXCERPTS = 4;
const MOST_SYMBOLS = 8;

function summaryText({ files, skipped, unreadable, errors, warnings, notes }: CheckSummary, colors: Colors): string {
  const rest = [
    skipped === 0 ? '' : `${counted(skipped, 'other file')} passed over`,
    unreadable === 0 ? '' : colors.red(`${unreadable} unreadable`),
  ].filter((part) => part !== '');
  return `\n${counted(files, 'file')} checked: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}, ${counted(notes, 'note')}${rest.length === 0 ? '' : `; ${rest.join(', ')}`}\n`;
}
