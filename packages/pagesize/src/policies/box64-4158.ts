// box64 with pull request 4158: the host page is the mask, and pages that are already there stay when the segment starts inside one.
import {
  firstUnclaimed,
  hostPageAsAuxiliary,
  isLoadedByBox64,
  mapDirectly,
  protectReadOnlyPages,
} from '../model/box64-steps.ts';
import { definePolicy } from '../model/define-policy.ts';
import { PROT } from '../model/segment-builder.ts';
import { wideRoundDown, wideRoundUp } from '../model/wide-rounding.ts';

export const box644158 = definePolicy({
  name: 'box64-4158',
  title: 'box64 at pull request 4158',
  description:
    'Segments that start a host page and are aligned to it are mapped from the file. Others are read into anonymous pages: over everything when they start a host page, otherwise after the pages an earlier segment has claimed, and then one host page further than needed.',
  sources: ['ptitSeb/box64 pull request 4158 (b5066f8ab)', 'ptitSeb/box64 pull request 3546 (mprotect at the end)'],
  auxiliaryPageBytes: hostPageAsAuxiliary,
  granularity: (_segment, _index, { hostPage }) => hostPage,
  load(build, page) {
    const { segment, fileEnd, memoryEnd, protection } = build;
    if (!isLoadedByBox64(build) || mapDirectly(build, page)) return undefined;
    const start = wideRoundDown(segment.vaddr, page);
    const isAtPageStart = start === segment.vaddr;
    const neededEnd = wideRoundUp(memoryEnd, page);
    const end = isAtPageStart ? neededEnd : neededEnd + page;
    build.mapAnonymous(isAtPageStart ? start : firstUnclaimed(build, start, end), end, protection | PROT.WRITE);
    build.guestPages.assign(start, end, protection);
    build.readFile(segment.vaddr, fileEnd);
    return undefined;
  },
  finish: protectReadOnlyPages,
});
