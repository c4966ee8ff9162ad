// box64 with pull request 4160, a regression: whole host pages are replaced, whoever is in them.
import {
  hostPageAsAuxiliary,
  isFileBackable,
  isLoadedByBox64,
  mapDirectly,
  protectReadOnlyPages,
} from '../model/box64-steps.ts';
import { definePolicy } from '../model/define-policy.ts';
import { PROT } from '../model/segment-builder.ts';
import { wideRoundDown, wideRoundUp } from '../model/wide-rounding.ts';

export const box644160 = definePolicy({
  name: 'box64-4160',
  title: 'box64 at pull request 4160',
  description:
    'Segments whose address and offset lie equally in their host pages are mapped from the file, from the start of the first host page. All others get anonymous host pages and a read: the end of the segment before them becomes zeros.',
  sources: ['ptitSeb/box64 pull request 4160 (b5d45778c)', 'ptitSeb/box64 pull request 3546 (mprotect at the end)'],
  auxiliaryPageBytes: hostPageAsAuxiliary,
  granularity: (_segment, _index, { hostPage }) => hostPage,
  load(build, page) {
    const { segment, fileEnd, memoryEnd, protection } = build;
    if (!isLoadedByBox64(build) || mapDirectly(build, page)) return undefined;
    const start = wideRoundDown(segment.vaddr, page);
    const end = wideRoundUp(memoryEnd, page);
    if (isFileBackable(build, page)) build.mapFile(start, end);
    else {
      build.mapAnonymous(start, end, protection | PROT.WRITE);
      build.readFile(segment.vaddr, fileEnd);
    }
    build.guestPages.assign(start, end, protection);
    return undefined;
  },
  finish: protectReadOnlyPages,
});
