// What `elf pad` and `elf fix` have in common: IN and OUT on the command line, planning, writing, checking, telling.
import { type Stats, statSync } from 'node:fs';
import { type ByteSource, ParseError } from '@elf/parse';
import { openFileSource } from '@elf/parse/node';
import type { RewritePlan } from '@elf/parse/rewrite';
import { hostErrorText } from '../host-error-text.ts';
import { mistakeText, type OptionRow, optionHelp, parseMixedOptions } from '../options.ts';
import type { TextStreams } from '../readelf/output.ts';
import { writeRewritten } from './write-rewritten.ts';

const EXIT_OK = 0;
const EXIT_REFUSED = 1;
const EXIT_USAGE = 2;

/** What a command decided about a file: a plan with a headline, or sentences that say why there is none. */
export type RewriteDecision =
  | { readonly plan: RewritePlan; readonly headline: string }
  | { readonly reasons: readonly string[] };

/** The answer of a check of the written file. */
export interface RewriteCheck {
  readonly isGood: boolean;
  readonly sentence: string;
}

/** One command. */
export interface RewriteCommand {
  readonly name: string;
  /** Its options that must be given, for the first lines of help: "--phdrs-first ". */
  readonly needed: string;
  /** What the command changes and what it leaves, in paragraphs. */
  readonly explanation: string;
  readonly options: readonly OptionRow[];
  /** A mistake in the options, when there is one. */
  readonly mistake?: (given: ReadonlySet<string>) => string | undefined;
  readonly decide: (source: ByteSource) => RewriteDecision;
  readonly check: (before: ByteSource, after: ByteSource, plan: RewritePlan) => RewriteCheck;
}

/** The option both commands have. */
export const IN_PLACE: OptionRow = {
  name: 'in-place',
  description: 'replace FILE itself',
};
const HELP: OptionRow = { name: 'help', description: 'print this' };

/** Runs a command and returns the exit status: 0 done, 1 not possible for this file, 2 a usage mistake. */
export function runRewriteCommand(command: RewriteCommand, args: readonly string[], io: TextStreams): number {
  const rows = [...command.options, IN_PLACE, HELP];
  const { name, needed } = command;
  const help = `usage: elf ${name} ${needed}IN OUT\n       elf ${name} ${needed}--in-place FILE\n\n${command.explanation}\n${optionHelp(rows)}`;
  const parsed = parseMixedOptions(rows, args, {});
  if ('mistake' in parsed) return usageMistake(command, parsed.mistake, io);
  const { values, rest: files } = parsed;
  const given = new Set(values.keys());
  if (given.has(HELP.name)) {
    io.stdout(help);
    return EXIT_OK;
  }
  const inPlace = given.has(IN_PLACE.name);
  const mistake = command.mistake?.(given) ?? mistakeInFiles(files, inPlace);
  if (mistake !== undefined) return usageMistake(command, mistake, io);
  const [input, output = input] = files;
  try {
    return rewriteFile(command, input, output, inPlace, io);
  } catch (error) {
    io.stderr(`elf ${name}: ${describe(error, input, output)}\n`);
    return EXIT_REFUSED;
  }
}

function usageMistake(command: RewriteCommand, mistake: string, io: TextStreams): number {
  io.stderr(mistakeText(command.name, mistake));
  return EXIT_USAGE;
}

function mistakeInFiles({ length }: readonly string[], inPlace: boolean): string | undefined {
  if (inPlace)
    return length === 1 ? undefined : `--${IN_PLACE.name} takes one file, which it replaces; ${length} were given`;
  return length === 2 ? undefined : `one IN and one OUT are needed, or --${IN_PLACE.name} and one file`;
}

function rewriteFile(
  command: RewriteCommand,
  input: string,
  output: string,
  inPlace: boolean,
  io: TextStreams,
): number {
  const say = (text: string) => io.stderr(`elf ${command.name}: ${text}\n`);
  const status = statSync(input);
  if (!status.isFile()) {
    say(`${input}: not an ordinary file`);
    return EXIT_REFUSED;
  }
  if (!inPlace && isSameFile(status, output)) {
    say(`${output} is the input itself; give another OUT, or --in-place to replace it`);
    return EXIT_REFUSED;
  }
  const source = openFileSource(input);
  try {
    const decision = command.decide(source);
    if ('reasons' in decision) {
      for (const reason of decision.reasons) say(`${input}: ${reason}`);
      return EXIT_REFUSED;
    }
    const { plan, headline } = decision;
    let verdict = '';
    const refused = writeRewritten(source, status, output, plan, (written) => {
      const { isGood, sentence } = command.check(source, written, plan);
      verdict = sentence;
      return isGood ? undefined : `${input}: the result is not what was meant and was removed: ${sentence}`;
    });
    if (refused) {
      say(refused.refusal);
      return EXIT_REFUSED;
    }
    io.stdout(`${output}: ${headline}\n`);
    for (const { offset, length, sentence } of plan.changes) {
      io.stdout(`  at ${offset}, ${length} bytes: ${sentence}\n`);
    }
    io.stdout(`  checked: ${verdict}\n`);
    return EXIT_OK;
  } finally {
    source.close();
  }
}

function isSameFile(input: Stats, output: string): boolean {
  const other = statSync(output, { throwIfNoEntry: false });
  return other !== undefined && other.dev === input.dev && other.ino === input.ino;
}

/** A sentence for what the file or the host did; anything else is a mistake of ours and goes on. */
function describe(error: unknown, input: string, output: string): string {
  if (ParseError.isInstance(error)) return `${input}: at offset ${error.offset}: ${error.message}`;
  if (!(error instanceof Error && 'syscall' in error)) throw error;
  const { path } = error as { path?: string };
  // Without a path it is a full disk or the like, and the output's; its temporary name means nothing to people.
  return path === input ? `${input}: ${hostErrorText(error)}` : `${output} cannot be written: ${hostErrorText(error)}`;
}
