// What the formats of `elf check` print: reports of files as they come, messages, and a summary at the end.
import type { CheckReport, Finding, Severity } from '@elf/exec/check';

/** One checked file. `report.findings` holds those that --rule and --ignore let through. */
export interface CheckedFile {
  readonly path: string;
  /** The file on disk, and the path inside it for members of archives. */
  readonly file: string;
  readonly member?: string;
  /** Given on the command line, not found in a directory or an archive. */
  readonly isNamed: boolean;
  readonly bytes: number;
  readonly report: CheckReport;
}

/** An input that could not be read. */
export interface UnreadableInput {
  readonly path: string;
  readonly message: string;
}

/** Totals of a run. */
export interface CheckSummary {
  readonly files: number;
  readonly skipped: number;
  readonly unreadable: number;
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
  /** Exit status of the command. */
  readonly status: number;
}

/** A way to print results. Text is returned in pieces, in order. */
export interface ReportFormat {
  begin(): string;
  file(checked: CheckedFile): string;
  unreadable(input: UnreadableInput): string;
  end(summary: CheckSummary): string;
}

const RANK: Readonly<Record<Severity | 'never', number>> = { note: 1, warning: 2, error: 3, never: 4 };

/** Whether a finding counts for --fail-on. */
export function counts(finding: Finding, failOn: Severity | 'never'): boolean {
  return RANK[finding.severity] >= RANK[failOn];
}

/** Counts findings of each severity. */
export function tally(findings: readonly Finding[]): { errors: number; warnings: number; notes: number } {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  return { errors: count('error'), warnings: count('warning'), notes: count('note') };
}
