// The loader port of the kernel, implemented with @elf/exec.
import {
  auxiliaryVectorBytes,
  type BinfmtMiscTable,
  type ExecRequest,
  type ExecSuccess,
  type ExecveatPlace,
  execve,
  type FormatProvider,
  type LoaderProfile,
  type Refusal,
} from '@elf/exec';
import type {
  ExitStatus,
  Kernel,
  LoadedProgram,
  LoadPlace,
  LoadRefusal,
  LoadRequest,
  Personality,
  ProgramLoader,
} from '@elf/kernel';
import { Errno, fromBytes, toBytes } from '@elf/kernel';
import { type ExecutableFiles, executableFiles } from './executable-files.ts';

/** What Linux does to a process whose old program is gone and whose new one cannot start: SIGSEGV that nothing holds back. */
const KILLED: ExitStatus = { kind: 'signaled', signal: 11, coreDumped: false };

/** A refusal with the rule behind it. */
export interface ExplainedRefusal extends LoadRefusal {
  readonly rule: string;
}

/** What loading depends on beyond the request. */
export interface LoaderOptions {
  readonly profile: LoaderProfile;
  /** The families this machine has, by the name images give for theirs. */
  readonly personalities: Readonly<Partial<Record<ExecSuccess['personality'], Personality>>>;
  readonly hardwareCapabilities: ExecRequest['hardwareCapabilities'];
  /** The processor has a 64-bit mode. */
  readonly hasLongMode: boolean;
  /** RLIMIT_STACK of new programs. */
  readonly stackLimitInBytes?: number;
  /** The machine's binfmt_misc rules. */
  readonly binfmtMisc?: BinfmtMiscTable;
  /** Maps images in the kernel's place: an emulator on a host with other pages. */
  readonly pagePolicy?: ExecRequest['pagePolicy'];
  /** Page of the modelled host in bytes; the profile's by default. */
  readonly hostPageBytes?: number;
  /** Seed of address randomisation; absent: every program is laid out alike. */
  readonly randomizationSeed?: number;
  /** The vDSO of new programs. */
  readonly vdso?: ExecRequest['vdso'];
  /** Brings formats that are not on the profile's list. */
  readonly formatProvider?: FormatProvider;
}

/** Makes the loader of a machine. */
export function createProgramLoader(options: LoaderOptions): ProgramLoader {
  return (kernel, request) => load(kernel, request, options);
}

function load(kernel: Kernel, request: LoadRequest, options: LoaderOptions): LoadedProgram | ExplainedRefusal {
  const files = executableFiles(kernel, request);
  const { credentials: who } = request;
  const outcome = execve({
    path: toBytes(request.path),
    argv: request.arguments.map(toBytes),
    envp: request.environment.map(toBytes),
    files,
    memory: kernel.memory,
    entropy: kernel.host.entropy,
    profile: options.profile,
    credentials: { uid: who.user, euid: who.effectiveUser, gid: who.group, egid: who.effectiveGroup },
    hardwareCapabilities: options.hardwareCapabilities,
    limits: { stackLimitInBytes: options.stackLimitInBytes },
    at: request.at && execveatPlace(request.at, files),
    binfmtMisc: options.binfmtMisc,
    formatProvider: options.formatProvider,
    vdso: options.vdso,
    pagePolicy: options.pagePolicy,
    hostPageBytes: options.hostPageBytes,
    randomizationSeed: options.randomizationSeed,
    lowestFreeDescriptor: request.lowestFreeDescriptor,
  });
  const passedFile = outcome.ok && outcome.passedFile ? files.retain(outcome.passedFile.file) : undefined;
  files.close();
  if (!outcome.ok) {
    const endsProcess = outcome.afterPointOfNoReturn ? KILLED : undefined;
    return { kind: 'refused', errno: outcome.errno, ...reasonOf(outcome.refusal), endsProcess };
  }
  const missing = missingForImage(outcome, options);
  if (missing) {
    outcome.space.destroy();
    passedFile?.release();
    return { kind: 'refused', errno: Errno.ENOEXEC, ...reasonOf(missing) };
  }
  return {
    kind: 'loaded',
    space: outcome.space,
    abi: outcome.abi,
    personality: options.personalities[outcome.personality],
    image: imageFacts(outcome),
    entry: outcome.entry,
    stackPointer: outcome.stackPointer,
    executable: files.pathOf(outcome.file) ?? request.path,
    commandName: lastName(request.path || (request.at?.descriptor?.description.path ?? '')),
    arguments: outcome.argv.map(fromBytes),
    environment: request.environment,
    auxiliaryVector: auxiliaryVectorBytes(outcome.auxiliaryVector, outcome.abi === 'i386' ? 4 : 8),
    passedFile,
  };
}

function imageFacts({ registers, floatingPoint, brk, marks }: ExecSuccess): LoadedProgram['image'] {
  return { registers, floatingPoint, brk, marks };
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function execveatPlace({ flags, descriptor }: LoadPlace, files: ExecutableFiles): ExecveatPlace {
  if (descriptor === undefined) return { flags };
  const { number, closesOnExec, description } = descriptor;
  return { flags, descriptor: { number, closesOnExec, ...files.below(description) } };
}

/** What this machine lacks to run an image that execve could load; undefined when it lacks nothing. */
function missingForImage(
  { abi, personality, format }: ExecSuccess,
  { hasLongMode, personalities }: LoaderOptions,
): Refusal | undefined {
  if (abi === 'x86-64' && !hasLongMode) {
    const sentence = `The image was loaded as ${format}, but this machine was given a 32-bit processor: it has no 64-bit mode.`;
    return { rule: 'machine-cpu-model', sentence };
  }
  if (personalities[personality] === undefined) {
    const sentence = `The image was loaded as ${format}, but this machine has no personality called ${personality}: it has ${Object.keys(personalities).join(' and ')}.`;
    return { rule: 'machine-personality', sentence };
  }
  return undefined;
}

function reasonOf(refusal: Refusal): { rule: string; reason: string } {
  return { rule: refusal.rule, reason: refusal.sentence };
}
