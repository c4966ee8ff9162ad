// elf run PROGRAM [arguments]: runs a Linux x86-64 program with this terminal, these files and this environment.
import { writeSync } from 'node:fs';
import { Errno, type Host } from '@elf/kernel';
import { signalName } from '@elf/linux';
import {
  type CpuModel,
  cpuModelNames,
  createMachine,
  describeRefusal,
  ExecutionLog,
  findCpuModel,
  formatCrashReport,
  type Machine,
  type ProgramOutcome,
} from '@elf/machine';
import { loadDirectories } from '../binfmt/load-rules.ts';
import { hostErrorText } from '../host-error-text.ts';
import { type LoaderChoice, namesAskedFor, readLoaderChoice } from '../loader-options.ts';
import { type OptionMistake, optionHelp, type ParsedOptions, parseOptions } from '../options.ts';
import { openDebuggerPort, readPort } from '../run/debugger-port.ts';
import { dieOfSignal } from '../run/end-process.ts';
import { guestProgram, provideDevices } from '../run/guest-program.ts';
import { mountAsked } from '../run/mounts.ts';
import { logItemHelp, openRunLog, type RunLog } from '../run/run-log.ts';
import { RUN_OPTIONS } from '../run/run-option-rows.ts';
import { readBase, readCoreLimit, readRelease, readSeconds, readStackBytes } from '../run/run-values.ts';

const USAGE = `usage: elf run [options] PROGRAM [ARGUMENT...]\n       elf run [options] --image FILE [PROGRAM [ARGUMENT...]]\n\n${optionHelp(RUN_OPTIONS, '-')}`;

/** Exit statuses of ours (env(1) and timeout(1) use the same). */
const ExitCode = { TimedOut: 124, OwnFailure: 125, Refused: 126, NotFound: 127 } as const;

/**
 * Runs a program and ends this process as the program ended. Does not return before that.
 * @param args what follows "run" on the command line.
 */
export async function runCommand(args: readonly string[]): Promise<void> {
  const parsed = parseOptions(RUN_OPTIONS, args, process.env);
  if (!('mistake' in parsed) && parsed.values.has('help')) {
    writeSync(1, USAGE);
    return;
  }
  const list = 'mistake' in parsed ? undefined : listAskedFor(parsed);
  if (list !== undefined) {
    writeSync(1, list);
    return;
  }
  if ('mistake' in parsed) misused(parsed.mistake);
  const option = (name: string) => parsed.values.get(name)?.at(-1);
  const choice = readLoaderChoice(parsed);
  if ('mistake' in choice) misused(choice.mistake);
  const started = performance.now();
  const guest = await guestProgram(parsed);
  if ('mistake' in guest) misused(guest.mistake);
  const { path, words, environment } = guest;
  const log = openRunLog(parsed, printError);
  if ('mistake' in log) misused(log.mistake);
  const machine = prepareMachine(parsed, choice, guest.host, log);
  loadBinfmtRules(machine, parsed.values.get('binfmt-conf') ?? []);
  const port = option('g');
  if (port !== undefined) await waitForDebugger(machine, port);
  const seconds = option('timeout');
  if (seconds !== undefined) limitTime(valid(readSeconds(seconds)));
  const outcome = await machine.run({ path, arguments: [option('0') ?? words[0], ...words.slice(1)], environment });
  if (option('stats') !== undefined) printStatistics(machine, performance.now() - started);
  finish(outcome, path, option('exit-code-only') !== undefined);
}

/** A command line that cannot be carried out ends the command. */
function misused(reason: string): never {
  printError(`elf run: ${reason}\n${USAGE}`);
  process.exit(ExitCode.OwnFailure);
}

/** A value of an option; a mistake ends the command. */
function valid<Value>(value: Value | OptionMistake): Value {
  if (typeof value === 'object' && value !== null && 'mistake' in value) misused(value.mistake);
  return value as Value;
}

/** What `-cpu help`, `-d help`, `--policy list` and `--profile list` ask for. */
function listAskedFor(parsed: ParsedOptions): string | undefined {
  if (parsed.values.get('d')?.at(-1) === 'help') return logItemHelp();
  return parsed.values.get('cpu')?.at(-1) === 'help' ? cpuModelHelp() : namesAskedFor(parsed);
}

/** The model of -cpu; a wrong name ends the command. */
function cpuModelOf(name: string): CpuModel {
  const found = findCpuModel(name);
  if (!('mistake' in found)) return found;
  printError(`elf run: ${found.mistake}\n`);
  process.exit(ExitCode.OwnFailure);
}

