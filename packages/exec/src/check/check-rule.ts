// One rule of `elf check` as documentation: what it looks at, why it exists, how to fix what it finds.
import type { Severity } from './finding.ts';

/** What a rule's `fix` may speak of. All are facts of the finding; a rule uses the ones it needs. */
export interface FixFacts {
  /** Host page in question, in bytes. */
  readonly hostPageBytes?: number;
  /** Loader profile or page policy in question. */
  readonly loader?: string;
  /** Path of the file as the user wrote it, for command lines. */
  readonly path?: string;
}

/**
 * A rule. Ids are stable: `ELF-PG-` page size, `ELF-LD-` loader, `ELF-AN-` Android, `ELF-SG-` segments, `ELF-RT-` run-time libraries,
 * `ELF-IM-` the file itself.
 */
export interface CheckRule {
  readonly id: string;
  /** Severity when the loader or page size in question was asked for by name, or is the file's own; otherwise one step lower. */
  readonly severity: Severity;
  readonly title: string;
  /** What is checked. */
  readonly checks: string;
  /** Which loaders refuse or damage such a file. */
  readonly refusedBy: string;
  /** Why the rule exists. */
  readonly explanation: string;
  /** What to do, in one or two sentences with the command to run. */
  readonly fix: (facts: FixFacts) => string;
  /** A short example of a finding. */
  readonly example: string;
  /** Manual pages, source files, issues. */
  readonly sources: readonly string[];
}

/** `-z,max-page-size=N` for the page in question; 64 KiB, which fits every Linux, when none is. */
export function linkerFlag({ hostPageBytes }: FixFacts): string {
  return `-z,max-page-size=${hostPageBytes ?? 65_536}`;
}
