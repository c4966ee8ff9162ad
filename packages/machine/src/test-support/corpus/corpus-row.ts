// One use of a program: what is run, natively and in the emulator, and what the two must agree about.

/** A row of the corpus. */
export interface CorpusRow {
  /** Unique; what `--only` selects by. */
  readonly name: string;
  /** Debian packages that bring the program. */
  readonly package: string;
  /** Commands that must exist for the row to run; the first word of the name when absent. */
  readonly needs?: readonly string[];
  /** A script for `sh -c`, which runs in the emulator too. */
  readonly script: string;
  readonly stdin?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Seconds the emulator gets; 120 when absent. */
  readonly seconds?: number;
}

/** What tables of rows are written with. */
export function row(
  name: string,
  packages: string,
  script: string,
  more: Omit<CorpusRow, 'name' | 'package' | 'script'> = {},
): CorpusRow {
  return { name, package: packages, script, ...more };
}