function cpuModelHelp(): string {
  const names = cpuModelNames().map(({ name, title }) => `  ${name.padEnd(14)}${title}\n`);
  return `Models for -cpu; ",+feature" adds a feature and what it needs, ",-feature" takes one away with what needs it:\n${names.join('')}`;
}

function prepareMachine(
  parsed: ParsedOptions,
  { profile, policy, hostPageBytes, seed }: LoaderChoice,
  host: Host,
  log: RunLog,
): Machine {
  const option = (name: string) => parsed.values.get(name)?.at(-1);
  const value = <Value>(name: string, read: (text: string) => Value | OptionMistake): Value | undefined => {
    const text = option(name);
    return text === undefined ? undefined : valid(read(text));
  };
  const cpuModel = option('cpu');
  const dynamicBase = value('B', (text) => readBase(text, hostPageBytes));
  let execution: ExecutionLog | undefined;
  const machine = createMachine({
    host,
    cpuModel: cpuModel === undefined ? undefined : cpuModelOf(cpuModel),
    trace: log.items.has('strace') ? log.write : undefined,
    onTranslated: log.items.has('in_asm') ? (addresses) => execution?.translated(addresses) : undefined,
    kernelRelease: value('r', readRelease),
    profile: dynamicBase === undefined ? profile : { ...profile, layout: { ...profile.layout, dynamicBase } },
    pagePolicy: policy,
    hostPageBytes,
    randomizationSeed: seed,
    onCrash: (report) => printError(formatCrashReport(report)),
    stackLimitInBytes: value('s', readStackBytes),
    coreLimitInBytes: value('core', readCoreLimit),
  });
  if (log.items.size > 0) execution = new ExecutionLog(machine.kernel, log.items, log.write);
  provideDevices(machine.kernel);
  const wrong = mountAsked(machine.kernel, parsed);
  if (wrong !== undefined) misused(wrong.mistake);
  return machine;
}

/** -g; a port that cannot be had ends the command. */
async function waitForDebugger(machine: Machine, text: string): Promise<void> {
  const port = readPort(text);
  if (typeof port !== 'number') misused(port.mistake);
  try {
    await openDebuggerPort(machine, port, (line) => printError(`elf run: ${line}\n`));
  } catch (error) {
    printError(`elf run: port ${port}: ${hostErrorText(error)}\n`);
    process.exit(ExitCode.OwnFailure);
  }
}

/** Rules the program's files may need; a broken rule is left out, a directory that cannot be read ends the command. */
function loadBinfmtRules(machine: Machine, directories: readonly string[]): void {
  const warn = (line: string) => printError(`elf run: ${line}`);
  const failed = loadDirectories(machine.binfmtMisc, directories, process.env, warn);
  if (failed === undefined) return;
  printError(`elf run: ${failed.fault}\n`);
  process.exit(ExitCode.OwnFailure);
}

function limitTime(seconds: number): void {
  setTimeout(() => {
    printError(`elf run: stopped after ${seconds} s\n`);
    process.exit(ExitCode.TimedOut);
  }, seconds * 1000);
}

function finish(outcome: ProgramOutcome, program: string, codeOnly: boolean): void {
  switch (outcome.kind) {
    case 'exited':
      process.exit(outcome.code);
      break;
    case 'signaled':
      if (codeOnly) process.exit(128 + outcome.signal);
      dieOfSignal(outcome.signal, signalName(outcome.signal));
      break;
    case 'refused':
      printError(`elf run: ${program}: ${describeRefusal(outcome)}\n`);
      process.exit(
        outcome.errno === Errno.ENOENT || outcome.errno === Errno.ENOTDIR ? ExitCode.NotFound : ExitCode.Refused,
      );
      break;
    default:
      printError(`elf run: ${program}: every thread waits for something that cannot happen\n`);
      process.exit(ExitCode.OwnFailure);
  }
}

function printStatistics(machine: Machine, milliseconds: number): void {
  const { instructions } = machine;
  const rate = (instructions / milliseconds / 1000).toFixed(1);
  const memory = (machine.kernel.memory.memory.buffer.byteLength / 1048576).toFixed(0);
  printError(
    `elf: ${instructions} instructions in ${milliseconds.toFixed(0)} ms, ${rate} million/s, ${memory} MiB of guest memory\n`,
  );
}

/** Synchronous, so that messages keep their place among the guest's own output. */
function printError(text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(2, bytes, done);
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') return;
    }
  }
}
