// Our own policy: contents at the guest page, copies where host pages are shared, exact permissions in our page table.
import { definePolicy, GUEST_PAGE } from '../model/define-policy.ts';
import { refuseIncongruent } from '../model/linux-steps.ts';
import { PROT, type SegmentBuilder } from '../model/segment-builder.ts';
import { wideOffsetWithin, wideRoundDown, wideRoundUp } from '../model/wide-rounding.ts';

export const elf = definePolicy({
  name: 'elf',
  title: 'elf (this project)',
  description:
    'Every segment is loaded at its 4 KiB page and never widened. Host pages that belong to one segment alone are mapped from the file when its offset allows; guest pages in all other host pages are copied. The host page may have the union of the permissions in it; the guest sees the exact ones, which our own page table keeps. AT_PAGESZ is 4096.',
  sources: ['ARCHITECTURE.md'],
  granularity: () => GUEST_PAGE,
  load(build, page, { hostPage }) {
    const refusal = refuseIncongruent(build, page);
    if (refusal !== undefined) return refusal;
    const { segment, protection, fileEnd, memoryEnd } = build;
    const pageStart = wideRoundDown(segment.vaddr, page);
    const filePagesEnd = segment.filesz > 0n ? wideRoundUp(fileEnd, page) : pageStart;
    if (segment.filesz > 0n) fillFromFile(build, pageStart, filePagesEnd, hostPage);
    if (memoryEnd <= fileEnd) return undefined;
    if (segment.filesz > 0n && protection & PROT.WRITE) build.zero(fileEnd, filePagesEnd);
    const zeroProtection = PROT.READ | PROT.WRITE | (protection & PROT.EXEC);
    build.mapAnonymous(filePagesEnd, wideRoundUp(memoryEnd, page), zeroProtection);
    return undefined;
  },
});

/** Maps the whole host pages in `[start, end)` and copies the guest pages around them. */
function fillFromFile(build: SegmentBuilder, start: bigint, end: bigint, hostPage: bigint): void {
  const wholeStart = wideRoundUp(start, hostPage);
  const wholeEnd = wideRoundDown(end, hostPage);
  const isMappable = wideOffsetWithin(build.fileOffsetAt(wholeStart), hostPage) === 0n;
  if (!isMappable || wholeStart >= wholeEnd) {
    copyPages(build, start, end);
    return;
  }
  copyPages(build, start, wholeStart);
  build.mapFile(wholeStart, wholeEnd);
  copyPages(build, wholeEnd, end);
}

function copyPages(build: SegmentBuilder, start: bigint, end: bigint): void {
  build.mapAnonymous(start, end);
  build.readFile(start, end);
}
