// The options that `elf run`, `elf explain` and `elf maps` share: whose execve, on which pages, by which policy, with which random layout.
import { findLoaderProfile, LOADER_PROFILES, type LoaderProfile } from '@elf/exec';
import { findPagePolicy, PAGE_POLICIES, type PagePolicy } from '@elf/pagesize';
import { pageBytes } from './host-page-size.ts';
import { nameTable, type OptionMistake, type OptionRow, type ParsedOptions } from './options.ts';

// biome-ignore format: one row per line
export const LOADER_OPTION_ROWS: readonly OptionRow[] = [
  { name: 'profile',        value: 'name', environment: 'ELF_PROFILE',        description: 'whose execve: a loader profile such as linux-5.4 or freebsd-linuxulator, or "list"' },
  { name: 'host-page-size', value: 'size', environment: 'ELF_HOST_PAGE_SIZE', description: "the host's page: 4k (default), 16k, 64k" },
  { name: 'policy',         value: 'name', environment: 'ELF_PAGE_POLICY',    description: 'an emulator maps the segments by this page policy, or "list"' },
  { name: 'aslr',           value: 'seed', environment: 'ELF_ASLR_SEED',      description: 'randomise the layout as Linux does, from this number' },
];

/** Who loads, and how. */
export interface LoaderChoice {
  readonly profile: LoaderProfile;
  /** Absent: the kernel of the profile maps. */
  readonly policy: PagePolicy | undefined;
  readonly hostPageBytes: number;
  readonly seed: number | undefined;
}

/** The program and who loads it. */
export interface LoaderRequest extends LoaderChoice {
  readonly program: string;
  readonly programArguments: readonly string[];
}

/** The list that "list" as the name of a policy or profile asks for, if any. */
export function namesAskedFor({ values }: ParsedOptions): string | undefined {
  const isList = (option: string) => values.get(option)?.at(-1) === 'list';
  if (isList('policy')) return nameTable(PAGE_POLICIES.map(({ name, title }) => [name, title]));
  if (isList('profile')) return nameTable(LOADER_PROFILES.map(({ name, description }) => [name, description]));
  return undefined;
}

/** Reads the shared options, the file and its arguments. */
export function readLoaderRequest(parsed: ParsedOptions): LoaderRequest | OptionMistake {
  const choice = readLoaderChoice(parsed);
  if ('mistake' in choice) return choice;
  const [program, ...programArguments] = parsed.rest;
  return program === undefined ? { mistake: 'no file given' } : { ...choice, program, programArguments };
}

/** Reads the shared options. */
export function readLoaderChoice({ values }: ParsedOptions): LoaderChoice | OptionMistake {
  const option = (name: string) => values.get(name)?.at(-1);
  const [policyName, profileName] = [option('policy'), option('profile') ?? LOADER_PROFILES[0].name];
  const policy = policyName === undefined ? undefined : findPagePolicy(policyName);
  if (policyName !== undefined && policy === undefined)
    return { mistake: `there is no page policy ${policyName}; --policy list shows them` };
  const profile = findLoaderProfile(profileName);
  if (profile === undefined) return { mistake: `there is no loader profile ${profileName}; --profile list shows them` };
  const pageWord = option('host-page-size');
  const hostPageBytes = pageWord === undefined ? profile.hostPageBytes : pageBytes(pageWord);
  if (hostPageBytes === undefined) return { mistake: `${pageWord} is no page size such as 4k, 16k or 64k` };
  const seedText = option('aslr');
  if (seedText !== undefined && !/^\d{1,10}$/.test(seedText))
    return { mistake: `--aslr takes a number of up to ten digits, not ${seedText}` };
  const seed = seedText === undefined ? undefined : Number(seedText);
  return { profile, policy, hostPageBytes, seed };
}

/** A remark about an option of ours behind the file: the program gets it, which people rarely mean. */
export function misplacedOption(rows: readonly OptionRow[], words: readonly string[]): string | undefined {
  const isOurs = (word: string) => rows.some(({ name }) => name.length > 1 && name === /^--?([^=]+)/.exec(word)?.[1]);
  const word = words.find(isOurs);
  return word && `${word} stands behind the file, so the program gets it; options for us stand before the file`;
}
