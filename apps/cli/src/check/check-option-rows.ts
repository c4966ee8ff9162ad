// The options of `elf check` as rows, and the command line as one record.
import { findCheckLoader, findCheckRule, type Severity } from '@elf/exec/check';
import { pageBytes } from '../host-page-size.ts';
import { type OptionRow, optionHelp, parseMixedOptions } from '../options.ts';

// biome-ignore format: one row per line
export const CHECK_OPTION_ROWS: readonly OptionRow[] = [
  { name: 'loader',         value: 'name',     environment: 'ELF_LOADER',         description: 'ask this loader profile or page policy only; its refusals are errors then', repeatable: true },
  { name: 'host-page-size', value: 'sizes',    environment: 'ELF_HOST_PAGE_SIZE', description: 'ask about these pages only, such as 4k,16k,64k; damage on them is an error then' },
  { name: 'format',         value: 'name',     environment: 'ELF_CHECK_FORMAT',   description: 'text, json, jsonl, sarif, github or markdown' },
  { name: 'fail-on',        value: 'severity', environment: 'ELF_FAIL_ON',        description: 'exit with 1 from this severity on: error (default), warning, note or never' },
  { name: 'rule',           value: 'id',                                          description: 'report this rule only', repeatable: true },
  { name: 'ignore',         value: 'id',                                          description: 'do not report this rule', repeatable: true },
  { name: 'scan',           value: 'when',     environment: 'ELF_CHECK_SCAN',     description: 'look into the data for run-time libraries: named (files named here, the default), always or never' },
  { name: 'color',          value: 'when',                                        description: 'auto (default), always or never; NO_COLOR and FORCE_COLOR count too' },
  { name: 'list-loaders',                                                         description: 'print the loaders that can be asked' },
  { name: 'help',                                                                 description: 'print this' },
];

export const CHECK_FORMATS = ['text', 'json', 'jsonl', 'sarif', 'github', 'markdown'] as const;
export type CheckFormat = (typeof CHECK_FORMATS)[number];
const FAIL_ON = ['error', 'warning', 'note', 'never'] as const;
const SCAN = ['named', 'always', 'never'] as const;
const COLOR = ['auto', 'always', 'never'] as const;

/** A parsed command line. */
export interface CheckRequest {
  readonly loaders: readonly string[] | undefined;
  readonly hostPageBytes: readonly number[] | undefined;
  readonly format: CheckFormat;
  readonly failOn: Severity | 'never';
  readonly rules: readonly string[] | undefined;
  readonly ignored: readonly string[];
  readonly scan: (typeof SCAN)[number];
  readonly color: (typeof COLOR)[number];
  readonly action: 'check' | 'help' | 'list-loaders';
  readonly paths: readonly string[];
}

export const CHECK_USAGE = `usage: elf check [options] FILE|DIRECTORY|APK|AAB|ZIP|TAR|TGZ|DEB|AR...

Says which loader loads each file, which refuses it and by which rule, and which bytes are damaged on hosts with larger pages.
Exit status: 0 nothing found, 1 findings at or above --fail-on, 2 usage or unreadable input.

${optionHelp(CHECK_OPTION_ROWS)}
Directories are searched for ELF files; links in them are not followed, Android packages in them are opened. Files found there or in
archives are checked against kernels and dynamic linkers with the pages their machine has; --loader and --host-page-size ask for more.
elf explain --rules lists the rules, elf explain RULE documents one.
`;

/** The request, or a sentence about a mistake. Options may stand before, between and behind the files. */
export function readCheckRequest(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): CheckRequest | string {
  const parsed = parseMixedOptions(CHECK_OPTION_ROWS, args, environment);
  return 'mistake' in parsed ? parsed.mistake : requestOf(parsed.values, parsed.rest);
}

function requestOf(values: ReadonlyMap<string, readonly string[]>, paths: readonly string[]): CheckRequest | string {
  const last = (name: string, otherwise: string) => values.get(name)?.at(-1) ?? otherwise;
  const words = (name: string) =>
    values
      .get(name)
      ?.flatMap((list) => list.split(','))
      .filter((word) => word !== '');
  const loaders = words('loader');
  const rules = words('rule')?.map((id) => id.toUpperCase());
  const ignored = (words('ignore') ?? []).map((id) => id.toUpperCase());
  const pages = words('host-page-size')?.map(pageBytes);
  const format = oneOf(CHECK_FORMATS, last('format', 'text'));
  const failOn = oneOf(FAIL_ON, last('fail-on', 'error'));
  const scan = oneOf(SCAN, last('scan', 'named'));
  const color = oneOf(COLOR, last('color', 'auto'));
  const action = values.has('help') ? 'help' : values.has('list-loaders') ? 'list-loaders' : 'check';
  const unknownLoader = loaders?.find((name) => findCheckLoader(name) === undefined);
  const unknownRule = [...(rules ?? []), ...ignored].find((id) => findCheckRule(id) === undefined);
  if (action === 'check') {
    if (unknownLoader !== undefined) return `there is no loader ${unknownLoader}; elf check --list-loaders shows them`;
    if (unknownRule !== undefined) return `there is no rule ${unknownRule}; elf explain --rules shows them`;
    if (pages?.includes(undefined)) return `${last('host-page-size', '')} is no list of page sizes such as 4k,16k,64k`;
    if (paths.length === 0) return 'no file given';
  }
  if (format === undefined) return `there is no format ${last('format', '')}; known: ${CHECK_FORMATS.join(', ')}`;
  if (failOn === undefined) return `--fail-on takes ${FAIL_ON.join(', ')}, not ${last('fail-on', '')}`;
  if (scan === undefined) return `--scan takes ${SCAN.join(', ')}, not ${last('scan', '')}`;
  if (color === undefined) return `--color takes ${COLOR.join(', ')}, not ${last('color', '')}`;
  const hostPageBytes = pages?.filter((bytes) => bytes !== undefined);
  return { loaders, hostPageBytes, format, failOn, rules, ignored, scan, color, action, paths };
}

function oneOf<T extends string>(known: readonly T[], word: string): T | undefined {
  return known.find((candidate) => candidate === word);
}
