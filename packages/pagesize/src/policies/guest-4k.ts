// Linux with 4 KiB pages, whatever the host's page: the measure for all others.
import { definePolicy, GUEST_PAGE } from '../model/define-policy.ts';
import { loadAsLinux, refuseIncongruent } from '../model/linux-steps.ts';

export const guest4k = definePolicy({
  name: 'guest-4k',
  title: 'Linux with 4 KiB pages',
  description:
    'What x86 programs are built for: every segment is mapped at its 4 KiB page. An emulator that keeps its own page table can do so on any host. The damage of every other policy is the difference from this one.',
  sources: ['Linux fs/binfmt_elf.c (elf_load, elf_map)'],
  granularity: () => GUEST_PAGE,
  load(build, page) {
    const refusal = refuseIncongruent(build, page);
    if (refusal === undefined) loadAsLinux(build, page);
    return refusal;
  },
});
