// Changes the rules in binfmt.d directories: a new file for a new rule, single lines of existing files otherwise.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { confRules } from '@elf/exec';
import { DISABLED_MARK, type StoredRule } from './conf-directories.ts';

/** What can be done to a rule. */
export type RuleChange = 'remove' | 'enable' | 'disable';

/**
 * Keeps a registration as a file of its own in the last directory, under a name that hides no file of the others.
 * @returns the file's path, or why the string cannot be kept in a .conf file.
 */
export function keepRule(
  directories: readonly string[],
  name: Uint8Array,
  registration: Uint8Array,
): { file: string } | string {
  const line = Buffer.from(registration).toString('latin1').replace(/\n$/, '');
  if (line.includes('\n')) return 'it contains a line feed, and a .conf file has one registration a line';
  const [read] = confRules(Buffer.from(line, 'latin1'));
  if (read === undefined || Buffer.compare(read.registration, Buffer.from(line, 'latin1')) !== 0) {
    return 'it starts as a comment or has blanks at its ends, which .conf files do not keep';
  }
  const directory = directories[directories.length - 1];
  mkdirSync(directory, { recursive: true });
  const file = join(directory, freeFileName(directories, fileNameOf(name)));
  writeFileSync(file, Buffer.from(`${line}\n`, 'latin1'), { flag: 'wx' });
  return { file };
}

/** Removes a rule's line, or puts the mark of a switched-off rule in front of it, or takes that away. */
export function changeRule({ file, line }: StoredRule, change: RuleChange): void {
  const lines = readFileSync(file, 'latin1').split('\n');
  const text = lines[line - 1].trimStart().replace(DISABLED_MARK, '');
  if (change === 'remove') lines.splice(line - 1, 1);
  else lines[line - 1] = change === 'enable' ? text : `${DISABLED_MARK}${text}`;
  const isEmpty = lines.every((each) => each.trim() === '');
  if (isEmpty) rmSync(file);
  else replaceFile(file, lines.join('\n'));
}

/** Replaces a file at once, so that nobody reads half of it. */
function replaceFile(file: string, content: string): void {
  const beside = join(dirname(file), `.${process.pid}.tmp`);
  writeFileSync(beside, content, 'latin1');
  renameSync(beside, file);
}

function freeFileName(directories: readonly string[], stem: string): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? `${stem}.conf` : `${stem}-${number}.conf`;
    if (!directories.some((directory) => existsSync(join(directory, candidate)))) return candidate;
  }
}

/** Names of rules may hold any byte but a slash; those that make odd file names are spelled in hexadecimal. */
function fileNameOf(name: Uint8Array): string {
  const text = Buffer.from(name).toString('latin1');
  const isPlain = /^[\w][\w.+-]*$/.test(text) && text.length <= 200;
  return isPlain ? text : `rule-${Buffer.from(name.subarray(0, 100)).toString('hex')}`;
}
