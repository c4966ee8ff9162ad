// Linux whose own page is the host's: no emulation of smaller pages, congruence is asked for.
import { definePolicy } from '../model/define-policy.ts';
import { loadAsLinux, refuseIncongruent } from '../model/linux-steps.ts';

export const linux = definePolicy({
  name: 'linux',
  title: "Linux kernel with the host's page",
  description:
    'A kernel with 16 KiB or 64 KiB pages maps at its own page. A segment whose address and offset differ within it ends execve after the point of no return: SIGSEGV. Segments that share a page replace each other there, bytes and permissions.',
  sources: ['Linux fs/binfmt_elf.c (elf_load, elf_map)', 'mmap(2), EINVAL'],
  isHostKernel: true,
  auxiliaryPageBytes: ({ hostPageBytes }) => hostPageBytes,
  granularity: (_segment, _index, { hostPage }) => hostPage,
  load(build, page) {
    const refusal = refuseIncongruent(build, page);
    if (refusal === undefined) loadAsLinux(build, page);
    return refusal;
  },
});
