// How execve and execveat begin: limits and flags, the name the program will see, and the opened file.
import { decodeText, encodeText } from '@elf/parse';
import { type FormatRefusal, refuse } from './binary-format.ts';
import { ExecErrno, errnoName } from './exec-errno.ts';
import type { ExecRecord } from './exec-record.ts';
import type { ExecFile, ExecFiles, ExecRequest } from './exec-request.ts';

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000; // not a page size: a flag of include/uapi/linux/fcntl.h
const AT_EXECVE_CHECK = 0x10000; // not a page size: the same
const KNOWN_FLAGS = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_EXECVE_CHECK;
const EXECUTE_BITS = 0o111;
const SLASH = 0x2f;

/** The file to execute and its name. */
export interface OpenedProgram {
  readonly file: ExecFile;
  /** AT_EXECFN and what scripts see: the path, or /dev/fd/N and what follows it. */
  readonly filename: Uint8Array;
  /** The name goes through a descriptor that is closed on exec. */
  readonly isPathInaccessible: boolean;
}

/**
 * Does what precedes reading the file (fs/exec.c, do_execveat_common and alloc_bprm).
 * @returns the file, or ENOENT for an empty path, EAGAIN, EINVAL for unknown flags, and the errors of opening.
 */
export function openProgram(request: ExecRequest, record: ExecRecord): OpenedProgram | FormatRefusal {
  const path = typeof request.path === 'string' ? encodeText(request.path) : request.path;
  const { flags = 0, descriptor } = request.at ?? {};
  const refused = refuseAtOnce(request, path, flags);
  if (refused) {
    record.add({
      step: 'begin',
      kernelFunction: 'do_execveat_common',
      inputs: { path: decodeText(path), flags },
      decision: refused.refusal.sentence,
      errno: refused.errno,
    });
    return refused;
  }
  const followsLastLink = (flags & AT_SYMLINK_NOFOLLOW) === 0;
  const isRelative = descriptor !== undefined && path[0] !== SLASH;
  const files = isRelative ? descriptor : request.files;
  const isWorkingDirectory = !isRelative && path.length === 0;
  const file = openWith(path, record, (name) =>
    isWorkingDirectory ? 'empty' : files.open(name, path, followsLastLink),
  );
  if ('kind' in file) return file;
  if (!isRelative) return { file, filename: path, isPathInaccessible: false };
  const below = path.length === 0 ? [] : [SLASH, ...path];
  const filename = Uint8Array.from([...encodeText(`/dev/fd/${descriptor.number}`), ...below]);
  return { file, filename, isPathInaccessible: descriptor.closesOnExec };
}

/** Opens an interpreter with the rules of execution. An empty name resolves to the current directory. */
export function openExecutable(path: Uint8Array, files: ExecFiles, record: ExecRecord): ExecFile | FormatRefusal {
  return openWith(path, record, (name) => (path.length === 0 ? 'empty' : files.open(name, path)));
}

/** do_open_execat: what every file that is executed must satisfy, program or interpreter. */
function openWith(
  path: Uint8Array,
  record: ExecRecord,
  open: (name: string) => ExecFile | number | 'empty',
): ExecFile | FormatRefusal {
  const name = decodeText(path);
  const opened = checkExecutable(name, open(name));
  record.add({
    step: 'open',
    kernelFunction: 'do_open_execat',
    inputs: { path: name },
    decision: 'kind' in opened ? opened.refusal.sentence : 'it is a regular file with an execute bit',
    errno: 'kind' in opened ? opened.errno : undefined,
  });
  return opened;
}

/** What the error numbers mean that people meet here (errno(3)). */
const MEANINGS: Readonly<Record<number, string>> = {
  [ExecErrno.ENOENT]: ': there is no such file',
  [ExecErrno.EACCES]: ': permission denied, for it or for a directory above it',
  [ExecErrno.ELOOP]: ': too many symbolic links',
};

/** What do_open_execat refuses after the path was walked. */
export function checkExecutable(name: string, opened: ExecFile | number | 'empty'): ExecFile | FormatRefusal {
  if (opened === 'empty') return refuse(ExecErrno.EACCES, 'open-empty', 'The path is empty and so names a directory.');
  if (typeof opened === 'number') {
    return refuse(
      opened,
      'open-path',
      `Opening ${name} for execution failed with ${errnoName(opened)}${MEANINGS[opened] ?? ''}.`,
    );
  }
  if (!opened.isRegularFile) return refuse(ExecErrno.EACCES, 'open-type', `${name} is not a regular file.`);
  if ((opened.mode & EXECUTE_BITS) === 0) {
    return refuse(ExecErrno.EACCES, 'open-mode', `${name} has no execute permission for anybody.`);
  }
  if (opened.isOpenForWriting) return refuse(ExecErrno.ETXTBSY, 'open-busy', `${name} is open for writing.`);
  return opened;
}

/** Whether only the permission to execute is asked for (AT_EXECVE_CHECK, Linux 6.14). */
export function isCheckOnly(request: ExecRequest): boolean {
  return ((request.at?.flags ?? 0) & AT_EXECVE_CHECK) !== 0;
}

/** The answer to a request that only checks: no error, and no program either. */
export function checkPassed(): FormatRefusal {
  return refuse(0, 'execve-check', 'Executing the file is permitted; AT_EXECVE_CHECK asked for no more.');
}

function refuseAtOnce(request: ExecRequest, path: Uint8Array, flags: number): FormatRefusal | undefined {
  if (path.length === 0 && (flags & AT_EMPTY_PATH) === 0) {
    return refuse(ExecErrno.ENOENT, 'path-empty', 'The path is empty.');
  }
  if (request.limits?.isProcessLimitExceeded) {
    return refuse(ExecErrno.EAGAIN, 'process-limit', 'The user has more processes than RLIMIT_NPROC allows.');
  }
  if ((flags & ~KNOWN_FLAGS) !== 0) {
    const unknown = (flags & ~KNOWN_FLAGS) >>> 0;
    return refuse(ExecErrno.EINVAL, 'execveat-flags', `The flags contain unknown bits 0x${unknown.toString(16)}.`);
  }
  return undefined;
}
