// The parts that QEMU's user mode had until 8.0, and that LATX inherited: widening by p_align, and zeros that stop at host pages.
import type { LoadSegment } from '../load-segment.ts';
import { GUEST_PAGE_BYTES } from '../rounding.ts';
import { GUEST_PAGE, type RuleContext } from './define-policy.ts';
import type { SegmentBuilder } from './segment-builder.ts';
import { targetMap } from './target-mmap.ts';
import { wideOffsetWithin, wideRoundDown, wideRoundUp } from './wide-rounding.ts';

/** The host page for a segment aligned to it, the guest page otherwise (3.1 to 8.0, TARGET_ELF_EXEC_PAGESIZE of an image). */
export function widenedByAlignment({ align }: LoadSegment, { hostPage }: RuleContext): bigint {
  return wideOffsetWithin(align, hostPage) === 0n ? hostPage : GUEST_PAGE;
}

/** The host page when every PT_LOAD is aligned to it, the guest page otherwise (commit 33143c446e, 2018). */
export function pageSizeOfAlignments({ segments, hostPage, hostPageBytes }: RuleContext): number {
  const all = segments.reduce((bits, { align }) => bits | align, 0n);
  return wideOffsetWithin(all, hostPage) === 0n ? hostPageBytes : GUEST_PAGE_BYTES;
}

/**
 * Maps a segment from the start of its page and then zeros what the file does not fill: anonymous host pages from the next host page on,
 * and every byte up to there, also beyond the end of the segment (linux-user/elfload.c, zero_bss).
 */
export function loadAsOldQemu(build: SegmentBuilder, page: bigint, { hostPage }: RuleContext): void {
  const { segment, fileEnd, memoryEnd } = build;
  const pageStart = wideRoundDown(segment.vaddr, page);
  if (segment.filesz === 0n) {
    if (segment.memsz > 0n) targetMap(build, pageStart, wideRoundUp(memoryEnd, page), hostPage, 'zeros');
    return;
  }
  targetMap(build, pageStart, wideRoundUp(fileEnd, page), hostPage, 'file');
  if (memoryEnd <= fileEnd) return;
  const hostStart = wideRoundUp(fileEnd, hostPage);
  const zerosEnd = wideRoundUp(memoryEnd, GUEST_PAGE);
  if (hostStart < zerosEnd) build.mapAnonymous(hostStart, wideRoundUp(zerosEnd, hostPage));
  build.guestPages.assign(wideRoundDown(fileEnd, GUEST_PAGE), zerosEnd, build.protection);
  build.zero(fileEnd, hostStart);
}
