// The options of `elf readelf`: letters that may be joined, and readelf's long names.

/** What is to be printed. Every switch is off unless an option turns it on. */
export interface ReadelfSwitches {
  header: boolean;
  segments: boolean;
  sections: boolean;
  groups: boolean;
  symbols: boolean;
  dynamicSymbols: boolean;
  dynamic: boolean;
  relocations: boolean;
  unwind: boolean;
  notes: boolean;
  versions: boolean;
  architecture: boolean;
  histogram: boolean;
  wide: boolean;
  json: boolean;
  stats: boolean;
}

/** A section to dump. */
export interface DumpRequest {
  readonly how: 'bytes' | 'strings';
  readonly section: string;
}

/** The parsed command line. */
export type ReadelfOptions =
  | {
      readonly kind: 'run';
      readonly show: Readonly<ReadelfSwitches>;
      readonly dumps: readonly DumpRequest[];
      readonly files: readonly string[];
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage'; readonly sentence: string };

type Switch = keyof ReadelfSwitches;

const ALL: readonly Switch[] = [
  'header',
  'segments',
  'sections',
  'groups',
  'symbols',
  'dynamic',
  'relocations',
  'unwind',
  'notes',
  'versions',
  'architecture',
  'histogram',
];

// biome-ignore format: one option a line
const OPTIONS: readonly (readonly [letter: string, names: readonly string[], turnsOn: readonly Switch[]])[] = [
  ['a', ['all'],                                     ALL],
  ['h', ['file-header'],                             ['header']],
  ['l', ['program-headers', 'segments'],             ['segments']],
  ['S', ['section-headers', 'sections'],             ['sections']],
  ['g', ['section-groups'],                          ['groups']],
  ['e', ['headers'],                                 ['header', 'segments', 'sections']],
  ['s', ['syms', 'symbols'],                         ['symbols']],
  ['',  ['dyn-syms'],                                ['dynamicSymbols']],
  ['n', ['notes'],                                   ['notes']],
  ['r', ['relocs'],                                  ['relocations']],
  ['u', ['unwind'],                                  ['unwind']],
  ['d', ['dynamic'],                                 ['dynamic']],
  ['V', ['version-info'],                            ['versions']],
  ['A', ['arch-specific'],                           ['architecture']],
  ['I', ['histogram'],                               ['histogram']],
  ['W', ['wide'],                                    ['wide']],
  ['',  ['json'],                                    ['json']],
  ['',  ['stats'],                                   ['stats']],
];

const DUMPS: readonly (readonly [letter: string, name: string, how: DumpRequest['how']])[] = [
  ['x', 'hex-dump', 'bytes'],
  ['p', 'string-dump', 'strings'],
];

/** Shown by --help and after a mistake. */
export const READELF_USAGE = `Usage: elf readelf <option(s)> elf-file(s)
Prints what GNU readelf prints. Letters may be joined.
  -a --all               as -h -l -S -g -s -d -r -u -n -V -A -I
  -h --file-header       the file header
  -l --program-headers   the segments (also --segments)
  -S --section-headers   the sections (also --sections)
  -g --section-groups    the section groups
  -e --headers           as -h -l -S
  -s --syms              the symbol tables (also --symbols)
     --dyn-syms          the dynamic symbol table only
  -n --notes             the notes
  -r --relocs            the relocations
  -u --unwind            the unwind information (not decoded for any machine)
  -d --dynamic           the dynamic section
  -V --version-info      the symbol versions
  -A --arch-specific     attributes and other machine-specific data
  -I --histogram         lengths of the hash tables' chains
  -x --hex-dump=N        section N (number or name) as bytes
  -p --string-dump=N     section N as strings
  -W --wide              one line an entry, names never cut
     --json              one JSON document instead of text
     --stats             how much of the file was read, to stderr
  -H --help              this text
`;

/** Parses the words behind `readelf`. */
export function parseReadelfArguments(args: readonly string[]): ReadelfOptions {
  const show = Object.fromEntries(
    [...ALL, 'dynamicSymbols', 'wide', 'json', 'stats'].map((name) => [name, false]),
  ) as unknown as ReadelfSwitches;
  const dumps: DumpRequest[] = [];
  const files: string[] = [];
  const words = [...args];
  while (words.length > 0) {
    const word = words.shift()!;
    if (word === '--') {
      files.push(...words);
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      files.push(word);
      continue;
    }
    const problem = word.startsWith('--')
      ? longOption(word.slice(2), words, show, dumps)
      : letters(word.slice(1), words, show, dumps);
    if (problem === 'help') return { kind: 'help' };
    if (problem !== undefined) return { kind: 'usage', sentence: `readelf: ${problem}\n` };
  }
  const anything =
    dumps.length > 0 || Object.entries(show).some(([name, on]) => on && name !== 'wide' && name !== 'stats');
  if (!anything || files.length === 0)
    return { kind: 'usage', sentence: anything ? 'readelf: Warning: Nothing to do.\n' : '' };
  // --json alone means everything that has a JSON form.
  if (show.json && !ALL.some((name) => show[name]) && !show.dynamicSymbols) for (const name of ALL) show[name] = true;
  return { kind: 'run', show, dumps, files };
}

function turnOn(show: ReadelfSwitches, names: readonly Switch[]): void {
  for (const name of names) show[name] = true;
}

function letters(joined: string, words: string[], show: ReadelfSwitches, dumps: DumpRequest[]): string | undefined {
  for (let index = 0; index < joined.length; index++) {
    const letter = joined[index];
    if (letter === 'H') return 'help';
    const dump = DUMPS.find(([own]) => own === letter);
    if (dump !== undefined) {
      const section = joined.slice(index + 1) || words.shift();
      if (section === undefined) return `option requires an argument -- '${letter}'`;
      dumps.push({ how: dump[2], section });
      return undefined;
    }
    const option = OPTIONS.find(([own]) => own === letter);
    if (option === undefined) return `invalid option -- '${letter}'`;
    turnOn(show, option[2]);
  }
  return undefined;
}

function longOption(word: string, words: string[], show: ReadelfSwitches, dumps: DumpRequest[]): string | undefined {
  const [name, value] = word.includes('=')
    ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]
    : [word, undefined];
  if (name === 'help') return 'help';
  const dump = DUMPS.find(([, own]) => own === name);
  if (dump !== undefined) {
    const section = value ?? words.shift();
    if (section === undefined) return `option '--${name}' requires an argument`;
    dumps.push({ how: dump[2], section });
    return undefined;
  }
  const option = OPTIONS.find(([, names]) => names.includes(name));
  if (option === undefined) return `unrecognized option '--${word}'`;
  if (value !== undefined) return `option '--${name}' doesn't allow an argument`;
  turnOn(show, option[2]);
  return undefined;
}
