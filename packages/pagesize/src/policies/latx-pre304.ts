// LATX before pull request 304: QEMU 3.1's rule, an AT_PAGESZ of 4096, and a file window that is not rounded.
import { definePolicy } from '../model/define-policy.ts';
import { loadAsOldQemu, widenedByAlignment } from '../model/old-qemu.ts';

export const latxPre304 = definePolicy({
  name: 'latx-pre304',
  title: 'LATX before pull request 304',
  description:
    "QEMU 3.1's rule on a LoongArch host with 16 KiB pages: a data segment aligned to 16 KiB is mapped from the start of its host page and takes the place of the last bytes of the code before it.",
  sources: ['lat-opensource/lat pull request 304 (description of the state before)', 'QEMU 94894ff2d13 (3.1)'],
  allowsLongFilePart: true,
  isWindowExact: true,
  granularity: (segment, _index, context) => widenedByAlignment(segment, context),
  load(build, page, context) {
    loadAsOldQemu(build, page, context);
    return undefined;
  },
});
