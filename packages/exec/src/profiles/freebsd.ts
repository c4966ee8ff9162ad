// FreeBSD on amd64: the native image activator, and the same with the brands of the Linuxulator.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { elfFormat } from '../formats/elf.ts';
import { X86_64_ABI } from '../formats/elf-abi.ts';
import { LINUX_BRANDS, NATIVE_BRANDS } from '../formats/freebsd-brand.ts';
import { FREEBSD_SEGMENT_RULES, freebsdElfRules } from '../formats/freebsd-elf-rules.ts';
import { scriptFormat } from '../formats/script.ts';
import type { LoaderProfile, LoaderTraits } from '../loader-profile.ts';
import { mapFreebsdSegment } from './freebsd-segment.ts';
import { linuxProfile } from './linux.ts';

/** ET_DYN_LOAD_ADDR (sys/amd64/include/elf.h). */
const DYNAMIC_BASE = 0x102_1000;

// biome-ignore format: one row per function
const kernelFunctions = {
  do_execveat_common: 'kern_execve',
  do_open_execat: 'exec_check_permissions',
  bprm_execve: 'do_execve',
  exec_binprm: 'do_execve',
  prepare_binprm: 'exec_map_first_page',
  search_binary_handler: 'do_execve',
  load_script: 'exec_shell_imgact',
  load_elf_binary: 'exec_elf64_imgact',
  load_elf_interp: 'elf64_load_file',
  begin_new_exec: 'exec_new_vmspace',
  setup_arg_pages: 'exec_new_vmspace',
  arch_pick_mmap_layout: 'exec_new_vmspace',
  elf_load: 'elf64_load_section',
  create_elf_tables: 'elf64_freebsd_fixup',
  start_thread: 'exec_setregs',
} as const;

const traits: LoaderTraits = {
  programHeaderAddress: 'program-header-entry',
  placement: 'linked',
  interpreterTime: 'after-mapping',
  mapSegment: mapFreebsdSegment,
  staticPieHeap: 'after-program',
  asksForModules: false,
  lateFailure: 'SIGABRT',
  kernelFunctions,
};

/** FreeBSD 14 and 15 without linux64.ko. */
export const freebsdProfile: LoaderProfile = {
  name: 'freebsd',
  description:
    'FreeBSD 14 and 15 on amd64, native programs only. The image activator sees the first page of the file. The order of the ' +
    'auxiliary vector, the stack and the reading of #! lines are taken from Linux; address randomisation is off.',
  sources: ['sys/kern/imgact_elf.c', 'sys/kern/kern_exec.c'],
  headerBytes: GUEST_PAGE_BYTES,
  maximumRewrites: 1,
  formats: [scriptFormat, elfFormat],
  hostPageBytes: GUEST_PAGE_BYTES,
  elfAbis: [X86_64_ABI],
  elfRules: freebsdElfRules(NATIVE_BRANDS),
  segmentRules: FREEBSD_SEGMENT_RULES,
  interpreterHeader: 'first',
  layout: { ...linuxProfile.layout, dynamicBase: DYNAMIC_BASE, minimumAddress: 0 },
  compatLayout: linuxProfile.compatLayout,
  traits,
  clockTicksPerSecond: linuxProfile.clockTicksPerSecond,
};

/** The same kernel with linux64.ko loaded, for Linux programs. */
export const freebsdLinuxulatorProfile: LoaderProfile = {
  ...freebsdProfile,
  name: 'freebsd-linuxulator',
  description:
    'FreeBSD 14 and 15 on amd64 with the Linuxulator: the same image activator with the brands of Linux, and interpreters below ' +
    '/compat/linux. Stack, auxiliary vector and #! lines are taken from Linux; address randomisation is off.',
  sources: [...(freebsdProfile.sources ?? []), 'sys/amd64/linux/linux_sysvec.c'],
  elfRules: freebsdElfRules([...NATIVE_BRANDS, ...LINUX_BRANDS]),
  traits: {
    ...traits,
    interpreterPrefixes: ['/compat/linux', ''],
    kernelFunctions: {
      ...kernelFunctions,
      create_elf_tables: 'linux_copyout_auxargs',
      start_thread: 'linux_exec_setregs',
    },
  },
};
