// binfmt.d files as systemd-binfmt(8) reads them: one registration a line, comments, and which files of several directories count.

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const TAB = 9;
const SPACE = 32;
const HASH = 0x23;
const SEMICOLON = 0x3b;
const SUFFIX = '.conf';

/** A registration in a file. */
export interface ConfRule {
  /** Line number, from 1. */
  readonly line: number;
  /** The registration string without the blanks around it. */
  readonly registration: Uint8Array;
}

/** Where a file that counts was found. */
export interface ConfFile {
  readonly name: string;
  /** Index of its directory in the list that was given. */
  readonly directory: number;
}

/**
 * The registrations in a file (binfmt.d(5)): blanks around a line do not count; empty lines and lines that start with # or ;
 * are passed over.
 * @example
 * confRules(encodeText('# Java\n:jar:E::jar::/usr/bin/jexec:\n')); // one rule, line 2
 */
export function confRules(content: Uint8Array): ConfRule[] {
  const rules: ConfRule[] = [];
  for (let start = 0, line = 1; start < content.length; line++) {
    const found = content.indexOf(LINE_FEED, start);
    const end = found < 0 ? content.length : found;
    const registration = trimmed(content.subarray(start, end));
    const isRule = registration.length > 0 && registration[0] !== HASH && registration[0] !== SEMICOLON;
    if (isRule) rules.push({ line, registration });
    start = end + 1;
  }
  return rules;
}

/**
 * The files that count, in the order their rules are registered: sorted by name whatever their directory; of files with the
 * same name only the one in the latest directory counts, so an empty file there masks the others. Names that do not end in
 * .conf, and hidden ones, are passed over.
 * @param directories the names in each directory, the least important directory first.
 */
export function confFiles(directories: readonly (readonly string[])[]): ConfFile[] {
  const latest = new Map<string, number>();
  directories.forEach((names, directory) => {
    for (const name of names) if (name.endsWith(SUFFIX) && !name.startsWith('.')) latest.set(name, directory);
  });
  return [...latest].map(([name, directory]) => ({ name, directory })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function trimmed(line: Uint8Array): Uint8Array {
  const isBlank = (byte: number) => byte === SPACE || byte === TAB || byte === CARRIAGE_RETURN;
  let start = 0;
  let end = line.length;
  while (start < end && isBlank(line[start])) start++;
  while (end > start && isBlank(line[end - 1])) end--;
  return line.slice(start, end);
}
