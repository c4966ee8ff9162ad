// Lists binfmt_misc rules: a table for people, records for programs, or the text the kernel's own file has.
import { entryText, flagLetters, type MiscEntry } from '@elf/exec';
import type { LoadedRule } from './load-rules.ts';

/** Version of the JSON; raised when a field changes its meaning. */
const JSON_SCHEMA = 1;

/** A rule of the table and the line it comes from. */
export interface ListedRule {
  readonly entry: MiscEntry;
  readonly source: LoadedRule;
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');
const hexText = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** One line a rule under a heading, in the order they are asked. */
export function ruleTable(rules: readonly ListedRule[]): string {
  const heading = ['NAME', 'STATE', 'FILES', 'INTERPRETER', 'FLAGS', 'FROM'];
  const rows = rules.map(({ entry, source }) => [
    text(entry.name),
    entry.isEnabled ? 'enabled' : 'disabled',
    filesText(entry),
    text(entry.interpreter),
    flagLetters(entry.flags) || '-',
    `${source.file}:${source.line}`,
  ]);
  const widths = heading.map((title, column) =>
    Math.max(...[heading, ...rows].map((row) => row[column].length, title)),
  );
  return [heading, ...rows]
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** What the kernel would print for one rule. */
export function kernelText({ entry }: ListedRule): string {
  return text(entryText(entry));
}

/** All rules as JSON, magic and mask in hexadecimal. */
export function ruleJson(rules: readonly ListedRule[]): string {
  const records = rules.map(({ entry, source }) => ({
    name: text(entry.name),
    enabled: entry.isEnabled,
    type: entry.kind,
    ...(entry.kind === 'extension'
      ? { extension: text(entry.magic) }
      : { offset: entry.offset, magic: hexText(entry.magic), mask: entry.mask && hexText(entry.mask) }),
    interpreter: text(entry.interpreter),
    flags: flagLetters(entry.flags),
    file: source.file,
    line: source.line,
  }));
  return `${JSON.stringify({ schema: JSON_SCHEMA, rules: records }, undefined, 2)}\n`;
}

function filesText({ kind, magic, mask, offset }: MiscEntry): string {
  if (kind === 'extension') return `.${text(magic)}`;
  return `${hexText(magic)}${mask === undefined ? '' : `/${hexText(mask)}`}${offset === 0 ? '' : ` at ${offset}`}`;
}
