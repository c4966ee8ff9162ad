// The Plan 9 a.out format for 386 and amd64: from the unaligned file into memory, as that system's sysexec does it.
import { type AddressSpace, type Backing, Protection, UserMemory } from '@elf/mm';
import { GUEST_PAGE_BYTES, guestPageAddress, guestPageCeiling } from '@elf/pagesize';
import { decodePlan9Header, decodeText, type Plan9Header } from '@elf/parse';
import {
  type BinaryFormat,
  type FormatOutcome,
  type FormatRefusal,
  type LoadContext,
  refuse,
} from '../binary-format.ts';
import type { Binprm } from '../binprm.ts';
import { ExecErrno } from '../exec-errno.ts';
import { hex } from '../exec-record.ts';
import { plan9Stack } from '../plan9/initial-stack.ts';
import { type Plan9Target, targetNames, targetOf } from '../plan9/machines.ts';
import { headerFault, type Plan9Segments, placeSegments } from '../plan9/segments.ts';
import { sourceBacking, windowBacking } from '../plan9/window-backing.ts';

/** Set in the magic of loadable modules, which share the rest of the format (a.out(6), DYN_MAGIC). */
const MODULE_FLAG = 0x8000_0000;
const LONGEST_HEADER = 40;
const READ_WRITE_EXECUTE = Protection.Read | Protection.Write | Protection.Execute;

/** Row of the binfmt list: Plan 9 programs. Who answers their system calls is the personality's business. */
export const plan9Format: BinaryFormat = {
  name: 'plan9',
  load: loadPlan9,
  judge(header, fileBytes) {
    const program = examine(header, fileBytes);
    return 'kind' in program ? program.refusal : undefined;
  },
};

interface Plan9Program {
  readonly target: Plan9Target;
  readonly header: Plan9Header;
  readonly segments: Plan9Segments;
}

function loadPlan9(binprm: Binprm, context: LoadContext): FormatOutcome {
  const program = examine(binprm.header, binprm.file.source.size);
  if ('kind' in program) return program;
  const { target, header, segments } = program;
  const stack = plan9Stack(
    target,
    binprm.argv,
    context.request.processId ?? 1,
    segments.stackTop - segments.stackStart,
  );
  if (stack === undefined) {
    return refuse(ExecErrno.E2BIG, 'plan9-arguments', 'The arguments do not fit the stack segment of 16 MiB.');
  }
  context.record.add({
    step: 'check header',
    kernelFunction: 'sysexec',
    inputs: { machine: target.machine.name, text: header.text, data: header.data, bss: header.bss },
    decision: `code ${hex(segments.textStart)}-${hex(segments.textEnd)} holds the entry ${hex(header.entry)}`,
  });

  noteMissingBytes(program, binprm, context);

  const space = newSpace(segments, context);
  const failure = mapSegments(space, program, binprm, context);
  if (failure) return failure;
  if (!new UserMemory(space).write(stack.stackPointer, stack.bytes)) {
    return refuse(ExecErrno.ENOMEM, 'plan9-stack-write', 'There is no memory for the initial stack.');
  }
  const brk = segments.end;
  space.setProgramBreak(brk);
  space.setStackStart(stack.stackPointer);
  context.record.add({
    step: 'write stack',
    kernelFunction: 'sysexec',
    inputs: { argc: binprm.argv.length, environmentDropped: binprm.envp.length, tos: hex(stack.tos) },
    decision: `sp is ${hex(stack.stackPointer)}; the environment of Plan 9 is files, so none is on the stack`,
  });
  const entry = Number(header.entry);
  context.record.add({
    step: 'start',
    kernelFunction: 'execregs',
    inputs: { entry: hex(entry), tos: hex(stack.tos), brk: hex(brk) },
    decision: `${decodeText(binprm.path)} starts at ${hex(entry)} with the address of its Tos in the first register`,
  });
  return {
    kind: 'loaded',
    image: {
      abi: target.abi,
      personality: 'plan9',
      registers: { rax: BigInt(stack.tos) },
      floatingPoint: target.floatingPoint,
      space,
      entry,
      stackPointer: stack.stackPointer,
      brk,
      programEntry: entry,
      loadBias: 0,
      interpreterBase: 0,
      isStackExecutable: true,
      marks: {
        startCode: segments.textStart,
        endCode: segments.textEnd,
        startData: segments.dataStart,
        endData: segments.dataEnd,
        argumentStart: stack.argumentStart,
        argumentEnd: stack.argumentEnd,
        environmentStart: stack.argumentEnd,
        environmentEnd: stack.argumentEnd,
      },
      auxiliaryVector: [],
    },
  };
}

