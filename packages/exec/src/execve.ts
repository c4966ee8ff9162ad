// The story of execve on one page: from a path to a program ready for its first instruction, without a CPU.
import { AddressSpace, STACK_GUARD_BYTES } from '@elf/mm';
import { guestPageCeiling } from '@elf/pagesize';
import { decodeText, encodeText } from '@elf/parse';
import { type FormatRefusal, type LoadContext, refuse } from './binary-format.ts';
import { walkFormats } from './binfmt-list.ts';
import { Binprm, DEFAULT_STACK_LIMIT } from './binprm.ts';
import { ExecErrno, errnoName } from './exec-errno.ts';
import { ExecRecord, hex } from './exec-record.ts';
import type { ExecFile, ExecOutcome, ExecRequest } from './exec-request.ts';

const EXECUTE_BITS = 0o111;

/**
 * Does what execve(2) does up to the first instruction of the new program: opens the file, asks the binary formats, maps the
 * image and writes the initial stack, in Linux's order, with Linux's errors. Nothing a program can contain throws.
 *
 * @returns the program in a new address space, or why it was refused. A refusal after the point of no return means that the
 * calling process dies of SIGSEGV.
 * @example
 * const outcome = execve({ path: '/bin/true', argv: ['true'], envp: [], files, memory, entropy, profile: linuxProfile,
 *   credentials: { uid: 1000, euid: 1000, gid: 1000, egid: 1000 }, hardwareCapabilities });
 * if (outcome.ok) console.log(outcome.entry, outcome.stackPointer);
 */
export function execve(request: ExecRequest): ExecOutcome {
  const record = new ExecRecord();
  const filename = toBytes(request.path);
  let space: AddressSpace | undefined;
  const fail = (refused: FormatRefusal): ExecOutcome => {
    space?.destroy();
    if (space) recordDeath(record, refused);
    const { errno, refusal } = refused;
    return { ok: false, errno, afterPointOfNoReturn: space !== undefined, refusal, record: record.steps };
  };
  const context: LoadContext = {
    request,
    record,
    openExecutable: (path) => openExecutable(path, request, record),
    beginNewExec: () => (space = beginNewExec(request, record)),
  };

  const file = context.openExecutable(filename);
  if ('kind' in file) return fail(file);
  const { stackTop } = request.profile.layout;
  const strings = { argv: firstArgumentGuaranteed(request.argv.map(toBytes)), envp: request.envp.map(toBytes) };
  const binprm = new Binprm(filename, file, strings, stackTop, request.limits);
  const tooBig = binprm.copyStrings();
  record.add({
    step: 'copy strings',
    kernelFunction: 'bprm_execve',
    inputs: {
      argc: strings.argv.length,
      envc: strings.envp.length,
      lowest: hex(binprm.cursor),
      limit: hex(binprm.floor),
    },
    decision: tooBig?.refusal.sentence ?? `the strings take ${stackTop - binprm.cursor} bytes`,
    errno: tooBig?.errno,
  });
  if (tooBig) return fail(tooBig);

  const walked = walkFormats(binprm, request.profile, context, () => space !== undefined);
  if (walked.kind === 'refused') return fail(walked);
  return {
    ok: true,
    ...walked.image,
    format: walked.format,
    file: binprm.file,
    executablePath: decodeText(binprm.path),
    filename: decodeText(filename),
    argv: binprm.argv,
    record: record.steps,
  };
}

/** do_open_execat: what every file that is executed must satisfy, program or interpreter. */
function openExecutable(path: Uint8Array, request: ExecRequest, record: ExecRecord): ExecFile | FormatRefusal {
  const name = decodeText(path);
  const opened = checkExecutable(name, path.length === 0 ? 'empty' : request.files.open(name, path));
  record.add({
    step: 'open',
    kernelFunction: 'do_open_execat',
    inputs: { path: name },
    decision: 'kind' in opened ? opened.refusal.sentence : 'it is a regular file with an execute bit',
    errno: 'kind' in opened ? opened.errno : undefined,
  });
  return opened;
}

function checkExecutable(name: string, opened: ExecFile | number | 'empty'): ExecFile | FormatRefusal {
  // An empty interpreter name resolves to the current directory, which is not a regular file.
  if (opened === 'empty') return refuse(ExecErrno.EACCES, 'open-empty', 'The path is empty and so names a directory.');
  if (typeof opened === 'number') {
    return refuse(opened, 'open-path', `Opening ${name} for execution failed with ${errnoName(opened)}.`);
  }
  if (!opened.isRegularFile) return refuse(ExecErrno.EACCES, 'open-type', `${name} is not a regular file.`);
  if ((opened.mode & EXECUTE_BITS) === 0) {
    return refuse(ExecErrno.EACCES, 'open-mode', `${name} has no execute permission for anybody.`);
  }
  if (opened.isOpenForWriting) return refuse(ExecErrno.ETXTBSY, 'open-busy', `${name} is open for writing.`);
  return opened;
}

/** begin_new_exec: from here on there is no program to return an error to. */
function beginNewExec(request: ExecRequest, record: ExecRecord): AddressSpace {
  const { layout } = request.profile;
  const { limits } = request;
  const stackLimitInBytes = limits?.stackLimitInBytes ?? DEFAULT_STACK_LIMIT;
  const gap = Math.min(
    Math.max(stackLimitInBytes + STACK_GUARD_BYTES, layout.minimumMmapGap),
    Math.floor(layout.taskSize / 6) * 5,
  );
  const mmapBase = guestPageCeiling(layout.stackTop - gap);
  record.add({
    step: 'point of no return',
    kernelFunction: 'begin_new_exec',
    inputs: {
      stackLimit: hex(stackLimitInBytes === Number.POSITIVE_INFINITY ? 0 : stackLimitInBytes),
      mmapBase: hex(mmapBase),
    },
    decision: 'the old program is gone; an error now kills the process',
  });
  return new AddressSpace(request.memory, {
    taskSize: layout.taskSize,
    mmapBase,
    minimumAddress: request.credentials.mayMapLowPages ? 0 : layout.minimumAddress,
    stackLimitInBytes,
    addressSpaceLimitInBytes: limits?.addressSpaceLimitInBytes,
    dataLimitInBytes: limits?.dataLimitInBytes,
  });
}

function recordDeath(record: ExecRecord, refused: FormatRefusal): void {
  record.add({
    step: 'kill',
    kernelFunction: 'bprm_execve',
    inputs: { errno: errnoName(refused.errno) },
    decision: 'the process is killed by SIGSEGV',
    errno: refused.errno,
  });
}

/** Since 5.18 an empty argv becomes one empty string, so that no program starts with argc 0. */
function firstArgumentGuaranteed(argv: Uint8Array[]): Uint8Array[] {
  return argv.length > 0 ? argv : [new Uint8Array(0)];
}

function toBytes(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? encodeText(text) : text;
}
