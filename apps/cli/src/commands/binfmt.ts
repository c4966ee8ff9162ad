// elf binfmt list|register|remove|enable|disable: the binfmt_misc rules that elf run and elf explain use.
import { BinfmtMiscTable } from '@elf/exec';
import { changeRule, keepRule, type RuleChange } from '../binfmt/change-rules.ts';
import { defaultDirectory, namedDirectories, readStoredRules } from '../binfmt/conf-directories.ts';
import { faultLine, faultText, type LoadedRule, loadRules } from '../binfmt/load-rules.ts';
import { kernelText, type ListedRule, ruleJson, ruleTable } from '../binfmt/rule-list.ts';
import { hostErrorText } from '../host-error-text.ts';
import { HostExecutables } from '../host-executables.ts';
import { BINFMT_CONF_OPTION, mistakeText, type OptionRow, optionHelp, parseMixedOptions } from '../options.ts';
import type { CommandOutput } from './explain.ts';

const OPTIONS: readonly OptionRow[] = [
  { ...BINFMT_CONF_OPTION, description: `${BINFMT_CONF_OPTION.description}; register adds to the last one` },
  { name: 'json', description: 'list as JSON' },
  { name: 'help', description: 'print this' },
];

const USAGE = `usage: elf binfmt [options] list [NAME...]
       elf binfmt [options] register STRING...
       elf binfmt [options] remove|enable|disable NAME...

Rules say which interpreter runs files that are neither scripts nor ELF, as the kernel's binfmt_misc does:
  :name:M:offset:magic:mask:interpreter:flags    files that hold these bytes (\\xHH for any byte)
  :name:E::extension::interpreter:flags          files whose name ends in .extension
Flags: P keep argv[0], O pass the open file, C use its set-user-id bits, F open the interpreter at registration.
They are kept in .conf files, one rule a line, as systemd's binfmt.d(5): files count in the order of their names, and a
file hides one of the same name in an earlier directory. Without --binfmt-conf that is elf/binfmt.d in XDG_CONFIG_HOME
or ~/.config. The kernel of this computer is neither asked nor changed. "list NAME" prints what the kernel would.

${optionHelp(OPTIONS)}`;

const EXIT_OK = 0;
const EXIT_REFUSED = 1;
const EXIT_USAGE = 2;

interface Session {
  readonly directories: readonly string[];
  readonly table: BinfmtMiscTable;
  readonly rules: readonly LoadedRule[];
  readonly isJson: boolean;
  readonly io: CommandOutput;
}

type Action = (session: Session, words: readonly string[]) => number;

const ACTIONS: Readonly<Record<string, { readonly run: Action; readonly needsWords: boolean }>> = {
  list: { run: list, needsWords: false },
  register: { run: register, needsWords: true },
  remove: { run: (session, names) => change(session, names, 'remove'), needsWords: true },
  enable: { run: (session, names) => change(session, names, 'enable'), needsWords: true },
  disable: { run: (session, names) => change(session, names, 'disable'), needsWords: true },
};

/**
 * Runs the command.
 * @param args what follows "binfmt" on the command line.
 * @returns the exit status: 0 done, 1 a rule is refused or not there, 2 usage.
 */
export function binfmtCommand(args: readonly string[], io: CommandOutput, environment = process.env): number {
  const parsed = parseMixedOptions(OPTIONS, args, {});
  if ('mistake' in parsed) return usage(io, parsed.mistake);
  const { values } = parsed;
  const [name, ...words] = parsed.rest;
  if (values.has('help')) {
    io.stdout.write(USAGE);
    return EXIT_OK;
  }
  if (name === undefined) return usage(io, `say what to do: ${Object.keys(ACTIONS).join(', ')}`);
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) return usage(io, `there is no action "${name}"; known: ${Object.keys(ACTIONS).join(', ')}`);
  if (action.needsWords && words.length === 0) {
    return usage(io, name === 'register' ? 'no registration string was given' : 'no name was given');
  }
  const named = namedDirectories(values.get('binfmt-conf') ?? [], environment);
  const stored = readStoredRules(named, environment);
  if ('fault' in stored) return refused(io, stored.fault);
  const files = new HostExecutables();
  try {
    const table = new BinfmtMiscTable({ openInterpreter: (path) => files.open(Buffer.from(path).toString()) });
    const rules = loadRules(table, stored);
    const directories = named.length > 0 ? named : [defaultDirectory(environment)];
    return action.run({ directories, table, rules, isJson: values.has('json'), io }, words);
  } catch (error) {
    return refused(io, `${(error as { path?: string }).path ?? 'rules'}: ${hostErrorText(error)}`);
  } finally {
    files.close();
  }
}

function list({ table, rules, isJson, io }: Session, names: readonly string[]): number {
  for (const rule of rules) if (rule.fault !== undefined) io.stderr.write(`elf binfmt: ${faultLine(rule)}`);
  const all = table.entries.map((entry): ListedRule => {
    return { entry, source: rules.findLast((rule) => isNamed(rule, entry.name) && !rule.fault) as LoadedRule };
  });
  const missing = names.filter((name) => !all.some(({ source }) => isNamed(source, name)));
  for (const name of missing) refused(io, `there is no rule "${name}"`);
  const wanted = names.length === 0 ? all : all.filter(({ source }) => names.some((name) => isNamed(source, name)));
  if (isJson) io.stdout.write(ruleJson(wanted));
  else if (names.length > 0) io.stdout.write(wanted.map(kernelText).join(''));
  else if (wanted.length > 0) io.stdout.write(ruleTable(wanted));
  return missing.length > 0 || rules.some(({ fault }) => fault) ? EXIT_REFUSED : EXIT_OK;
}

function register({ table, directories, io }: Session, strings: readonly string[]): number {
  let status = EXIT_OK;
  for (const string of strings) {
    const registration = Buffer.from(string);
    const entry = table.register(registration);
    if ('errno' in entry) {
      status = refused(io, `${JSON.stringify(string)}: ${faultText(entry)}`);
      continue;
    }
    const kept = keepRule(directories, entry.name, registration);
    if (typeof kept === 'string') status = refused(io, `${JSON.stringify(string)} cannot be kept: ${kept}`);
  }
  return status;
}

function change({ rules, io }: Session, names: readonly string[], wanted: RuleChange): number {
  let status = EXIT_OK;
  const found = new Set<LoadedRule>();
  for (const name of names) {
    // All of that name: a rule that was replaced by a later one must not come back.
    const same = rules.filter((rule) => isNamed(rule, name));
    if (same.length === 0) status = refused(io, `there is no rule "${name}"`);
    for (const rule of same) found.add(rule);
  }
  // From the last line on, so that the numbers of the others stay true.
  for (const rule of [...found].sort((a, b) => b.line - a.line)) changeRule(rule, wanted);
  return status;
}

function isNamed(rule: LoadedRule, name: string | Uint8Array): boolean {
  return rule.name !== undefined && Buffer.compare(rule.name, Buffer.from(name as string)) === 0;
}

function usage(io: CommandOutput, mistake: string): number {
  io.stderr.write(mistakeText('binfmt', mistake));
  return EXIT_USAGE;
}

function refused(io: CommandOutput, sentence: string): number {
  io.stderr.write(`elf binfmt: ${sentence}\n`);
  return EXIT_REFUSED;
}
