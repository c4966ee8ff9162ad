// WSL1: Microsoft's own implementation of Linux's system calls on the NT kernel, with an ELF loader of its own.
import { WSL1_ELF_RULES } from '../formats/vendor-elf-rules.ts';
import type { LoaderProfile } from '../loader-profile.ts';
import { linuxProfile } from './linux.ts';

/** The Windows Subsystem for Linux, version 1. */
export const wsl1Profile: LoaderProfile = {
  ...linuxProfile,
  name: 'wsl1',
  description:
    'The Windows Subsystem for Linux, version 1. Only its demands on p_align are established, by what people saw; their order, ' +
    'its other checks, addresses and auxiliary vector are taken from Linux. It also refuses files whose PT_INTERP patchelf moved, by a rule that is not established.',
  sources: ['issues 5365, 8151, 8219 and 12359 of microsoft/WSL'],
  elfRules: [...linuxProfile.elfRules, ...WSL1_ELF_RULES],
};