/** Every question that is asked before the point of no return. Plan 9's answer to all of them is "exec header invalid". */
function examine(buffer: Uint8Array, fileBytes: number): Plan9Program | FormatRefusal {
  const bytes = buffer.subarray(0, Math.min(LONGEST_HEADER, fileBytes));
  const magic = bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const invalid = (rule: string, sentence: string) => refuse(ExecErrno.ENOEXEC, rule, sentence);
  if (magic >= MODULE_FLAG && decodePlan9Header(withoutModuleFlag(bytes))) {
    return invalid('plan9-module', 'The file is a loadable module of Plan 9 (DYN_MAGIC), not a program.');
  }
  const header = decodePlan9Header(bytes);
  if (header === undefined) {
    const isCut = decodePlan9Header(padded(bytes)) !== undefined;
    return isCut
      ? invalid('plan9-header', `The file ends after ${bytes.length} bytes, inside the a.out header.`)
      : invalid('plan9-magic', 'The file does not start with a Plan 9 a.out magic.');
  }
  const target = targetOf(header.machine);
  if (target === undefined) {
    const sentence = `The file is a Plan 9 program for ${header.machine.name}; only ${targetNames()} run on x86.`;
    return invalid('plan9-machine', sentence);
  }
  const segments = placeSegments(target, header);
  const fault = headerFault(header, segments);
  return fault ? invalid(fault.rule, fault.sentence) : { target, header, segments };
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(LONGEST_HEADER);
  whole.set(bytes);
  return whole;
}

function withoutModuleFlag(bytes: Uint8Array): Uint8Array {
  const plain = padded(bytes);
  plain[0] &= 0x7f;
  return plain;
}

/** An address space with Plan 9's borders: text may start at the second page, nothing lies above the stack, pages have 4 KiB. */
function newSpace({ textStart, stackStart, stackTop }: Plan9Segments, context: LoadContext): AddressSpace {
  const { layout } = context.request.profile;
  const minimumAddress = Math.min(layout.minimumAddress, textStart);
  const space = context.beginNewExec({ ...layout, minimumAddress, taskSize: stackTop, stackTop, mmapBase: stackStart });
  // The segments start where the file format says, whatever the host's pages are: this memory is nobody's mmap.
  space.layout.mappingGranularity = GUEST_PAGE_BYTES;
  space.layout.taskSize = stackTop;
  return space;
}

/** Plan 9 does not look at the size of the file: a program may start and die where it touches what is not there. */
function noteMissingBytes({ header }: Plan9Program, binprm: Binprm, context: LoadContext): void {
  const missing = header.symbolsOffset - binprm.file.source.size;
  if (missing <= 0) return;
  context.record.add({
    step: 'check file size',
    kernelFunction: 'pio',
    inputs: { needed: header.symbolsOffset, fileBytes: binprm.file.source.size },
    decision: `the last ${missing} bytes of text and data are missing: a touch of their pages is a bus error`,
  });
}

/** A part of the address space to map. */
interface Part {
  readonly what: string;
  readonly kernelFunction: string;
  readonly start: number;
  readonly end: number;
  readonly protection: number;
  readonly backing?: Backing;
  readonly offset?: number;
}

function mapSegments(
  space: AddressSpace,
  program: Plan9Program,
  binprm: Binprm,
  context: LoadContext,
): FormatRefusal | undefined {
  for (const part of partsOf(program, binprm)) {
    const { start, end, what, kernelFunction, backing, offset } = part;
    if (end <= start) continue;
    const mapped = space.map({
      address: start,
      length: end - start,
      protection: part.protection,
      fixed: 'no-replace',
      backing,
      offset,
    });
    const place = `${hex(start)}-${hex(end)}`;
    context.record.add({
      step: `map ${what}`,
      kernelFunction,
      inputs: { start: hex(start), end: hex(end), from: backing ? 'file' : 'zeros' },
      decision: mapped < 0 ? `${place} cannot be mapped` : `${place}, filled when it is touched`,
      errno: mapped < 0 ? -mapped : undefined,
    });
    if (mapped < 0) return refuse(-mapped, 'plan9-map', `The ${what} cannot be mapped at ${place}.`);
  }
  return undefined;
}

/**
 * The segments as mappings. Whole pages of text are the file's own pages, shared by all that run it; its last page and the
 * data go through windows, because what follows them in the file is not theirs.
 */
function partsOf({ header, segments }: Plan9Program, binprm: Binprm): readonly Part[] {
  const file = binprm.file.backing ?? sourceBacking(binprm.file.source);
  const { textStart, textEnd, dataStart, bssStart, bssEnd, stackStart, stackTop } = segments;
  // UTZERO is a page and the first byte of the file goes there, so file offsets are congruent with addresses.
  const wholeText = guestPageAddress(textEnd);
  const tailEnd = guestPageCeiling(textEnd);
  const tail = windowBacking(file, 0, header.dataOffset);
  const whole = file.sizeInBytes() >= header.dataOffset ? file : tail;
  const data = windowBacking(file, header.dataOffset, header.data);
  // The 4th edition lets programs execute data and stack; only recent 9front forbids it.
  const rest = { protection: READ_WRITE_EXECUTE, kernelFunction: 'newseg' };
  const text = { protection: Protection.Read | Protection.Execute, kernelFunction: 'attachimage' };
  return [
    { ...text, what: 'text', start: textStart, end: wholeText, backing: whole },
    {
      ...text,
      what: 'last page of text',
      start: wholeText,
      end: tailEnd,
      backing: tail,
      offset: wholeText - textStart,
    },
    { ...rest, what: 'data', start: dataStart, end: bssStart, backing: data },
    { ...rest, what: 'bss', start: bssStart, end: bssEnd },
    { ...rest, what: 'stack', start: stackStart, end: stackTop },
  ];
}
