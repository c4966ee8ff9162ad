// box64 since pull request 4182: host pages that a segment has claimed are kept, and what belongs into them is copied in.
import {
  firstUnclaimed,
  isFileBackable,
  isLoadedByBox64,
  mapDirectly,
  protectReadOnlyPages,
} from '../model/box64-steps.ts';
import { definePolicy } from '../model/define-policy.ts';
import { PROT, type SegmentBuilder } from '../model/segment-builder.ts';
import { wideRoundDown, wideRoundUp } from '../model/wide-rounding.ts';

export const box644182 = definePolicy({
  name: 'box64-4182',
  title: 'box64 since pull requests 4182 and 4189',
  description:
    'Host pages that an earlier segment has claimed are kept, and the bytes that belong into them are copied. A segment that starts a host page and has zeros after its file part still replaces everything there. The plan takes a copy into a page that was mapped without write permission to succeed.',
  sources: [
    'ptitSeb/box64 pull request 4182 (0db8df775)',
    'ptitSeb/box64 pull request 4183 (AT_PAGESZ is 4096)',
    'ptitSeb/box64 pull request 4189 (61d01a4c2: zeros after the file part in kept pages)',
    'ptitSeb/box64 pull request 3546 (mprotect at the end)',
  ],
  granularity: (_segment, _index, { hostPage }) => hostPage,
  load(build, page) {
    const { segment, memoryEnd, protection } = build;
    if (!isLoadedByBox64(build) || mapDirectly(build, page)) return undefined;
    const start = wideRoundDown(segment.vaddr, page);
    const end = wideRoundUp(memoryEnd, page);
    fillPages(build, page, start, end);
    build.guestPages.assign(start, end, protection);
    return undefined;
  },
  finish: protectReadOnlyPages,
});

function fillPages(build: SegmentBuilder, page: bigint, start: bigint, end: bigint): void {
  const { segment, fileEnd, memoryEnd, protection } = build;
  const writable = protection | PROT.WRITE;
  const free = firstUnclaimed(build, start, end);
  if (isFileBackable(build, page) && free < fileEnd) {
    build.mapFile(free, end, writable);
    build.readFile(segment.vaddr, free);
    return;
  }
  build.mapAnonymous(start === segment.vaddr ? start : free, end, writable);
  build.readFile(segment.vaddr, fileEnd);
  if (protection & PROT.WRITE) build.zero(fileEnd, memoryEnd);
}
