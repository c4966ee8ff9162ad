// Oracle's Unbreakable Enterprise Kernel: Linux that reads the PT_NOTEs of every program.
import { UEK_ELF_RULES } from '../formats/vendor-elf-rules.ts';
import type { LoaderProfile } from '../loader-profile.ts';
import { AUXILIARY_ENTRIES, linuxAt } from './linux-versions.ts';

/** "VA reservation support", value 1. */
const AT_VA_RESERVATION = 71;
const base = linuxAt([6, 12]);

/** UEK 8, which is Linux 6.12. */
export const uekProfile: LoaderProfile = {
  ...base,
  name: 'uek',
  description:
    "Oracle Linux's UEK 8: Linux 6.12 that reads every PT_NOTE, looking for consent to preserved memory and for addresses to keep " +
    'free, which are not kept free here. The rules and the auxiliary entry 71 are those of UEK 6, which has the same code; that the ' +
    'entry is the last one in UEK 8 too is not established.',
  sources: [...(base.sources ?? []), 'fs/binfmt_elf.c of linux-uek', 'issues 13, 24, 29 and 42 of oracle/linux-uek'],
  traits: { ...base.traits, auxiliaryEntries: [...AUXILIARY_ENTRIES.slice(0, -1), AT_VA_RESERVATION, 0] },
  elfRules: [...base.elfRules, ...UEK_ELF_RULES],
};
