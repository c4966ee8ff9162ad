// The story of execve on one page: from a path to a program ready for its first instruction, without a CPU.
import { AddressSpace, type LayoutRandomization } from '@elf/mm';
import { decodeText, encodeText } from '@elf/parse';
import { FIRST_FREE_DESCRIPTOR } from './auxiliary-vector.ts';
import type { FormatRefusal, LoadContext } from './binary-format.ts';
import { walkFormats } from './binfmt-list.ts';
import { Binprm, DEFAULT_STACK_LIMIT } from './binprm.ts';
import { errnoName } from './exec-errno.ts';
import { ExecRecord, hex } from './exec-record.ts';
import type { ExecOutcome, ExecRequest } from './exec-request.ts';
import { fileCredentials } from './file-credentials.ts';
import { mappingPageBytes } from './image-target.ts';
import { checkPassed, isCheckOnly, openExecutable, openProgram } from './open-program.ts';
import { type StartLayout, startLayout } from './start-layout.ts';

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
  const { lateFailure = 'SIGSEGV', keepsEmptyArguments, kernelFunctions } = request.profile.traits ?? {};
  const record = new ExecRecord(kernelFunctions);
  let space: AddressSpace | undefined;
  const fail = (refused: FormatRefusal): ExecOutcome => {
    space?.destroy();
    const isFatal = space !== undefined && lateFailure !== 'error';
    if (isFatal) recordDeath(record, refused, lateFailure);
    const { errno, refusal } = refused;
    return { ok: false, errno, afterPointOfNoReturn: isFatal, refusal, record: record.steps };
  };
  const context: LoadContext = {
    request,
    record,
    openExecutable: (path) => openExecutable(path, request.files, record),
    beginNewExec: (layout) => {
      const chosen = layout ?? startLayout(request.profile.layout, request, mappingPageBytes(request));
      space = beginNewExec(request, record, chosen);
      return space;
    },
  };

  const opened = openProgram(request, record);
  if ('kind' in opened) return fail(opened);
  const { filename, file } = opened;
  const { stackTop } = request.profile.layout;
  const strings = { argv: argumentsOf(request, keepsEmptyArguments === true), envp: request.envp.map(toBytes) };
  const binprm = new Binprm(filename, file, strings, stackTop, request.limits);
  binprm.isPathInaccessible = opened.isPathInaccessible;
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
  if (isCheckOnly(request)) return fail(checkPassed());

  const walked = walkFormats(binprm, request.profile, context, () => space !== undefined);
  if (walked.kind === 'refused') return fail(walked);
  const descriptor = request.lowestFreeDescriptor ?? FIRST_FREE_DESCRIPTOR;
  return {
    ok: true,
    ...walked.image,
    format: walked.format,
    file: binprm.file,
    executablePath: decodeText(binprm.path),
    passedFile: binprm.passedFile && { file: binprm.passedFile, descriptor },
    credentials: fileCredentials(request.credentials, binprm.credentialFile),
    filename: decodeText(filename),
    argv: binprm.argv,
    record: record.steps,
  };
}

/** begin_new_exec: from here on there is no program to return an error to. */
function beginNewExec(request: ExecRequest, record: ExecRecord, layout: StartLayout): AddressSpace {
  const { limits, credentials } = request;
  const { taskSize, mmapBase, randomization } = layout;
  const stackLimitInBytes = limits?.stackLimitInBytes ?? DEFAULT_STACK_LIMIT;
  record.add({
    step: 'point of no return',
    kernelFunction: 'begin_new_exec',
    inputs: {
      stackLimit: hex(stackLimitInBytes === Number.POSITIVE_INFINITY ? 0 : stackLimitInBytes),
      mmapBase: hex(mmapBase),
    },
    decision:
      request.profile.traits?.lateFailure === 'error'
        ? 'the new address space is built beside the old one'
        : 'the old program is gone; an error now kills the process',
  });
  if (randomization) recordRandomization(request, record, randomization);
  return new AddressSpace(request.memory, {
    taskSize,
    mmapBase,
    minimumAddress: credentials.mayMapLowPages ? 0 : layout.minimumAddress,
    mappingGranularity: mappingPageBytes(request),
    hugePageBytes: layout.hugePageBytes,
    stackLimitInBytes,
    addressSpaceLimitInBytes: limits?.addressSpaceLimitInBytes,
    dataLimitInBytes: limits?.dataLimitInBytes,
  });
}

function recordRandomization(request: ExecRequest, record: ExecRecord, offsets: LayoutRandomization): void {
  const { stackOffset, mmapOffset, executableOffset, brkOffset, stackFineOffset } = offsets;
  record.add({
    step: 'randomise layout',
    kernelFunction: 'arch_pick_mmap_layout',
    inputs: {
      seed: request.randomizationSeed ?? 0,
      stackTop: `-${hex(stackOffset)}`,
      mmapBase: `-${hex(mmapOffset)}`,
      dynamicBase: `+${hex(executableOffset)}`,
      brk: `+${hex(brkOffset)}`,
      stackPointer: `-${hex(stackFineOffset)}`,
    },
    decision: 'stack, mmap area, position-independent programs and heap are moved as with randomize_va_space=2',
  });
}

function recordDeath(record: ExecRecord, refused: FormatRefusal, signal: string): void {
  record.add({
    step: 'kill',
    kernelFunction: 'bprm_execve',
    inputs: { errno: errnoName(refused.errno) },
    decision: `the process is killed by ${signal}`,
    errno: refused.errno,
  });
}

/** Since 5.18 an empty argv becomes one empty string, so that no program starts with argc 0. */
function argumentsOf({ argv }: ExecRequest, keepsEmpty: boolean): Uint8Array[] {
  return argv.length > 0 || keepsEmpty ? argv.map(toBytes) : [new Uint8Array(0)];
}

function toBytes(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? encodeText(text) : text;
}
