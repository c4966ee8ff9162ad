// Runs execve over files that exist only in a test.
import { bytesBacking } from '@elf/mm';
import { bytesSource } from '@elf/parse';
import { ExecErrno } from '../exec-errno.ts';
import type { ExecFile, ExecFiles, ExecOutcome, ExecRequest, ExecSuccess } from '../exec-request.ts';
import { execve } from '../execve.ts';
import type { LoaderProfile } from '../loader-profile.ts';
import { findLoaderProfile } from '../profiles/index.ts';
import { linuxProfile } from '../profiles/linux.ts';
import { oneMemory } from './one-memory.ts';

/** A file: its content, or a complete answer of the port. */
export type TestFile = Uint8Array | string | Partial<ExecFile>;

/** The port over a table of paths. */
export function filesFrom(table: Readonly<Record<string, TestFile>>): ExecFiles {
  return {
    open(path) {
      const entry = table[path];
      if (entry === undefined) return ExecErrno.ENOENT;
      const isContent = typeof entry === 'string' || entry instanceof Uint8Array;
      const bytes = typeof entry === 'string' ? Uint8Array.from(entry, (c) => c.charCodeAt(0)) : entry;
      const content = bytes instanceof Uint8Array ? bytes : new Uint8Array(0);
      const file = { source: bytesSource(content), backing: bytesBacking(content), mode: 0o755, isRegularFile: true };
      return isContent ? file : { ...file, ...entry };
    },
  };
}

/** Executes `/program` of the table with what the test does not say filled in. */
export function run(table: Readonly<Record<string, TestFile>>, changes: Partial<ExecRequest> = {}): ExecOutcome {
  return execve({
    path: '/program',
    argv: ['program'],
    envp: [],
    files: filesFrom(table),
    memory: oneMemory(),
    entropy: { fill: (bytes) => bytes.fill(0xa5) },
    profile: linuxProfile,
    credentials: { uid: 1000, euid: 1000, gid: 1000, egid: 1000 },
    hardwareCapabilities: { hwcap: 0x1f8bfbff, hwcap2: 2, minimumSignalStackBytes: 3632 },
    ...changes,
  });
}

/** The success, or a test failure that shows the refusal. */
export function succeed(outcome: ExecOutcome): ExecSuccess {
  if (!outcome.ok) throw new Error(`refused: ${outcome.refusal.rule}: ${outcome.refusal.sentence}`);
  return outcome;
}

/** Short form of an outcome for tables: "ok", an errno number, or "SIGSEGV". */
export function verdict(outcome: ExecOutcome): 'ok' | 'SIGSEGV' | number {
  if (outcome.ok) return 'ok';
  return outcome.afterPointOfNoReturn ? 'SIGSEGV' : outcome.errno;
}

/** A profile by its name, or a test failure. */
export function profileNamed(name: string): LoaderProfile {
  const profile = findLoaderProfile(name);
  if (profile === undefined) throw new Error(`there is no profile ${name}`);
  return profile;
}
