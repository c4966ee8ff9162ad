// How blink loads a segment; the two memory models differ in the page only (blink/loader.c, LoadElfLoadSegment).
import type { RuleContext, RuleRefusal } from './define-policy.ts';
import { hex, type SegmentBuilder } from './segment-builder.ts';
import { lowerOf, wideOffsetWithin, wideRoundDown, wideRoundUp } from './wide-rounding.ts';

/** Loads one segment at `page`; with `sharesPages` a segment may start in the last page of the one before it. */
export function loadAsBlink(
  build: SegmentBuilder,
  page: bigint,
  context: RuleContext,
  sharesPages: boolean,
): RuleRefusal | undefined {
  const { segment, protection, fileEnd, memoryEnd } = build;
  if (segment.memsz === 0n) return undefined;
  const previous = context.builders.slice(0, -1).findLast((builder) => builder.segment.memsz > 0n);
  const previousEnd = previous === undefined ? undefined : wideRoundUp(previous.memoryEnd, page);
  const refusal = refuseOrderAndSkew(build, page, previousEnd);
  if (refusal !== undefined) return refusal;
  let start = wideRoundDown(segment.vaddr, page);
  if (sharesPages && previous !== undefined && previousEnd !== undefined && start < previousEnd) {
    if (start !== previousEnd - page) return refuseOverlap(build, previousEnd);
    build.protect(start, previousEnd, protection | previous.protection);
    build.readFile(segment.vaddr, lowerOf(fileEnd, previousEnd));
    start = previousEnd;
  }
  const filePagesEnd = segment.filesz > 0n && fileEnd > start ? wideRoundUp(fileEnd, page) : start;
  if (filePagesEnd > start) {
    build.mapFile(start, filePagesEnd);
    build.zero(fileEnd, filePagesEnd);
  }
  build.mapAnonymous(filePagesEnd, wideRoundUp(memoryEnd, page));
  return undefined;
}

function refuseOrderAndSkew(
  { segment, label, memoryEnd }: SegmentBuilder,
  page: bigint,
  previousEnd: bigint | undefined,
): RuleRefusal | undefined {
  if (previousEnd !== undefined && wideRoundUp(memoryEnd, page) < previousEnd) {
    const sentence = `${label} ends below the segment before it; blink wants ascending addresses.`;
    return { errno: 'ENOEXEC', rule: 'order', sentence };
  }
  if (wideOffsetWithin(segment.vaddr, page) !== wideOffsetWithin(segment.offset, page)) {
    const sentence = `${label} has address ${hex(segment.vaddr)} and offset ${hex(segment.offset)}, which differ within the page of ${page} bytes; blink -m uses 4 KiB.`;
    return { errno: 'ENOEXEC', rule: 'congruence', sentence };
  }
  return undefined;
}

function refuseOverlap({ label }: SegmentBuilder, previousEnd: bigint): RuleRefusal {
  const sentence = `${label} starts more than a page below ${hex(previousEnd)}, where the segment before it ends; an assertion of blink stops it.`;
  return { errno: 'ENOEXEC', rule: 'overlap', sentence };
}
