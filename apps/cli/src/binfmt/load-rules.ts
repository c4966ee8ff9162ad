// Puts the rules of binfmt.d directories into a table, as systemd-binfmt puts them into the kernel.
import { type BinfmtMiscTable, errnoName, parseRegistration, type RegistrationFault } from '@elf/exec';
import { type DirectoryFault, readStoredRules, type StoredRule } from './conf-directories.ts';

/** A rule as it was registered, or what is wrong with it. */
export interface LoadedRule extends StoredRule {
  readonly name: Uint8Array | undefined;
  readonly fault?: RegistrationFault;
}

/**
 * Registers rules in order. A rule replaces an earlier one of the same name, as systemd-binfmt does it; one that the table
 * refuses is left out and says why.
 */
export function loadRules(table: BinfmtMiscTable, rules: readonly StoredRule[]): LoadedRule[] {
  const loaded: LoadedRule[] = [];
  for (const rule of rules) {
    const parsed = parseRegistration(rule.registration);
    if ('errno' in parsed) {
      loaded.push({ ...rule, name: undefined, fault: parsed });
      continue;
    }
    const { name } = parsed;
    table.write(name, '-1');
    const registered = table.register(rule.registration);
    if (!('errno' in registered) && !rule.isEnabled) table.write(name, '0');
    loaded.push({ ...rule, name, fault: 'errno' in registered ? registered : undefined });
  }
  return loaded;
}

/** What is wrong with a rule of a file, as one line. */
export function faultLine({ file, line, fault }: LoadedRule): string {
  return fault === undefined ? '' : `${file}:${line}: ${faultText(fault)}; the rule is left out\n`;
}

/** Field, reason and error number of a fault. */
export function faultText({ field, sentence, errno }: RegistrationFault): string {
  return `${field}: ${sentence.replace(/\.$/, '')} (${errnoName(errno)})`;
}

/**
 * Reads directories into a table for `elf run` and `elf explain`.
 * @param warn hears of every rule that is left out.
 * @returns what is wrong with the directories themselves, if anything.
 */
export function loadDirectories(
  table: BinfmtMiscTable,
  named: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  warn: (line: string) => void,
): DirectoryFault | undefined {
  const rules = readStoredRules(named, environment);
  if ('fault' in rules) return rules;
  const enabled = rules.filter(({ isEnabled }) => isEnabled);
  for (const rule of loadRules(table, enabled)) if (rule.fault !== undefined) warn(faultLine(rule));
  return undefined;
}
