// The ELF format: from a readable image to a program in memory, as load_elf_binary does it.
import type { AddressSpace } from '@elf/mm';
import { guestPageAddress, guestPageCeiling } from '@elf/pagesize';
import { decodeText, PF, type ProgramHeader, PT } from '@elf/parse';
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
import { placeProgram } from '../image-placement.ts';
import { checkSegment, type MapFailure, mapSegment, totalMappingBytes } from '../map-image.ts';
import { mapStack, writeStack } from '../stack-writer.ts';
import { type ElfAbi, X86_64_ABI } from './elf-abi.ts';
import { type ElfImage, readElfImage } from './elf-image.ts';
import { checkInterpreter, openInterpreter } from './elf-interpreter.ts';
import { firstFailure, type SegmentCandidate } from './elf-rule.ts';

const ET_EXEC = 2;
const ET_DYN = 3;

/** Row of the binfmt list: load_elf_binary. */
export const elfFormat: BinaryFormat = { name: 'elf', load: (binprm, context) => loadElf(binprm, context, X86_64_ABI) };

function loadElf(binprm: Binprm, context: LoadContext, abi: ElfAbi): FormatOutcome {
  const { profile } = context.request;
  const image = readElfImage(binprm.file, binprm.header, profile, abi);
  if ('sentence' in image) {
    return refuse(image.errno, image.rule, image.sentence);
  }
  context.record.add({
    step: 'check headers',
    kernelFunction: 'load_elf_binary',
    inputs: {
      type: image.header.type === ET_EXEC ? 'ET_EXEC' : 'ET_DYN',
      machine: image.header.machine,
      programHeaders: image.header.phnum,
      tableOffset: hex(image.header.phoff),
    },
    decision: `all ${profile.elfRules.length} rules of ${profile.name} hold`,
  });
  const opened = openInterpreter(image, context);
  if (opened && 'kind' in opened) return opened;
  const isStackExecutable = wantsExecutableStack(image, context);
  const interpreter = opened && checkInterpreter(opened, context);
  if (interpreter && 'kind' in interpreter) return interpreter;

  const space = context.beginNewExec();
  const { stackTop, initialStackGrowth } = profile.layout;
  const stack = mapStack(space, binprm, stackTop, initialStackGrowth, isStackExecutable);
  if (stack < 0) return refuse(-stack, 'stack-map', 'The initial stack cannot be mapped.');
  context.record.add({
    step: 'map stack',
    kernelFunction: 'setup_arg_pages',
    inputs: { strings: hex(binprm.cursor), executable: isStackExecutable },
    decision: `stack ${hex(stack)}-${hex(stackTop)}`,
  });
  const program = mapProgram(space, image, interpreter !== undefined, context);
  if ('sentence' in program) return fatal(program);
  const loader = interpreter && mapInterpreter(space, interpreter, program.bias, context);
  if (loader && 'sentence' in loader) return fatal(loader);
  return finish(space, binprm, image, program, loader, isStackExecutable, context);
}

function fatal(failure: MapFailure): FormatRefusal {
  return refuse(failure.errno, failure.rule, failure.sentence);
}

/** The last PT_GNU_STACK decides; without one an x86-64 stack is not executable (arch/x86/include/asm/elf.h). */
function wantsExecutableStack(image: ElfImage, context: LoadContext): boolean {
  const header = image.programHeaders.findLast(({ type }) => type === PT.GNU_STACK);
  const isExecutable = header !== undefined && (header.flags & PF.X) !== 0;
  context.record.add({
    step: 'stack permissions',
    kernelFunction: 'load_elf_binary',
    inputs: { hasGnuStack: header !== undefined, flags: header?.flags ?? 0 },
    decision: isExecutable ? 'the stack is executable' : 'the stack is not executable',
  });
  return isExecutable;
}

interface MappedProgram {
  readonly bias: number;
  readonly programHeaderAddress: number;
  readonly startCode: number;
  readonly endCode: number;
  readonly startData: number;
  readonly endData: number;
  readonly brk: number;
}

