// gVisor on amd64: a kernel in user space whose loader follows Linux's with rules of its own.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { elfFormat } from '../formats/elf.ts';
import { X86_64_ABI } from '../formats/elf-abi.ts';
import { GVISOR_ELF_RULES, GVISOR_SEGMENT_RULES } from '../formats/gvisor-elf-rules.ts';
import { type ScriptLine, scriptFormat } from '../formats/script.ts';
import type { LoaderProfile } from '../loader-profile.ts';
import { writeGvisorStack } from './gvisor-stack.ts';
import { linuxProfile } from './linux.ts';

/** interpMaxLineLength, `#!` counted. */
const SCRIPT_LINE_BYTES = 127;
const LINE_FEED = 10;
/** The whole stack is mapped at once, because it does not grow. */
const WHOLE_STACK = 128 * 1024 * 1024;
/** The order of loadELF and Load. */
const AUXILIARY_ENTRIES = [3, 4, 5, 9, 7, 11, 12, 13, 14, 23, 17, 31, 25, 6, 33, 16, 26, 0];

/** parseInterpreterScript: 127 bytes of the file, cut without a word; blanks at the end stay; NUL is a byte like others. */
export function readGvisorScriptLine(header: Uint8Array, fileBytes: number): ScriptLine | string {
  const read = header.subarray(2, Math.min(SCRIPT_LINE_BYTES, fileBytes));
  const lineEnd = read.indexOf(LINE_FEED);
  const line = trimLeft(lineEnd < 0 ? read : read.subarray(0, lineEnd));
  const nameEnd = line.findIndex(isBlank);
  if (line.length === 0 || nameEnd === 0) return 'The line after #! names no interpreter.';
  if (nameEnd < 0) return { interpreter: line.slice(), argument: undefined };
  const argument = trimLeft(line.subarray(nameEnd));
  return { interpreter: line.slice(0, nameEnd), argument: argument.length === 0 ? undefined : argument.slice() };
}

const isBlank = (byte: number) => byte === 0x20 || byte === 0x09;

function trimLeft(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => !isBlank(byte));
  return start < 0 ? new Uint8Array(0) : bytes.subarray(start);
}

/** gVisor's sentry. */
export const gvisorProfile: LoaderProfile = {
  name: 'gvisor',
  description:
    'gVisor (runsc, Cloud Run) on amd64 as of August 2026, without binfmt_misc. Every refusal reaches the caller: the old program is given up last. ' +
    'The limits of argument strings are taken from Linux, and address randomisation, which gVisor cannot switch off, is off.',
  sources: ['pkg/sentry/loader', 'pkg/sentry/arch/stack.go', 'pkg/sentry/mm/syscalls.go'],
  headerBytes: SCRIPT_LINE_BYTES,
  maximumRewrites: 5,
  formats: [scriptFormat, elfFormat],
  hostPageBytes: GUEST_PAGE_BYTES,
  elfAbis: [X86_64_ABI],
  elfRules: GVISOR_ELF_RULES,
  segmentRules: GVISOR_SEGMENT_RULES,
  interpreterHeader: 'last',
  layout: { ...linuxProfile.layout, initialStackGrowth: WHOLE_STACK, minimumAddress: GUEST_PAGE_BYTES },
  compatLayout: linuxProfile.compatLayout,
  traits: {
    programHeaderAddress: 'first-address',
    placement: 'probed',
    interpreterTime: 'after-mapping',
    zeroedTail: 'bss',
    mapsHeadPage: true,
    anonymousPages: 'no-replace',
    staticPieHeap: 'after-program',
    asksForModules: false,
    lateFailure: 'error',
    keepsEmptyArguments: true,
    readScriptLine: readGvisorScriptLine,
    auxiliaryEntries: AUXILIARY_ENTRIES,
    writeStack: writeGvisorStack,
    kernelFunctions: {
      do_execveat_common: 'linux.execveat',
      do_open_execat: 'loader.openPath',
      bprm_execve: 'kernel.Task.Execve',
      exec_binprm: 'loader.loadExecutable',
      prepare_binprm: 'loader.loadExecutable',
      search_binary_handler: 'loader.loadExecutable',
      load_script: 'loader.parseInterpreterScript',
      load_elf_binary: 'loader.loadELF',
      load_elf_interp: 'loader.loadInterpreterELF',
      begin_new_exec: 'mm.SetMmapLayout',
      setup_arg_pages: 'loader.allocStack',
      arch_pick_mmap_layout: 'mm.SetMmapLayout',
      elf_load: 'loader.mapSegment',
      create_elf_tables: 'arch.Stack.Load',
      start_thread: 'arch.Context64.SetIP',
    },
  },
  clockTicksPerSecond: linuxProfile.clockTicksPerSecond,
};
