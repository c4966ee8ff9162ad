// The ELF format: from a readable image to a program in memory, as load_elf_binary does it, for 64-bit and 32-bit programs.
import { Protection } from '@elf/mm';
import { PF, PT } from '@elf/parse';
import {
  type BinaryFormat,
  type FormatOutcome,
  type FormatRefusal,
  type LoadContext,
  refuse,
} from '../binary-format.ts';
import type { Binprm } from '../binprm.ts';
import { errnoName } from '../exec-errno.ts';
import { hex } from '../exec-record.ts';
import { emulatorOf, hostPageBytesOf, type ImageTarget, mappingPageBytes } from '../image-target.ts';
import type { MapFailure } from '../map-image.ts';
import { inheritedFlags, limitedLayout, PersonalityFlag } from '../personality-flags.ts';
import { mapStack } from '../stack-writer.ts';
import { startLayout } from '../start-layout.ts';
import { type ElfAbi, I386_ABI, X86_64_ABI } from './elf-abi.ts';
import { type ElfImage, readElfImage } from './elf-image.ts';
import { checkInterpreter, mapInterpreter, openInterpreter } from './elf-interpreter.ts';
import { mapProgram } from './elf-program.ts';
import { firstFailure } from './elf-rule.ts';
import { interpreterHeader } from './rule-facts.ts';
import { startElf } from './elf-start.ts';

const ET_EXEC = 2;

/** Row of the binfmt list: load_elf_binary (fs/binfmt_elf.c). */
export const elfFormat: BinaryFormat = { name: 'elf', load: (binprm, context) => loadElf(binprm, context, X86_64_ABI) };

/** Row of the binfmt list: the same loader for 32-bit programs (fs/compat_binfmt_elf.c). */
export const elfI386Format: BinaryFormat = {
  name: 'elf-i386',
  load: (binprm, context) => loadElf(binprm, context, I386_ABI),
};

function loadElf(binprm: Binprm, context: LoadContext, abi: ElfAbi): FormatOutcome {
  const { profile } = context.request;
  const image = readElfImage(binprm.file, binprm.header, profile, abi);
  if ('sentence' in image) return fatal(image);
  context.record.add({
    step: 'check headers',
    kernelFunction: 'load_elf_binary',
    inputs: {
      type: image.header.type === ET_EXEC ? 'ET_EXEC' : 'ET_DYN',
      machine: image.header.machine,
      abi: abi.name,
      programHeaders: image.header.phnum,
      tableOffset: hex(image.header.phoff),
    },
    decision: `all ${profile.elfRules.length} rules of ${profile.name} hold`,
  });
  const opensLate = profile.traits?.interpreterTime === 'after-mapping';
  const early = opensLate ? undefined : openInterpreter(image, context);
  if (early && 'kind' in early) return early;
  const flags = inheritedFlags(context.request, binprm.credentialFile, abi, context.record);
  const rights = executableMemory(image, context, flags);
  const checkedEarly = early && checkInterpreter(early, context);
  if (checkedEarly && 'kind' in checkedEarly) return checkedEarly;

  const refused = firstFailure(profile.elfRules, ['final'], image.candidate);
  if (refused) return fatal(refused);
  const target = newTarget(context, abi, rights.isAll, flags);
  const failed = mapInitialStack(target, binprm, rights.isStackExecutable);
  if (failed) return failed;
  const hasInterpreter = interpreterHeader(image, profile.interpreterHeader) !== undefined;
  const program = mapProgram(target, image, hasInterpreter);
  if ('sentence' in program) return fatal(program);
  const late = opensLate ? openInterpreter(image, context) : undefined;
  if (late && 'kind' in late) return late;
  const checked = late ? checkInterpreter(late, context) : checkedEarly;
  if (checked && 'kind' in checked) return checked;
  const interpreter = checked && mapInterpreter(target, checked, program);
  if (interpreter && 'sentence' in interpreter) return fatal(interpreter);
  if (flags & PersonalityFlag.MmapPageZero) mapPageZero(target);
  return startElf({ target, binprm, image, program, interpreter, isStackExecutable: rights.isStackExecutable });
}

function fatal(failure: MapFailure): FormatRefusal {
  return refuse(failure.errno, failure.rule, failure.sentence);
}

/**
 * The last PT_GNU_STACK decides about the stack. Without one an x86-64 stack is not executable, while an i386 program is taken
 * for one of the time before such permissions: whatever it can read it can execute (arch/x86/include/asm/elf.h,
 * elf_read_implies_exec).
 */
function executableMemory(image: ElfImage, context: LoadContext, flags: number) {
  const header = image.programHeaders.findLast(({ type }) => type === PT.GNU_STACK);
  const isAsked = header === undefined || (header.flags & PF.X) !== 0;
  const governsData = context.request.profile.traits?.stackFlagGovernsData === true;
  const isLegacy = governsData ? isAsked : header === undefined && image.abi.executableWithoutStackHeader === 'all';
  const isStackExecutable = isLegacy || (header !== undefined && (header.flags & PF.X) !== 0);
  // Inherited, the flag is about data only: a PT_GNU_STACK still speaks for the stack.
  const isAll = isLegacy || (flags & PersonalityFlag.ReadImpliesExecute) !== 0;
  context.record.add({
    step: 'stack permissions',
    kernelFunction: 'load_elf_binary',
    inputs: { hasGnuStack: header !== undefined, flags: header?.flags ?? 0 },
    decision: `${isStackExecutable ? 'the stack is executable' : 'the stack is not executable'}${isAll ? '; everything readable can be executed' : ''}`,
  });
  return { isAll, isStackExecutable };
}

/** Passes the point of no return with the layout of this flavour of programs. */
function newTarget(context: LoadContext, abi: ElfAbi, readImpliesExecute: boolean, flags: number): ImageTarget {
  const { request, record } = context;
  const pageBytes = mappingPageBytes(request);
  const limited = limitedLayout(abi.layout(request.profile), flags, abi, pageBytes);
  const layout = startLayout(limited, request, pageBytes, abi.elfClass, flags);
  const space = context.beginNewExec(layout);
  const hostPageBytes = hostPageBytesOf(request);
  return { space, layout, pageBytes, readImpliesExecute, policy: emulatorOf(request), hostPageBytes, record, request };
}

/** MMAP_PAGE_ZERO, for programs of System V that read through null pointers. Whether it succeeds is nobody's business. */
function mapPageZero({ space, pageBytes, record }: ImageTarget): void {
  const protection = Protection.Read | Protection.Execute;
  const mapped = space.map({ address: 0, length: pageBytes, protection, fixed: 'replace' });
  record.add({
    step: 'map page zero',
    kernelFunction: 'load_elf_binary',
    inputs: { mmapPageZero: true },
    decision:
      mapped < 0 ? `page 0 cannot be mapped (${errnoName(-mapped)}), which is ignored` : 'page 0 reads as zeros',
  });
}

function mapInitialStack(target: ImageTarget, binprm: Binprm, isExecutable: boolean): FormatRefusal | undefined {
  const { space, layout, pageBytes, record } = target;
  const stack = mapStack(space, binprm, layout, pageBytes, isExecutable);
  if (stack < 0) return refuse(-stack, 'stack-map', 'The initial stack cannot be mapped.');
  record.add({
    step: 'map stack',
    kernelFunction: 'setup_arg_pages',
    inputs: { strings: hex(binprm.cursor), executable: isExecutable },
    decision: `stack ${hex(stack)}-${hex(layout.stackTop)}`,
  });
  return undefined;
}
