// Options as rows: name, environment twin, meaning. Parsing and help read them.

/** One option. Names work with one or two dashes, as qemu-user's do. */
export interface OptionRow {
  readonly name: string;
  /** What the value is called in help; absent: a switch. */
  readonly value?: string;
  /** Variable that sets it when the option is not given. Switches are on when it is not empty and not "0". */
  readonly environment?: string;
  readonly description: string;
  /** May be given several times. */
  readonly repeatable?: boolean;
}

/** The option of every command that reads binfmt_misc rules. */
// biome-ignore format: one row per line
export const BINFMT_CONF_OPTION: OptionRow =
  { name: 'binfmt-conf',    value: 'directory', environment: 'ELF_BINFMT_CONF', description: 'read binfmt_misc rules from the .conf files here', repeatable: true };

/** Values by option name: the last one given, or all of them for repeatable options. */
export interface ParsedOptions {
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** What follows the options: the program and its arguments. */
  readonly rest: readonly string[];
}

/** A mistake on the command line. */
export interface OptionMistake {
  readonly mistake: string;
}

/**
 * Splits a command line at the program name; everything after it belongs to the guest.
 * @example
 * parseOptions(RUN_OPTIONS, ['-strace', '-E', 'A=1', 'ls', '-l'], {}).rest   // ['ls', '-l']
 */
export function parseOptions(
  rows: readonly OptionRow[],
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ParsedOptions | OptionMistake {
  const values = new Map<string, string[]>();
  for (const row of rows) {
    const twin = row.environment === undefined ? undefined : environment[row.environment];
    if (twin === undefined || twin === '' || (row.value === undefined && twin === '0')) continue;
    values.set(row.name, row.repeatable ? twin.split(',') : [twin]);
  }
  let at = 0;
  for (; at < args.length && args[at].startsWith('-') && args[at] !== '-'; at++) {
    if (args[at] === '--') {
      at++;
      break;
    }
    const [, name, , attached] = /^--?([^=]+)(=(.*))?$/s.exec(args[at]) ?? [];
    const row = rows.find((candidate) => candidate.name === name);
    if (row === undefined) return { mistake: `unknown option ${args[at]}` };
    const shown = args[at].replace(/=.*/s, '');
    if (row.value === undefined) {
      if (attached !== undefined) return { mistake: `option ${shown} takes no value` };
      values.set(row.name, ['1']);
      continue;
    }
    const value = attached ?? args[++at];
    if (value === undefined) return { mistake: `option ${shown} needs a ${row.value}` };
    values.set(row.name, row.repeatable ? [...(values.get(row.name) ?? []), value] : [value]);
  }
  return { values, rest: args.slice(at) };
}

/**
 * The same for commands without a guest: options may stand before, between and behind the words, "--" ends them, and `rest` holds
 * all words. What is given replaces what the environment says.
 */
export function parseMixedOptions(
  rows: readonly OptionRow[],
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ParsedOptions | OptionMistake {
  const given = new Map<string, readonly string[]>();
  const words: string[] = [];
  for (let left = args; left.length > 0; ) {
    const parsed = parseOptions(rows, left, {});
    if ('mistake' in parsed) return parsed;
    for (const [name, list] of parsed.values) {
      const isRepeatable = rows.find((row) => row.name === name)?.repeatable === true;
      given.set(name, isRepeatable ? [...(given.get(name) ?? []), ...list] : list);
    }
    const consumed = left.length - parsed.rest.length;
    const isEnd = consumed > 0 && left[consumed - 1] === '--';
    words.push(...(isEnd ? parsed.rest : parsed.rest.slice(0, 1)));
    left = isEnd ? [] : parsed.rest.slice(1);
  }
  const twins = parseOptions(rows, [], environment);
  if ('mistake' in twins) return twins;
  return { values: new Map([...twins.values, ...given]), rest: words };
}

/**
 * The options as lines of help.
 * @param longDash what stands before names of more than one letter; one dash is qemu-user's custom.
 */
export function optionHelp(rows: readonly OptionRow[], longDash: '-' | '--' = '--'): string {
  const leftOf = ({ name, value }: OptionRow) =>
    `  ${name.length === 1 ? '-' : longDash}${name}${value === undefined ? '' : ` ${value}`}  `;
  const width = Math.max(24, ...rows.map((row) => leftOf(row).length));
  return rows
    .map((row) => {
      return `${leftOf(row).padEnd(width)}${row.description}${row.environment === undefined ? '' : ` (${row.environment})`}\n`;
    })
    .join('');
}

/** Names and what they mean, aligned, one a line: what `--policy list` and the like print. */
export function nameTable(rows: readonly (readonly [name: string, meaning: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, meaning]) => `${name.padEnd(width)}  ${meaning}\n`).join('');
}

/** What a command says to a command line it does not understand: what is wrong, and where the options are explained. */
export function mistakeText(command: string, mistake: string): string {
  return `elf ${command}: ${mistake}\nelf ${command} --help shows the options.\n`;
}
