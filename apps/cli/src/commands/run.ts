// elf run PROGRAM [arguments]: runs a Linux x86-64 program with this terminal, these files and this environment.
import { appendFileSync, writeFileSync, writeSync } from 'node:fs';
import { Errno, type Host } from '@elf/kernel';
import { signalName } from '@elf/linux';
import {
  type CpuModel,
  cpuModelNames,
  createMachine,
  describeRefusal,
  findCpuModel,
  formatCrashReport,
  type Machine,
  type ProgramOutcome,
} from '@elf/machine';
import { loadDirectories } from '../binfmt/load-rules.ts';
import { type LoaderChoice, namesAskedFor, readLoaderChoice } from '../loader-options.ts';
import { optionHelp, type ParsedOptions, parseOptions } from '../options.ts';
import { hostErrorText } from '../host-error-text.ts';
import { openDebuggerPort, readPort } from '../run/debugger-port.ts';
import { dieOfSignal } from '../run/end-process.ts';
import { guestProgram, provideDevices } from '../run/guest-program.ts';
import { mountAsked } from '../run/mounts.ts';
import { RUN_OPTIONS } from '../run/run-option-rows.ts';

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
  const machine = prepareMachine(parsed, choice, guest.host);
  loadBinfmtRules(machine, parsed.values.get('binfmt-conf') ?? []);
  const port = option('g');
  if (port !== undefined) await waitForDebugger(machine, port);
  limitTime(option('timeout'));
  const outcome = await machine.run({ path, arguments: [option('0') ?? words[0], ...words.slice(1)], environment });
  if (option('stats') !== undefined) printStatistics(machine, performance.now() - started);
  finish(outcome, path, option('exit-code-only') !== undefined);
}

/** A command line that cannot be carried out ends the command. */
function misused(reason: string): never {
  printError(`elf run: ${reason}\n${USAGE}`);
  process.exit(ExitCode.OwnFailure);
}

/** What `-cpu help`, `--policy list` and `--profile list` ask for. */
function listAskedFor(parsed: ParsedOptions): string | undefined {
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
): Machine {
  const option = (name: string) => parsed.values.get(name)?.at(-1);
  const stackSize = option('s');
  const cpuModel = option('cpu');
  const machine = createMachine({
    host,
    cpuModel: cpuModel === undefined ? undefined : cpuModelOf(cpuModel),
    trace: traceSink(option('strace') !== undefined, option('D')),
    profile,
    pagePolicy: policy,
    hostPageBytes,
    randomizationSeed: seed,
    onCrash: (report) => printError(formatCrashReport(report)),
    stackLimitInBytes: stackSize === undefined ? undefined : Number(stackSize),
    coreLimitInBytes: coreLimit(option('core')),
  });
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

function coreLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === 'unlimited') return Number.POSITIVE_INFINITY;
  if (!/^\d{1,15}$/.test(text)) misused(`option -core takes a number of bytes or "unlimited", not ${text}`);
  return Number(text);
}

/** Rules the program's files may need; a broken rule is left out, a directory that cannot be read ends the command. */
function loadBinfmtRules(machine: Machine, directories: readonly string[]): void {
  const warn = (line: string) => printError(`elf run: ${line}`);
  const failed = loadDirectories(machine.binfmtMisc, directories, process.env, warn);
  if (failed === undefined) return;
  printError(`elf run: ${failed.fault}\n`);
  process.exit(ExitCode.OwnFailure);
}

function traceSink(isOn: boolean, file: string | undefined): ((line: string) => void) | undefined {
  if (!isOn) return undefined;
  if (file === undefined) return (line) => printError(`${line}\n`);
  writeFileSync(file, '');
  return (line) => appendFileSync(file, `${line}\n`);
}

function limitTime(seconds: string | undefined): void {
  if (seconds === undefined) return;
  setTimeout(() => {
    printError(`elf run: stopped after ${seconds} s\n`);
    process.exit(ExitCode.TimedOut);
  }, Number(seconds) * 1000);
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
