// Runs execve for `elf maps` and gathers what each image of the new program went through.
import { type ExecOutcome, execve } from '@elf/exec';
import { GuestMemory } from '@elf/mm';
import { callerCredentials } from '../caller-identity.ts';
import type { HostExecutables } from '../host-executables.ts';
import { type ImageReport, openElf, reportImage } from './image-report.ts';
import type { MapsRequest } from './maps-option-rows.ts';

/** The outcome, and a report for each ELF image: the program and its interpreter. */
export interface LoadStory {
  readonly request: MapsRequest;
  readonly outcome: ExecOutcome;
  readonly images: readonly ImageReport[];
}

/** Loads the program up to its first instruction. Reads files, runs nothing. */
export function loadStory(request: MapsRequest, files: HostExecutables): LoadStory {
  const outcome = execve({
    path: request.program,
    argv: [request.program, ...request.programArguments],
    envp: [],
    files,
    memory: new GuestMemory(),
    // What is printed must not differ from run to run, so AT_RANDOM's bytes are zeros here.
    entropy: { fill: (bytes) => bytes.fill(0) },
    profile: request.profile,
    credentials: callerCredentials(),
    hardwareCapabilities: { hwcap: 0, hwcap2: 0, minimumSignalStackBytes: 0 },
    pagePolicy: request.policy,
    hostPageBytes: request.hostPageBytes,
    ...(request.seed !== undefined && { randomizationSeed: request.seed }),
  });
  return { request, outcome, images: imageReports(request, outcome, files) };
}

/** After a refusal the named file itself is looked at, so that its plan can still be shown. */
function imageReports(request: MapsRequest, outcome: ExecOutcome, files: HostExecutables): ImageReport[] {
  const path = outcome.ok ? outcome.executablePath : request.program;
  const file = outcome.ok ? outcome.file : files.open(path);
  const elf = typeof file === 'number' ? undefined : openElf(file);
  if (elf === undefined) return [];
  const { policy, hostPageBytes } = request;
  const bias = outcome.ok ? BigInt(outcome.loadBias) : 0n;
  const program = reportImage({ role: 'program', path, bias, elf }, policy, hostPageBytes);
  if (!outcome.ok || elf.interpreter === undefined) return [program];
  const interpreterFile = files.open(elf.interpreter);
  const interpreter = typeof interpreterFile === 'number' ? undefined : openElf(interpreterFile);
  if (interpreter === undefined) return [program];
  const loaded = {
    role: 'interpreter' as const,
    path: elf.interpreter,
    bias: BigInt(outcome.interpreterBase),
    elf: interpreter,
  };
  return [program, reportImage(loaded, policy, hostPageBytes)];
}
