// NetBSD on amd64, native programs.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { elfFormat } from '../formats/elf.ts';
import { X86_64_ABI } from '../formats/elf-abi.ts';
import { NETBSD_ELF_RULES, NETBSD_SEGMENT_RULES } from '../formats/netbsd-elf-rules.ts';
import { scriptFormat } from '../formats/script.ts';
import type { LoaderProfile } from '../loader-profile.ts';
import { linuxProfile } from './linux.ts';

/** NetBSD. */
export const netbsdProfile: LoaderProfile = {
  name: 'netbsd',
  description:
    'NetBSD on amd64, native programs only: what the probes of its emulations accept is not modelled. The limits of e_phnum and ' +
    'e_shnum are those of 2013. Addresses, stack, auxiliary vector and #! lines are taken from Linux.',
  sources: ['sys/kern/exec_elf.c'],
  headerBytes: 256,
  maximumRewrites: 1,
  formats: [scriptFormat, elfFormat],
  hostPageBytes: GUEST_PAGE_BYTES,
  elfAbis: [X86_64_ABI],
  elfRules: NETBSD_ELF_RULES,
  segmentRules: NETBSD_SEGMENT_RULES,
  interpreterHeader: 'first',
  layout: { ...linuxProfile.layout, minimumAddress: GUEST_PAGE_BYTES },
  compatLayout: linuxProfile.compatLayout,
  traits: {
    programHeaderAddress: 'program-header-entry',
    interpreterTime: 'before-mapping',
    zeroedTail: 'writable',
    copiesBelowPage: true,
    staticPieHeap: 'after-program',
    asksForModules: false,
    lateFailure: 'SIGABRT',
    kernelFunctions: {
      do_execveat_common: 'execve_loadvm',
      do_open_execat: 'check_exec',
      bprm_execve: 'execve_loadvm',
      exec_binprm: 'check_exec',
      prepare_binprm: 'check_exec',
      search_binary_handler: 'check_exec',
      load_script: 'exec_script_makecmds',
      load_elf_binary: 'exec_elf_makecmds',
      load_elf_interp: 'elf_load_interp',
      begin_new_exec: 'uvmspace_exec',
      setup_arg_pages: 'exec_setup_stack',
      arch_pick_mmap_layout: 'uvmspace_exec',
      elf_load: 'elf_load_psection',
      create_elf_tables: 'elf_copyargs',
      start_thread: 'setregs',
    },
  },
  clockTicksPerSecond: linuxProfile.clockTicksPerSecond,
};