function mapProgram(
  space: AddressSpace,
  image: ElfImage,
  hasInterpreter: boolean,
  context: LoadContext,
): MappedProgram | MapFailure {
  const { profile } = context.request;
  const broken = firstFailure(profile.elfRules, ['image'], image.candidate);
  if (broken) return broken;
  const placed = placeProgram(space, image, hasInterpreter, context);
  if ('sentence' in placed) return placed;
  let { bias } = placed;
  let isFirst = true;
  for (const segment of image.loads) {
    const unfit = checkSegment(
      profile.segmentRules,
      segmentCandidate(image, segment, isFirst && placed.firstFixing === undefined ? undefined : bias, context),
    );
    if (unfit) return unfit;
    const address = Number(segment.vaddr) + bias;
    const fixing = isFirst ? placed.firstFixing : 'replace';
    const totalBytes = isFirst ? placed.reservedBytes : 0;
    const page = mapSegment(space, { file: image.file, segment, address, fixing, totalBytes }, context.record);
    if (typeof page !== 'number') return page;
    // A program placed by the kernel's own choice learns its bias from where the first segment went.
    if (isFirst && image.header.type === ET_DYN) bias += page - guestPageAddress(address);
    isFirst = false;
  }
  return { bias, ...measure(image, bias, hasInterpreter, context) };
}

function segmentCandidate(
  image: ElfImage,
  segment: ProgramHeader,
  bias: number | undefined,
  { request }: LoadContext,
): SegmentCandidate {
  const { role, layout, fileBytes } = image.candidate;
  return {
    role,
    segment,
    earlier: image.loads.slice(0, image.loads.indexOf(segment)),
    address: segment.vaddr + BigInt(bias ?? 0),
    isMovable: bias === undefined,
    layout,
    hostPageBytes: request.profile.hostPageBytes,
    fileBytes,
    mayMapLowPages: request.credentials.mayMapLowPages === true,
  };
}

/** start_code and its companions, the address of the program headers, and where the heap starts. */
function measure(image: ElfImage, bias: number, hasInterpreter: boolean, context: LoadContext) {
  const { loads, header } = image;
  const { dynamicBase } = context.request.profile.layout;
  const isCode = ({ flags }: ProgramHeader) => (flags & PF.X) !== 0;
  const fileEnd = ({ vaddr, filesz }: ProgramHeader) => Number(vaddr + filesz) + bias;
  const memoryEnd = loads.reduce((end, { vaddr, memsz }) => Math.max(end, Number(vaddr + memsz) + bias), 0);
  const holder = loads.findLast(({ offset, filesz }) => offset <= header.phoff && header.phoff < offset + filesz);
  const programHeaderAddress = (holder ? Number(header.phoff - holder.offset + holder.vaddr) : 0) + bias;
  const isStaticPie = header.type === ET_DYN && !hasInterpreter;
  context.record.add({
    step: 'find program headers',
    kernelFunction: 'load_elf_binary',
    inputs: { tableOffset: hex(header.phoff), segment: holder ? holder.index : 'none' },
    decision: `AT_PHDR is ${hex(programHeaderAddress)}`,
  });
  return {
    programHeaderAddress,
    startCode: loads
      .filter(isCode)
      .reduce((low, { vaddr }) => Math.min(low, Number(vaddr) + bias), Number.MAX_SAFE_INTEGER),
    endCode: loads.filter(isCode).reduce((high, segment) => Math.max(high, fileEnd(segment)), 0),
    startData: loads.reduce((high, { vaddr }) => Math.max(high, Number(vaddr) + bias), 0),
    endData: loads.reduce((high, segment) => Math.max(high, fileEnd(segment)), 0),
    // A static PIE lies in the mmap area, where a heap would soon hit something: it gets the place of ordinary programs.
    brk: guestPageCeiling(isStaticPie ? dynamicBase : memoryEnd),
  };
}

interface MappedInterpreter {
  readonly base: number;
  readonly entry: number;
}

