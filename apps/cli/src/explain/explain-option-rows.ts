// The options of `elf explain` as rows, and the command line as one record.
import {
  LOADER_OPTION_ROWS,
  type LoaderRequest,
  misplacedOption,
  namesAskedFor,
  readLoaderRequest,
} from '../loader-options.ts';
import { BINFMT_CONF_OPTION, type OptionMistake, type OptionRow, optionHelp, parseOptions } from '../options.ts';
import { ruleList } from './rule-text.ts';

// biome-ignore format: one row per line
const EXPLAIN_OPTION_ROWS: readonly OptionRow[] = [
  ...LOADER_OPTION_ROWS,
  { name: 'E',              value: 'VAR=VAL', environment: 'ELF_SET_ENV', description: 'set a variable for the program, which has none otherwise', repeatable: true },
  { name: 'env',            value: 'VAR=VAL',                             description: 'the same as -E', repeatable: true },
  BINFMT_CONF_OPTION,
  { name: 'rules',                                                        description: 'print the rules of elf check' },
  { name: 'json',                                                         description: 'print JSON' },
  { name: 'help',                                                         description: 'print this' },
];

export const EXPLAIN_USAGE = `usage: elf explain [options] FILE [ARGUMENT...]
       elf explain RULE

Tells the story of execve for a file, step by step with the names of the kernel's functions, up to the first instruction. Nothing
is executed. A refusal names every rule that the file breaks, the one that decides first. A rule's name instead of a file explains
that rule. Options stand before FILE; what follows it belongs to the program.
Exit status: 0 loaded, 1 refused, 2 usage.

${optionHelp(EXPLAIN_OPTION_ROWS)}`;

/** What is to be explained. */
export interface ExplainRequest extends LoaderRequest {
  readonly environment: readonly string[];
  readonly binfmtDirectories: readonly string[];
  readonly json: boolean;
}

/** The command line understood: a request with a remark about it, text to print, or a mistake. */
export type ExplainCommandLine =
  | { readonly request: ExplainRequest; readonly remark?: string }
  | { readonly print: string }
  | OptionMistake;

/** Reads what follows "explain" on the command line. */
export function readExplainCommandLine(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ExplainCommandLine {
  const parsed = parseOptions(EXPLAIN_OPTION_ROWS, args, environment);
  if ('mistake' in parsed) return parsed;
  const { values } = parsed;
  const print = values.has('help') ? EXPLAIN_USAGE : values.has('rules') ? ruleList() : namesAskedFor(parsed);
  if (print !== undefined) return { print };
  const loader = readLoaderRequest(parsed);
  if ('mistake' in loader) return loader;
  const variables = [...(values.get('E') ?? []), ...(values.get('env') ?? [])];
  const odd = variables.find((pair) => !/^[^=]+=/.test(pair));
  if (odd !== undefined) return { mistake: `-E takes VAR=VAL, not ${odd}` };
  const binfmtDirectories = values.get('binfmt-conf') ?? [];
  return {
    request: { ...loader, environment: variables, binfmtDirectories, json: values.has('json') },
    remark: misplacedOption(EXPLAIN_OPTION_ROWS, loader.programArguments),
  };
}
