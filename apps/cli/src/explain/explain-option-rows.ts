// The options of `elf explain` as rows, and the command line as one record.
import { findLoaderProfile, LOADER_PROFILES, type LoaderProfile } from '@elf/exec';
import { findPagePolicy, PAGE_POLICIES, type PagePolicy } from '@elf/pagesize';
import { pageBytes } from '../host-page-size.ts';
import { BINFMT_CONF_OPTION, type OptionRow, optionHelp, type ParsedOptions, parseOptions } from '../options.ts';

// biome-ignore format: one row per line
const EXPLAIN_OPTION_ROWS: readonly OptionRow[] = [
  { name: 'profile',        value: 'name',    environment: 'ELF_PROFILE',        description: 'whose execve: a loader profile such as linux-5.4 or freebsd-linuxulator, or "list"' },
  { name: 'host-page-size', value: 'size',    environment: 'ELF_HOST_PAGE_SIZE', description: "the host's page: 4k (default), 16k, 64k" },
  { name: 'policy',         value: 'name',    environment: 'ELF_PAGE_POLICY',    description: 'an emulator maps the segments by this page policy, or "list"' },
  { name: 'aslr',           value: 'seed',    environment: 'ELF_ASLR_SEED',      description: 'randomise the layout as Linux does, from this number' },
  { name: 'E',              value: 'VAR=VAL', environment: 'ELF_SET_ENV',        description: 'set a variable for the program, which has none otherwise', repeatable: true },
  { name: 'env',            value: 'VAR=VAL',                                    description: 'the same as -E', repeatable: true },
  BINFMT_CONF_OPTION,
  { name: 'json',                                                                description: 'print JSON' },
  { name: 'help',                                                                description: 'print this' },
];

export const EXPLAIN_USAGE = `usage: elf explain [options] FILE [ARGUMENT...]
       elf explain RULE

Tells the story of execve for a file, step by step with the names of the kernel's functions, up to the first instruction. Nothing
is executed. A refusal names every rule that the file breaks, the one that decides first. A rule's name instead of a file explains
that rule.
Exit status: 0 loaded, 1 refused, 2 usage.

${optionHelp(EXPLAIN_OPTION_ROWS)}`;

/** What is to be explained. */
export interface ExplainRequest {
  readonly program: string;
  readonly programArguments: readonly string[];
  readonly environment: readonly string[];
  readonly profile: LoaderProfile;
  /** Absent: the kernel of the profile maps. */
  readonly policy: PagePolicy | undefined;
  readonly hostPageBytes: number;
  readonly seed: number | undefined;
  readonly binfmtDirectories: readonly string[];
  readonly json: boolean;
}

/** The command line understood: a request, text to print, or a mistake. */
export type ExplainCommandLine =
  | { readonly request: ExplainRequest }
  | { readonly print: string }
  | { readonly mistake: string };

/** Reads what follows "explain" on the command line. */
export function readExplainCommandLine(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ExplainCommandLine {
  const parsed = parseOptions(EXPLAIN_OPTION_ROWS, args, environment);
  if ('mistake' in parsed) return parsed;
  const option = (name: string) => parsed.values.get(name)?.at(-1);
  if (option('help') !== undefined) return { print: EXPLAIN_USAGE };
  if (option('policy') === 'list') return { print: nameTable(PAGE_POLICIES.map(({ name, title }) => [name, title])) };
  if (option('profile') === 'list')
    return { print: nameTable(LOADER_PROFILES.map(({ name, description }) => [name, description])) };
  return requestOf(parsed, option);
}

function requestOf({ rest, values }: ParsedOptions, option: (name: string) => string | undefined): ExplainCommandLine {
  const [policyName, profileName] = [option('policy'), option('profile') ?? LOADER_PROFILES[0].name];
  const policy = policyName === undefined ? undefined : findPagePolicy(policyName);
  if (policyName !== undefined && policy === undefined)
    return { mistake: `there is no page policy ${policyName}; --policy list shows them` };
  const profile = findLoaderProfile(profileName);
  if (profile === undefined) return { mistake: `there is no loader profile ${profileName}; --profile list shows them` };
  const pageText = option('host-page-size');
  const hostPageBytes = pageText === undefined ? profile.hostPageBytes : pageBytes(pageText);
  if (hostPageBytes === undefined) return { mistake: `${pageText} is no page size such as 4k, 16k or 64k` };
  const seedText = option('aslr');
  if (seedText !== undefined && !/^\d{1,10}$/.test(seedText))
    return { mistake: `--aslr takes a number of up to ten digits, not ${seedText}` };
  const variables = [...(values.get('E') ?? []), ...(values.get('env') ?? [])];
  const odd = variables.find((pair) => !/^[^=]+=/.test(pair));
  if (odd !== undefined) return { mistake: `-E takes VAR=VAL, not ${odd}` };
  if (rest.length === 0) return { mistake: 'no file given' };
  return {
    request: {
      program: rest[0],
      programArguments: rest.slice(1),
      environment: variables,
      profile,
      policy,
      hostPageBytes,
      seed: seedText === undefined ? undefined : Number(seedText),
      binfmtDirectories: values.get('binfmt-conf') ?? [],
      json: option('json') !== undefined,
    },
  };
}

function nameTable(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join('');
}