/** load_elf_interp: an ET_DYN goes where the kernel likes in one piece, an ET_EXEC replaces whatever is at its addresses. */
function mapInterpreter(
  space: AddressSpace,
  image: ElfImage,
  programBias: number,
  context: LoadContext,
): MappedInterpreter | MapFailure {
  const { profile } = context.request;
  const { type, entry } = image.header;
  const unmappable = firstFailure(profile.elfRules, ['image'], image.candidate);
  if (unmappable) return unmappable;
  const total = totalMappingBytes(image.loads);
  let base: number | undefined = type === ET_EXEC ? 0 : undefined;
  for (const segment of image.loads) {
    const unfit = checkSegment(profile.segmentRules, segmentCandidate(image, segment, base, context));
    if (unfit) return unfit;
    const vaddr = Number(segment.vaddr);
    // A relocated program frees the interpreter from its linked address; beside an ET_EXEC that address is a hint.
    const bias = base ?? (programBias !== 0 ? -guestPageAddress(vaddr) : 0);
    const request =
      base === undefined
        ? { file: image.file, segment, address: vaddr + bias, fixing: undefined, totalBytes: Number(total) }
        : { file: image.file, segment, address: vaddr + bias, fixing: 'replace' as const, totalBytes: 0 };
    const page = mapSegment(space, request, context.record);
    if (typeof page !== 'number') return page;
    base ??= page - guestPageAddress(vaddr);
  }
  const start = BigInt.asUintN(64, entry + BigInt(base ?? 0));
  const stray = firstFailure(profile.elfRules, ['entry'], { ...image.candidate, bias: BigInt(base ?? 0) });
  if (stray) return stray;
  return { base: base ?? 0, entry: Number(start) };
}

function finish(
  space: AddressSpace,
  binprm: Binprm,
  image: ElfImage,
  program: MappedProgram,
  loader: MappedInterpreter | undefined,
  isStackExecutable: boolean,
  context: LoadContext,
): FormatOutcome {
  const { profile } = context.request;
  const programEntry = BigInt.asUintN(64, image.header.entry + BigInt(program.bias));
  const stray = firstFailure(profile.elfRules, ['entry'], { ...image.candidate, bias: BigInt(program.bias) });
  if (loader === undefined && stray) return fatal(stray);
  space.setProgramBreak(program.brk);
  const facts = {
    programHeaderAddress: program.programHeaderAddress,
    programHeaderCount: image.header.phnum,
    programHeaderBytes: image.abi.programHeaderBytes,
    interpreterBase: loader?.base ?? 0,
    programEntry: Number(programEntry),
  };
  const stack = writeStack(space, binprm, context.request, facts, profile.layout.stackTop);
  if (stack === undefined) return refuse(ExecErrno.EFAULT, 'stack-write', 'The initial stack cannot be written.');
  space.setStackStart(stack.stackPointer);
  context.record.add({
    step: 'write stack',
    kernelFunction: 'create_elf_tables',
    inputs: { argc: binprm.argv.length, envc: binprm.envp.length, auxiliaryEntries: stack.auxiliaryVector.length },
    decision: `rsp is ${hex(stack.stackPointer)}`,
  });
  const entry = loader?.entry ?? Number(programEntry);
  context.record.add({
    step: 'start',
    kernelFunction: 'start_thread',
    inputs: { programEntry: hex(programEntry), interpreterBase: hex(loader?.base ?? 0), brk: hex(program.brk) },
    decision: `rip is ${hex(entry)}${loader ? `, in the interpreter; ${decodeText(binprm.path)} follows` : ''}`,
  });
  const { argumentStart, argumentEnd, environmentStart, environmentEnd } = stack;
  const { startCode, endCode, startData, endData } = program;
  return {
    kind: 'loaded',
    image: {
      abi: 'x86-64',
      personality: 'linux',
      registers: {},
      space,
      entry,
      stackPointer: stack.stackPointer,
      brk: program.brk,
      programEntry: Number(programEntry),
      loadBias: program.bias,
      interpreterBase: loader?.base ?? 0,
      isStackExecutable,
      marks: { startCode, endCode, startData, endData, argumentStart, argumentEnd, environmentStart, environmentEnd },
      auxiliaryVector: stack.auxiliaryVector,
    },
  };
}
