// The wiring: memory, CPU, loader, kernel and personalities as one machine.
import { BinfmtMiscTable, type ExecFile, type FormatProvider, type LoaderProfile, linuxProfile } from '@elf/exec';
import {
  type ExitStatus,
  encodeText,
  type Host,
  Kernel,
  type Process,
  type RunOptions,
  run,
  type Thread,
} from '@elf/kernel';
import {
  createLinuxPersonality,
  createProcFileSystem,
  createVdsoImages,
  installLoopDevices,
  installTerminals,
} from '@elf/linux';
import { GuestMemory } from '@elf/mm';
import type { PagePolicy } from '@elf/pagesize';
import { createPlan9Personality } from '@elf/plan9';
import { type CpuModel, createCpu, hardwareCapabilities } from '@elf/x86';
import { type CrashReport, crashReport } from './crash-report.ts';
import { executableFiles } from './executable-files.ts';
import { createProgramLoader, type ExplainedRefusal } from './program-loader.ts';

/** What a machine is made of; only the host is needed. */
export interface MachineOptions {
  /** Files, clock, entropy and standard streams: `createMemoryHost` or `createNodeHost`. */
  readonly host: Host;
  /** Receives system calls in strace's format. */
  readonly trace?: (line: string) => void;
  /** Hears of every process that dies of a fault. */
  readonly onCrash?: (report: CrashReport) => void;
  /** Whose loader to model; Linux by default. */
  readonly profile?: LoaderProfile;
  /** The processor: a model, or a name with features as `findCpuModel` of @elf/x86 takes it, which throws a RangeError for others. Everything there is by default. */
  readonly cpuModel?: CpuModel | string;
  /** Upper bound of guest memory in bytes; 4 GiB by default. */
  readonly memoryLimitInBytes?: number;
  /** RLIMIT_STACK of programs in bytes; 8 MiB by default. */
  readonly stackLimitInBytes?: number;
  /** RLIMIT_CORE of programs in bytes, Infinity for unlimited; 0 by default: they leave no core files. */
  readonly coreLimitInBytes?: number;
  /** An emulator's way to map images on a host with other pages, such as `findPagePolicy('latx-304')` of @elf/pagesize; absent: the profile's kernel maps. */
  readonly pagePolicy?: PagePolicy;
  /** Page of the modelled host in bytes; the profile's by default. Guest pages stay at 4 KiB. */
  readonly hostPageBytes?: number;
  /** Randomises the layout of programs as Linux does, from this number; absent: every run is laid out alike. */
  readonly randomizationSeed?: number;
  /** The release that uname(2) tells, such as "5.4.0"; Linux 6.1 by default. */
  readonly kernelRelease?: string;
  /** Hears the addresses of the instructions of each block of guest code when it is translated. */
  readonly onTranslated?: (addresses: readonly number[]) => void;
  /** Brings binary formats that the profile lacks. */
  readonly formatProvider?: FormatProvider;
}

/** What to run. Strings are text; other bytes can be given as byte strings through `encodeText`'s inverse. */
export interface ProgramRequest {
  readonly path: string;
  /** argv, the program's own name first; `[path]` by default. */
  readonly arguments?: readonly string[];
  /** `NAME=value` strings. */
  readonly environment?: readonly string[];
  /** Asked between slices; true ends the run. */
  readonly shouldStop?: RunOptions['shouldStop'];
}

/** How a run ended. */
export type ProgramOutcome =
  | ExitStatus
  /** execve refused the program: error number, stable rule name, one sentence. */
  | ExplainedRefusal
  /** `shouldStop` ended it. */
  | { readonly kind: 'stopped' }
  /** Every thread waits for something that will not happen. */
  | { readonly kind: 'stalled' };

/** A machine that runs programs one after the other. */
export interface Machine {
  readonly kernel: Kernel;
  /**
   * The machine's binfmt_misc rules, none at first. A rule with F opens its interpreter in the machine's file tree when it is
   * registered. Programs cannot see or change the table: there is no /proc/sys/fs/binfmt_misc in the machine.
   */
  readonly binfmtMisc: BinfmtMiscTable;
  /** Runs a program and everything it starts. */
  run(request: ProgramRequest): Promise<ProgramOutcome>;
  /** Guest instructions executed so far. */
  readonly instructions: number;
}

/**
 * Makes a machine. The whole of running a program:
 * @example
 * const host = createMemoryHost({ files: { '/hello': bytes }, onOutput: (part) => output.push(...part) });
 * const machine = createMachine({ host });
 * const outcome = await machine.run({ path: '/hello', arguments: ['hello', 'world'] });
 * // outcome: { kind: 'exited', code: 1 }
 */
export function createMachine(options: MachineOptions): Machine {
  const memory = new GuestMemory({ maximumBytes: options.memoryLimitInBytes });
  const { entropy } = options.host;
  const { cpuModel: model, onTranslated, kernelRelease: release, coreLimitInBytes, stackLimitInBytes } = options;
  const cpu = createCpu(memory, { model, onTranslated, random: () => randomBits(entropy) });
  const binfmtMisc = new BinfmtMiscTable({ openInterpreter: (path) => openAsHost(kernel, path) });
  const { profile = linuxProfile, pagePolicy, randomizationSeed } = options;
  const { hostPageBytes = profile.hostPageBytes } = options;
  const linux = createLinuxPersonality({ coreLimitInBytes, stackLimitInBytes, release });
  const loader = createProgramLoader({
    profile,
    personalities: { linux, plan9: createPlan9Personality() },
    pagePolicy,
    hostPageBytes,
    randomizationSeed,
    hardwareCapabilities: hardwareCapabilities(cpu.model),
    hasLongMode: cpu.model.features.has('lm'),
    stackLimitInBytes,
    binfmtMisc,
    formatProvider: options.formatProvider,
    vdso: createVdsoImages(),
  });
  const policyInForce = pagePolicy && { policy: pagePolicy, hostPageBytes };
  const onCrash = (thread: Thread, signal: number) => options.onCrash?.(crashReport(thread, signal, policyInForce));
  const kernel = new Kernel({ host: options.host, memory, cpu, loader, trace: options.trace, onCrash });
  const current = () => (kernel.currentThread ?? [...kernel.threads.values()][0]).process;
  kernel.tree.mounts.mount('/proc', createProcFileSystem(kernel, current), 'proc');
  installTerminals(kernel);
  installLoopDevices(kernel);
  return {
    kernel,
    binfmtMisc,
    get instructions() {
      return cpu.instructionsRetired;
    },
    run: async (request) => {
      const started = kernel.start({
        path: encodeText(request.path),
        arguments: (request.arguments ?? [request.path]).map(encodeText),
        environment: (request.environment ?? []).map(encodeText),
        // What the image asks for goes before it.
        personality: linux,
      });
      if ('kind' in started) return started as ExplainedRefusal;
      const outcome = await run(kernel, { shouldStop: request.shouldStop });
      return outcome === 'finished' ? statusOf(started) : { kind: outcome };
    },
  };
}

/** What RDRAND gives. */
function randomBits(entropy: Host['entropy']): bigint {
  const bytes = new Uint8Array(8);
  entropy.fill(bytes);
  return new DataView(bytes.buffer).getBigUint64(0, true);
}

function statusOf(process: Process): ExitStatus {
  return process.exitStatus ?? { kind: 'exited', code: 0 };
}

/** Opens an interpreter for good, as the first process would; the rule keeps it. */
function openAsHost(kernel: Kernel, path: Uint8Array): ExecFile | number {
  return executableFiles(kernel, kernel.firstViewer()).open('', path);
}
