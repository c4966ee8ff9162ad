// The Linux loader profile: mainline 6.18 on x86-64 without address randomisation.
import { GUEST_PAGE_BYTES, guestPageCeiling } from '@elf/pagesize';
import { elfFormat, elfI386Format } from '../formats/elf.ts';
import { I386_ABI, X86_64_ABI } from '../formats/elf-abi.ts';
import { LINUX_ELF_RULES, LINUX_SEGMENT_RULES } from '../formats/linux-elf-rules.ts';
import { miscFormat } from '../formats/binfmt-misc.ts';
import { plan9Format } from '../formats/plan9.ts';
import { scriptFormat } from '../formats/script.ts';
import type { LoaderProfile } from '../loader-profile.ts';

/** TASK_SIZE_MAX with four-level page tables: 2^47 less one page (arch/x86/include/asm/page_64_types.h). */
const TASK_SIZE = 0x7fff_ffff_f000;
/** IA32_PAGE_OFFSET: 32-bit programs own all but the last two pages of 4 GiB (arch/x86/include/asm/page_64_types.h). */
const COMPAT_TASK_SIZE = 0xffff_e000;

/** Linux 6.18, x86-64. */
export const linuxProfile: LoaderProfile = {
  name: 'linux',
  description:
    'Linux 6.18 and later on x86-64, address randomisation off; runs 32-bit programs and, through a module, Plan 9 images.',
  headerBytes: 256,
  maximumRewrites: 5,
  formats: [miscFormat, scriptFormat, elfFormat, elfI386Format, plan9Format],
  hostPageBytes: GUEST_PAGE_BYTES,
  elfAbis: [X86_64_ABI, I386_ABI],
  elfRules: LINUX_ELF_RULES,
  segmentRules: LINUX_SEGMENT_RULES,
  interpreterHeader: 'first',
  layout: {
    taskSize: TASK_SIZE,
    stackTop: TASK_SIZE,
    // ELF_ET_DYN_BASE: two thirds of the address space (arch/x86/include/asm/elf.h).
    dynamicBase: Math.floor(TASK_SIZE / 3) * 2,
    minimumAddress: 65536,
    minimumHint: 65536,
    minimumMmapGap: 128 * 1024 * 1024,
    initialStackGrowth: 128 * 1024,
  },
  compatLayout: {
    taskSize: COMPAT_TASK_SIZE,
    stackTop: COMPAT_TASK_SIZE,
    // COMPAT_ELF_ET_DYN_BASE: a third of the address space in whole pages, and 16 MiB (arch/x86/include/asm/elf.h).
    dynamicBase: guestPageCeiling(COMPAT_TASK_SIZE / 3) + 0x100_0000,
    minimumAddress: 65536,
    minimumHint: 65536,
    // mm/huge_memory.c, __thp_get_unmapped_area: not for 32-bit programs.
    hugePageBytes: 0,
    minimumMmapGap: 128 * 1024 * 1024,
    initialStackGrowth: 128 * 1024,
  },
  clockTicksPerSecond: 100,
  restartableSequences: { featureBytes: 28, alignment: 32 },
};
