// QEMU user mode in 2018 before 3.1: AT_PAGESZ follows p_align, the mapping does not yet.
import { definePolicy, GUEST_PAGE } from '../model/define-policy.ts';
import { loadAsOldQemu, pageSizeOfAlignments } from '../model/old-qemu.ts';

export const qemu2018 = definePolicy({
  name: 'qemu-2018',
  title: 'QEMU user mode 2018, before 3.1',
  description:
    "Segments at their 4 KiB page. AT_PAGESZ is the host's page only when every segment is aligned to it, so programs linked for 4 KiB find 4096.",
  sources: ['QEMU 33143c446e (2018)', 'linux-user/elfload.c, zero_bss'],
  auxiliaryPageBytes: pageSizeOfAlignments,
  allowsLongFilePart: true,
  granularity: () => GUEST_PAGE,
  load(build, page, context) {
    loadAsOldQemu(build, page, context);
    return undefined;
  },
});
