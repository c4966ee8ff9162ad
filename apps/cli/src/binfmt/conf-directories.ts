// The binfmt.d directories of the command line: which ones count, what is in them, and the rules they hold.
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { confFiles, confRules } from '@elf/exec';
import { hostErrorText } from '../host-error-text.ts';
import { BINFMT_CONF_OPTION } from '../options.ts';

/** A line of a .conf file that registers a rule, or did before it was switched off. */
export interface StoredRule {
  readonly file: string;
  /** Line number, from 1. */
  readonly line: number;
  readonly registration: Uint8Array;
  readonly isEnabled: boolean;
}

/** A directory that cannot be read, and why. */
export interface DirectoryFault {
  readonly fault: string;
}

/** What marks a rule that is switched off: a comment for everybody else. */
export const DISABLED_MARK = '# disabled: ';

/**
 * The directory that is read when none is named: `elf/binfmt.d` below the user's configuration directory
 * (XDG Base Directory Specification).
 */
export function defaultDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  const { XDG_CONFIG_HOME: configured } = environment;
  return join(configured?.startsWith('/') ? configured : join(homedir(), '.config'), 'elf', 'binfmt.d');
}

/** The directories an option names, or its environment twin when the option is not given. */
export function namedDirectories(
  given: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const twin = environment[BINFMT_CONF_OPTION.environment ?? ''];
  return given.length > 0 || !twin ? given : twin.split(',');
}

/**
 * Reads the rules of directories in the order they are registered.
 * @param named the directories of the command line; without any the user's own is read, which need not exist.
 */
export function readStoredRules(
  named: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): StoredRule[] | DirectoryFault {
  const directories = named.length > 0 ? named : [defaultDirectory(environment)];
  const listings: string[][] = [];
  for (const directory of directories) {
    const names = list(directory, named.length === 0);
    if ('fault' in names) return names;
    listings.push(names);
  }
  const rules: StoredRule[] = [];
  for (const { name, directory } of confFiles(listings)) {
    const file = join(directories[directory], name);
    try {
      rules.push(...rulesOf(file, readFileSync(file)));
    } catch (error) {
      return { fault: `${file}: ${hostErrorText(error)}` };
    }
  }
  return rules;
}

function list(directory: string, mayBeMissing: boolean): string[] | DirectoryFault {
  try {
    return readdirSync(directory);
  } catch (error) {
    const isMissing = (error as { code?: string }).code === 'ENOENT';
    return isMissing && mayBeMissing ? [] : { fault: `${directory}: ${hostErrorText(error)}` };
  }
}

/** Rules of a file in the order of its lines, those that are switched off too. */
function rulesOf(file: string, content: Uint8Array): StoredRule[] {
  const active = confRules(content).map((rule) => ({ ...rule, file, isEnabled: true }));
  // A switched-off rule is read as if its mark were gone, line by line.
  const unmarked = Buffer.from(content)
    .toString('latin1')
    .split('\n')
    .map((text) => text.trimStart());
  const disabled = unmarked.flatMap((text, index): StoredRule[] => {
    if (!text.startsWith(DISABLED_MARK)) return [];
    const [rule] = confRules(Buffer.from(text.slice(DISABLED_MARK.length), 'latin1'));
    return rule === undefined ? [] : [{ ...rule, line: index + 1, file, isEnabled: false }];
  });
  return [...active, ...disabled].sort((a, b) => a.line - b.line);
}
