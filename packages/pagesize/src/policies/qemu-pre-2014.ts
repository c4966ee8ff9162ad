// QEMU user mode before 2014: 4 KiB for everything, also for AT_PAGESZ.
import { definePolicy, GUEST_PAGE } from '../model/define-policy.ts';
import { loadAsOldQemu } from '../model/old-qemu.ts';

export const qemuPre2014 = definePolicy({
  name: 'qemu-pre-2014',
  title: 'QEMU user mode before 2014',
  description:
    'Segments at their 4 KiB page, AT_PAGESZ 4096. Zeros after a file part reach to the end of the host page and beyond the segment.',
  sources: ['QEMU a70daba3771 (description of the state before)', 'linux-user/elfload.c, zero_bss'],
  allowsLongFilePart: true,
  granularity: () => GUEST_PAGE,
  load(build, page, context) {
    loadAsOldQemu(build, page, context);
    return undefined;
  },
});
