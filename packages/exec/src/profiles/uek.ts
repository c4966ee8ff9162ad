// Oracle's Unbreakable Enterprise Kernel: Linux that reads the PT_NOTEs of every program.
import { UEK_ELF_RULES } from '../formats/vendor-elf-rules.ts';
import type { LoaderProfile } from '../loader-profile.ts';
import { linuxAt } from './linux-versions.ts';

const base = linuxAt([6, 12]);

/** UEK 8, which is Linux 6.12. */
export const uekProfile: LoaderProfile = {
  ...base,
  name: 'uek',
  description:
    "Oracle Linux's UEK 7 and 8: Linux 6.12 that reads every PT_NOTE, looking for a reserved address range. It also adds the " +
    'auxiliary entry 71 (AT_VA_RESERVATION), whose value and place are not established and which is therefore not written.',
  sources: [...(base.sources ?? []), 'issues 13, 24, 29 and 42 of oracle/linux-uek'],
  elfRules: [...base.elfRules, ...UEK_ELF_RULES],
};
