// LATX since pull request 304: a segment is not widened when another one lies in the bytes it would take.
import { definePolicy, GUEST_PAGE } from '../model/define-policy.ts';
import { loadAsOldQemu, widenedByAlignment } from '../model/old-qemu.ts';
import { wideRoundDown } from '../model/wide-rounding.ts';

export const latx304 = definePolicy({
  name: 'latx-304',
  title: 'LATX since pull request 304',
  description:
    'As before, but a segment falls back to the 4 KiB page when the bytes between its host page and its guest page belong to another PT_LOAD. The zeros after a segment are not covered: they still reach to the end of the host page.',
  sources: ['lat-opensource/lat pull request 304'],
  allowsLongFilePart: true,
  isWindowExact: true,
  granularity(segment, index, context) {
    const widened = widenedByAlignment(segment, context);
    const hostStart = wideRoundDown(segment.vaddr, widened);
    const guestStart = wideRoundDown(segment.vaddr, GUEST_PAGE);
    return hostStart < guestStart && context.neighbours.meetsOther(index, hostStart, guestStart) ? GUEST_PAGE : widened;
  },
  load(build, page, context) {
    loadAsOldQemu(build, page, context);
    return undefined;
  },
});
