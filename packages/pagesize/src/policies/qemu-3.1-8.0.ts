// QEMU user mode 3.1 to 8.0: a segment aligned to the host page is widened to it, whoever lies there.
import { definePolicy } from '../model/define-policy.ts';
import { loadAsOldQemu, pageSizeOfAlignments, widenedByAlignment } from '../model/old-qemu.ts';

export const qemu31 = definePolicy({
  name: 'qemu-3.1-8.0',
  title: 'QEMU user mode 3.1 to 8.0',
  description:
    'A segment whose p_align is a multiple of the host page is mapped from the start of that host page, over whatever an earlier segment has there. Zeros after a file part reach to the end of the host page, even beyond the segment. AT_PAGESZ is the host page when all segments are aligned to it.',
  sources: [
    'QEMU 94894ff2d13 (3.1)',
    'QEMU 33143c446e (AT_PAGESZ)',
    'linux-user/elfload.c, load_elf_image and zero_bss',
  ],
  auxiliaryPageBytes: pageSizeOfAlignments,
  allowsLongFilePart: true,
  granularity: (segment, _index, context) => widenedByAlignment(segment, context),
  load(build, page, context) {
    loadAsOldQemu(build, page, context);
    return undefined;
  },
});
