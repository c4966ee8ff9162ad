// QEMU's mmap for a guest whose page is smaller than the host's (linux-user/mmap.c, target_mmap and mmap_frag).
import { PROT, type SegmentBuilder } from './segment-builder.ts';
import { lowerOf, wideOffsetWithin, wideRoundDown, wideRoundUp } from './wide-rounding.ts';

/**
 * Fills `[start, end)`, multiples of the guest page, with file bytes or zeros. Whole host pages are mapped by the host when the file's
 * offset allows it; parts of host pages are copied into what is there, and such a host page gets the union of the permissions in it.
 */
export function targetMap(
  build: SegmentBuilder,
  start: bigint,
  end: bigint,
  hostPage: bigint,
  from: 'file' | 'zeros',
): void {
  if (start >= end) return;
  fillHostPages(build, start, end, hostPage, from);
  build.guestPages.assign(start, end, build.protection);
}

function fillHostPages(
  build: SegmentBuilder,
  start: bigint,
  end: bigint,
  hostPage: bigint,
  from: 'file' | 'zeros',
): void {
  let wholeStart = wideRoundDown(start, hostPage);
  let wholeEnd = wideRoundUp(end, hostPage);
  if (start > wholeStart) {
    const partEnd = lowerOf(end, wholeStart + hostPage);
    fillPart(build, start, partEnd, hostPage, from);
    wholeStart += hostPage;
  }
  if (end < wholeEnd) {
    wholeEnd -= hostPage;
    if (wholeStart <= wholeEnd) fillPart(build, wholeEnd, end, hostPage, from);
  }
  if (wholeStart >= wholeEnd) return;
  if (from === 'zeros') build.mapAnonymous(wholeStart, wholeEnd);
  else if (wideOffsetWithin(build.fileOffsetAt(wholeStart), hostPage) === 0n) build.mapFile(wholeStart, wholeEnd);
  else {
    build.mapAnonymous(wholeStart, wholeEnd, build.protection | PROT.WRITE);
    build.readFile(wholeStart, wholeEnd);
    if (!(build.protection & PROT.WRITE)) build.protect(wholeStart, wholeEnd, build.protection);
  }
}

/** Part of one host page: made if no other guest page is in it, filled by copying, with permissions for all that lies in it. */
function fillPart(build: SegmentBuilder, start: bigint, end: bigint, hostPage: bigint, from: 'file' | 'zeros'): void {
  const page = wideRoundDown(start, hostPage);
  const pageEnd = page + hostPage;
  const others = [...build.guestPages.within(page, start), ...build.guestPages.within(end, pageEnd)];
  const union = others.reduce((all, { value }) => all | value, build.protection);
  if (others.length === 0) build.mapAnonymous(page, pageEnd);
  if (from === 'file') build.readFile(start, end);
  else build.zero(start, end);
  if (build.mapped.within(page, pageEnd).some(({ value }) => value !== union)) build.protect(page, pageEnd, union);
}
