// Runs execve for `elf explain`, and judges the file by every rule when it is refused.
import {
  type BinfmtMiscTable,
  type ExecOutcome,
  execve,
  type ImageFinding,
  judgeImage,
  type LoaderProfile,
} from '@elf/exec';
import { GuestMemory } from '@elf/mm';
import { callerCredentials } from '../caller-identity.ts';
import type { HostExecutables } from '../host-executables.ts';
import type { ExplainRequest } from './explain-option-rows.ts';

/** What happened, and all that stands in the way. */
export interface ExecStory {
  readonly request: ExplainRequest;
  readonly outcome: ExecOutcome;
  /** After a refusal: every rule of the profile that the named file breaks, in the order of the loader. */
  readonly broken: readonly ImageFinding[];
}

/** Loads the program up to its first instruction. Reads files, runs nothing. */
export function tellStory(request: ExplainRequest, files: HostExecutables, binfmtMisc: BinfmtMiscTable): ExecStory {
  const { profile, policy, hostPageBytes, seed } = request;
  const outcome = execve({
    path: request.program,
    argv: [request.program, ...request.programArguments],
    envp: request.environment,
    files,
    memory: new GuestMemory(),
    // The story must not differ from run to run, so AT_RANDOM's bytes are zeros here.
    entropy: { fill: (bytes) => bytes.fill(0) },
    profile,
    binfmtMisc,
    credentials: callerCredentials(),
    hardwareCapabilities: { hwcap: 0, hwcap2: 0, minimumSignalStackBytes: 0 },
    hostPageBytes,
    ...(policy && { pagePolicy: policy }),
    ...(seed !== undefined && { randomizationSeed: seed }),
  });
  return { request, outcome, broken: outcome.ok ? [] : brokenRules(request, files) };
}

function brokenRules({ program, profile, hostPageBytes, policy }: ExplainRequest, files: HostExecutables) {
  const file = files.open(program);
  if (typeof file === 'number' || !file.isRegularFile) return [];
  // A policy copies what cannot be mapped, so that nothing need be congruent for it.
  const pageBytes = policy && !policy.isHostKernel ? 1 : hostPageBytes;
  return judgeImage(profile, file.source, { hostPageBytes: pageBytes }).findings;
}

/** What an error after the point of no return does under a profile. */
export function lateFate({ traits }: LoaderProfile): string {
  return traits?.lateFailure ?? 'SIGSEGV';
}
