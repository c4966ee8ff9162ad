// The options of `elf maps` as rows, and the command line as one record.
import { findLoaderProfile, LOADER_PROFILES, type LoaderProfile } from '@elf/exec';
import { findPagePolicy, PAGE_POLICIES, type PagePolicy } from '@elf/pagesize';
import { pageBytes } from '../host-page-size.ts';
import { type OptionRow, optionHelp, type ParsedOptions, parseOptions } from '../options.ts';

// biome-ignore format: one row per line
const MAPS_OPTION_ROWS: readonly OptionRow[] = [
  { name: 'host-page-size', value: 'size', environment: 'ELF_HOST_PAGE_SIZE', description: "the host's page: 4k (default), 16k, 64k" },
  { name: 'policy',         value: 'name', environment: 'ELF_PAGE_POLICY',    description: 'who maps the segments: a page policy, "linux" (default), or "list"' },
  { name: 'profile',        value: 'name', environment: 'ELF_PROFILE',        description: 'whose execve: a loader profile, or "list"' },
  { name: 'aslr',           value: 'seed', environment: 'ELF_ASLR_SEED',      description: 'randomise the layout as Linux does, from this number' },
  { name: 'json',                                                             description: 'print JSON' },
  { name: 'svg',            value: 'file',                                    description: 'draw file offsets against addresses into this file' },
  { name: 'help',                                                             description: 'print this' },
];

export const MAPS_USAGE = `usage: elf maps [options] FILE [ARGUMENT...]

Prints /proc/PID/maps as it will be at the program's first instruction. With a page policy, bytes that it takes from the wrong
place and permissions that it changes stand below the line they are in, compared with Linux on 4 KiB pages.
Exit status: 0 loaded, 1 refused, 2 usage.

${optionHelp(MAPS_OPTION_ROWS)}`;

/** What is to be shown. */
export interface MapsRequest {
  readonly program: string;
  readonly programArguments: readonly string[];
  readonly profile: LoaderProfile;
  readonly policy: PagePolicy;
  readonly hostPageBytes: number;
  readonly seed: number | undefined;
  readonly json: boolean;
  readonly svgFile: string | undefined;
  /** Policy or page were chosen: the result deserves a summary. */
  readonly isComparison: boolean;
}

/** The command line understood: a request, text to print, or a mistake. */
export type MapsCommandLine =
  | { readonly request: MapsRequest }
  | { readonly print: string }
  | { readonly mistake: string };

/** Reads what follows "maps" on the command line. */
export function readMapsCommandLine(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): MapsCommandLine {
  const parsed = parseOptions(MAPS_OPTION_ROWS, args, environment);
  if ('mistake' in parsed) return parsed;
  const option = (name: string) => parsed.values.get(name)?.at(-1);
  if (option('help') !== undefined) return { print: MAPS_USAGE };
  if (option('policy') === 'list') return { print: nameTable(PAGE_POLICIES.map(({ name, title }) => [name, title])) };
  if (option('profile') === 'list')
    return { print: nameTable(LOADER_PROFILES.map(({ name, description }) => [name, description])) };
  return requestOf(parsed, option);
}

function requestOf({ rest }: ParsedOptions, option: (name: string) => string | undefined): MapsCommandLine {
  const [policyName, profileName] = [option('policy') ?? 'linux', option('profile') ?? LOADER_PROFILES[0].name];
  const policy = findPagePolicy(policyName);
  if (policy === undefined) return { mistake: `there is no page policy ${policyName}; --policy list shows them` };
  const profile = findLoaderProfile(profileName);
  if (profile === undefined) return { mistake: `there is no loader profile ${profileName}; --profile list shows them` };
  const pageText = option('host-page-size');
  const hostPageBytes = pageText === undefined ? profile.hostPageBytes : pageBytes(pageText);
  if (hostPageBytes === undefined) return { mistake: `${pageText} is no page size such as 4k, 16k or 64k` };
  const seedText = option('aslr');
  if (seedText !== undefined && !/^\d{1,10}$/.test(seedText))
    return { mistake: `--aslr takes a number of up to ten digits, not ${seedText}` };
  if (rest.length === 0) return { mistake: 'no file given' };
  return {
    request: {
      program: rest[0],
      programArguments: rest.slice(1),
      profile,
      policy,
      hostPageBytes,
      seed: seedText === undefined ? undefined : Number(seedText),
      json: option('json') !== undefined,
      svgFile: option('svg'),
      isComparison: option('policy') !== undefined || pageText !== undefined,
    },
  };
}

function nameTable(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join('');
}
