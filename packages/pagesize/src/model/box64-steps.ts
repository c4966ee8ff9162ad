// The pieces of box64's ELF loader that its three states of August 2026 share (src/elfs/elfloader.c, AllocLoadElfMemory).
import type { RuleContext } from './define-policy.ts';
import { RangeMap } from './range-map.ts';
import { PROT, type SegmentBuilder } from './segment-builder.ts';
import { wideOffsetWithin, wideRoundDown, wideRoundUp } from './wide-rounding.ts';

/** AT_PAGESZ until pull request 4183: the host's page; 4096 since then. */
export function hostPageAsAuxiliary({ hostPageBytes }: RuleContext): number {
  return hostPageBytes;
}

/** box64 looks at no segment without any permission. */
export function isLoadedByBox64({ segment }: SegmentBuilder): boolean {
  return segment.flags !== 0;
}

/**
 * Maps the file directly when address and offset start host pages, p_align is at least a host page, and the zeros after the file part
 * need no further page. Answers whether it did.
 */
export function mapDirectly(build: SegmentBuilder, page: bigint): boolean {
  const { segment, fileEnd, memoryEnd } = build;
  const fits =
    segment.filesz > 0n &&
    wideOffsetWithin(segment.vaddr, page) === 0n &&
    wideOffsetWithin(segment.offset, page) === 0n &&
    wideRoundUp(segment.memsz, page) === wideRoundUp(segment.filesz, page) &&
    segment.align >= page;
  if (!fits) return false;
  build.mapFile(segment.vaddr, wideRoundUp(fileEnd, page));
  if (build.protection & PROT.WRITE) build.zero(fileEnd, memoryEnd);
  build.guestPages.assign(segment.vaddr, wideRoundUp(memoryEnd, page), build.protection);
  return true;
}

/** Whether the file can back the host pages of the segment: no zeros after the file part, and equal offsets in the page. */
export function isFileBackable({ segment }: SegmentBuilder, page: bigint): boolean {
  const { vaddr, offset, filesz, memsz } = segment;
  return filesz > 0n && filesz === memsz && wideOffsetWithin(vaddr, page) === wideOffsetWithin(offset, page);
}

/** The first host page from `start` on that no segment has claimed yet, at most `end`. */
export function firstUnclaimed({ guestPages }: SegmentBuilder, start: bigint, end: bigint): bigint {
  const free = guestPages.firstFree(start);
  return free < end ? free : end;
}

/**
 * The mprotect calls after the last segment (pull request 3546): pages of segments without write permission get what was recorded last for
 * them, unless that allows writing. The recorded permissions are those of the segment loaded last, no union.
 */
export function protectReadOnlyPages({ builders, hostPage }: RuleContext): void {
  const last = builders.at(-1);
  if (last === undefined) return;
  const pages = new RangeMap<true>();
  for (const { segment, protection, memoryEnd } of builders) {
    if (protection & PROT.WRITE || segment.flags === 0) continue;
    const start = wideRoundDown(segment.vaddr, hostPage);
    // The recorded size already holds the offset in the page, so the loop runs one page further for most segments.
    const end = wideRoundUp(segment.vaddr + wideRoundUp(memoryEnd - start, hostPage), hostPage);
    pages.assign(start, end, true);
  }
  for (const { start, end } of pages.entries) {
    for (const recorded of last.guestPages.within(start, end)) {
      if (recorded.value === 0 || recorded.value & PROT.WRITE) continue;
      for (const actual of last.mapped.within(recorded.start, recorded.end)) {
        if (actual.value !== recorded.value) last.protect(actual.start, actual.end, recorded.value);
      }
    }
  }
}
