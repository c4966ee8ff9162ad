// OpenBSD on amd64, native programs.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { elfFormat } from '../formats/elf.ts';
import { X86_64_ABI } from '../formats/elf-abi.ts';
import { OPENBSD_ELF_RULES, OPENBSD_SEGMENT_RULES } from '../formats/openbsd-elf-rules.ts';
import { scriptFormat } from '../formats/script.ts';
import type { LoaderProfile } from '../loader-profile.ts';
import { linuxProfile } from './linux.ts';

/** OpenBSD. */
export const openbsdProfile: LoaderProfile = {
  name: 'openbsd',
  description:
    'OpenBSD on amd64, native programs only: a note of OpenBSD is required. That the segment of the entry is never writable and ' +
    'that W+X loses X is not modelled. Addresses, stack, auxiliary vector and #! lines are taken from Linux.',
  sources: ['sys/kern/exec_elf.c'],
  headerBytes: 256,
  maximumRewrites: 1,
  formats: [scriptFormat, elfFormat],
  hostPageBytes: GUEST_PAGE_BYTES,
  elfAbis: [X86_64_ABI],
  elfRules: OPENBSD_ELF_RULES,
  segmentRules: OPENBSD_SEGMENT_RULES,
  interpreterHeader: 'first',
  layout: { ...linuxProfile.layout, minimumAddress: GUEST_PAGE_BYTES },
  compatLayout: linuxProfile.compatLayout,
  traits: {
    programHeaderAddress: 'program-header-entry',
    interpreterTime: 'before-mapping',
    zeroedTail: 'writable',
    staticPieHeap: 'after-program',
    asksForModules: false,
    lateFailure: 'SIGABRT',
    kernelFunctions: {
      do_execveat_common: 'sys_execve',
      do_open_execat: 'check_exec',
      bprm_execve: 'sys_execve',
      exec_binprm: 'check_exec',
      prepare_binprm: 'check_exec',
      search_binary_handler: 'check_exec',
      load_script: 'exec_script_makecmds',
      load_elf_binary: 'exec_elf_makecmds',
      load_elf_interp: 'elf_load_file',
      begin_new_exec: 'uvmspace_exec',
      setup_arg_pages: 'exec_setup_stack',
      arch_pick_mmap_layout: 'uvmspace_exec',
      elf_load: 'elf_load_psection',
      create_elf_tables: 'exec_elf_fixup',
      start_thread: 'setregs',
    },
  },
  clockTicksPerSecond: linuxProfile.clockTicksPerSecond,
};
