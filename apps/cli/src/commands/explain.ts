// elf explain FILE [args]: the story of execve for a file, step by step with kernel function names, as text or JSON.
import { BinfmtMiscTable, type ExecInput, type ExecOutcome, errnoName, execve, LOADER_PROFILES } from '@elf/exec';
import { GuestMemory } from '@elf/mm';
import { namedDirectories } from '../binfmt/conf-directories.ts';
import { loadDirectories } from '../binfmt/load-rules.ts';
import { HostExecutables } from '../host-executables.ts';

/** Where a command prints. */
export interface CommandOutput {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

const USAGE = 'usage: elf explain [--profile NAME] [--binfmt-conf DIRECTORY]... [--json] FILE [ARGUMENT...]\n';
/** Version of the JSON this command prints; raised when a field changes its meaning. */
const JSON_SCHEMA = 1;
const EXIT_OK = 0;
const EXIT_REFUSED = 1;
const EXIT_USAGE = 2;

interface Options {
  readonly profile: string;
  readonly json: boolean;
  readonly binfmtDirectories: readonly string[];
  readonly program: string;
  readonly programArguments: readonly string[];
}

/**
 * Runs the command.
 * @param args what follows "explain" on the command line.
 * @returns the exit status: 0 the loader accepts the file, 1 it refuses it, 2 usage.
 */
export function explainCommand(args: readonly string[], io: CommandOutput): number {
  const options = readOptions(args);
  if (typeof options === 'string') {
    io.stderr.write(`elf explain: ${options}\n${USAGE}`);
    return EXIT_USAGE;
  }
  const profile = LOADER_PROFILES.find(({ name }) => name === options.profile);
  if (profile === undefined) {
    const known = LOADER_PROFILES.map(({ name }) => name).join(', ');
    io.stderr.write(`elf explain: there is no loader profile ${options.profile}; known: ${known}\n`);
    return EXIT_USAGE;
  }
  const files = new HostExecutables();
  const binfmtMisc = new BinfmtMiscTable({ openInterpreter: (path) => files.open(Buffer.from(path).toString()) });
  try {
    const warn = (line: string) => io.stderr.write(`elf explain: ${line}`);
    const failed = loadDirectories(
      binfmtMisc,
      namedDirectories(options.binfmtDirectories, process.env),
      process.env,
      warn,
    );
    if (failed !== undefined) {
      io.stderr.write(`elf explain: ${failed.fault}\n`);
      return EXIT_USAGE;
    }
    const outcome = execve({
      path: options.program,
      argv: [options.program, ...options.programArguments],
      envp: [],
      files,
      memory: new GuestMemory(),
      // The story must not differ from run to run, so AT_RANDOM's bytes are zeros here.
      entropy: { fill: (bytes) => bytes.fill(0) },
      profile,
      binfmtMisc,
      credentials: { uid: 1000, euid: 1000, gid: 1000, egid: 1000 },
      hardwareCapabilities: { hwcap: 0, hwcap2: 0, minimumSignalStackBytes: 0 },
    });
    io.stdout.write(options.json ? asJson(outcome, profile.name) : asText(outcome));
    return outcome.ok ? EXIT_OK : EXIT_REFUSED;
  } finally {
    files.close();
  }
}

function readOptions(args: readonly string[]): Options | string {
  let profile = LOADER_PROFILES[0].name;
  let json = false;
  const binfmtDirectories: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index];
    if (argument === '--json') json = true;
    else if (argument === '--profile' && index + 1 < args.length) profile = args[++index];
    else if (argument === '--binfmt-conf' && index + 1 < args.length) binfmtDirectories.push(args[++index]);
    else if (argument.startsWith('--binfmt-conf=')) binfmtDirectories.push(argument.slice('--binfmt-conf='.length));
    else if (argument.startsWith('--profile=')) profile = argument.slice('--profile='.length);
    else if (argument.startsWith('-') && argument !== '-') return `unknown option ${argument}`;
    // The first word without a dash is the file; everything after it belongs to the program.
    else return { profile, json, binfmtDirectories, program: argument, programArguments: args.slice(index + 1) };
  }
  return 'no file given';
}

function asText(outcome: ExecOutcome): string {
  const lines: string[] = [];
  const width = Math.max(...outcome.record.map(({ kernelFunction }) => kernelFunction.length));
  for (const { step, kernelFunction, inputs, decision, errno } of outcome.record) {
    const failed = errno === undefined ? '' : ` [${errnoName(errno)}]`;
    lines.push(`${kernelFunction.padEnd(width)}  ${step}: ${decision}${failed}`);
    const facts = Object.entries(inputs).map(([name, value]) => `${name} ${value}`);
    if (facts.length > 0) lines.push(`${' '.repeat(width)}    ${facts.join(', ')}`);
  }
  lines.push('', summary(outcome));
  return `${lines.join('\n')}\n${outcome.ok ? `\n${outcome.space.mapsText()}` : ''}`;
}

function summary(outcome: ExecOutcome): string {
  if (outcome.ok) {
    return `accepted as ${outcome.format}: starts at ${hex(outcome.entry)} with rsp ${hex(outcome.stackPointer)}, heap at ${hex(outcome.brk)}`;
  }
  const { refusal, errno, afterPointOfNoReturn } = outcome;
  const fate = afterPointOfNoReturn ? 'the process dies of SIGSEGV' : `execve returns ${errnoName(errno)}`;
  return `refused by rule ${refusal.rule}: ${refusal.sentence}\n${fate}`;
}

function asJson(outcome: ExecOutcome, profile: string): string {
  const steps = outcome.record.map(({ step, kernelFunction, inputs, decision, errno }) => ({
    step,
    kernelFunction,
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, jsonInput(value)])),
    decision,
    errno: errno === undefined ? undefined : errnoName(errno),
  }));
  const common = { schema: JSON_SCHEMA, profile, accepted: outcome.ok, steps };
  const result = outcome.ok
    ? {
        ...common,
        format: outcome.format,
        executable: outcome.executablePath,
        entry: hex(outcome.entry),
        programEntry: hex(outcome.programEntry),
        stackPointer: hex(outcome.stackPointer),
        brk: hex(outcome.brk),
        loadBias: hex(outcome.loadBias),
        interpreterBase: hex(outcome.interpreterBase),
        auxiliaryVector: outcome.auxiliaryVector.map(({ id, name, value }) => ({ id, name, value: hex(value) })),
        maps: outcome.space.mapsText().trimEnd().split('\n'),
      }
    : {
        ...common,
        errno: errnoName(outcome.errno),
        afterPointOfNoReturn: outcome.afterPointOfNoReturn,
        rule: outcome.refusal.rule,
        reason: outcome.refusal.sentence,
      };
  return `${JSON.stringify(result, undefined, 2)}\n`;
}

function jsonInput(value: ExecInput): string | number | boolean {
  return typeof value === 'bigint' ? hex(value) : value;
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
