// What Android's dynamic linker asks of segments, and how it maps them when it is satisfied (bionic/linker/linker_phdr.cpp).
import { GUEST_PAGE, type RuleContext, type RuleRefusal } from './define-policy.ts';
import { refuseIncongruent } from './linux-steps.ts';
import { PROT, type SegmentBuilder, segmentLabel } from './segment-builder.ts';
import { isWidePowerOfTwo, wideOffsetWithin, wideRoundDown, wideRoundUp } from './wide-rounding.ts';

/** The alignment an image was linked for, and the segment that says so. */
interface LinkedAlignment {
  readonly bytes: bigint;
  readonly segment: number;
}

/**
 * The smallest p_align that is a power of two above one; the page when there is none. A RELRO that ends inside its segment, on a
 * 4 KiB page but not on a multiple of p_align, lowers it to the alignment of that end: old linkers wrote such files (binutils bug
 * 28824), and protecting RELRO would take pages from the data behind it.
 */
function linkedAlignment({ segments, facts, hostPage }: RuleContext): LinkedAlignment {
  let least: LinkedAlignment | undefined;
  for (const [segment, { align: bytes }] of segments.entries()) {
    if (bytes > 1n && isWidePowerOfTwo(bytes) && (least === undefined || bytes < least.bytes))
      least = { bytes, segment };
  }
  for (const relro of facts.relro ?? []) {
    const segment = segments.findIndex(({ vaddr, memsz }) => relro.start >= vaddr && relro.end < vaddr + memsz);
    if (segment < 0 || wideOffsetWithin(relro.end, GUEST_PAGE) !== 0n) continue;
    const lowestBit = relro.end & -relro.end;
    if (least !== undefined && lowestBit < segments[segment].align && lowestBit < least.bytes)
      least = { bytes: lowestBit, segment };
  }
  return least ?? { bytes: hostPage, segment: 0 };
}

/** The linker's refusal of a library whose segments are aligned to less than a page. */
export function refuseSmallAlignment(context: RuleContext): (RuleRefusal & { segment: number }) | undefined {
  const { bytes, segment } = linkedAlignment(context);
  if (bytes >= context.hostPage) return undefined;
  const load = context.segments[segment];
  const what = load.align === bytes ? 'is' : 'holds a RELRO whose end is';
  const sentence = `${segmentLabel(load, segment)} ${what} aligned to ${bytes} bytes, less than the system's page of ${context.hostPage}.`;
  return { segment, errno: 'dlerror', rule: 'program-alignment', sentence };
}

/** File pages, the zeroed rest of the last one, anonymous pages with the segment's own permissions. */
export function loadAsBionic(build: SegmentBuilder, page: bigint): RuleRefusal | undefined {
  const refusal = refuseIncongruent(build, page);
  if (refusal !== undefined) return refusal;
  const { segment, protection, fileEnd, memoryEnd } = build;
  const pageStart = wideRoundDown(segment.vaddr, page);
  const filePagesEnd = segment.filesz > 0n ? wideRoundUp(fileEnd, page) : pageStart;
  if (segment.filesz > 0n) {
    build.mapFile(pageStart, filePagesEnd);
    if (protection & PROT.WRITE) build.zero(fileEnd, filePagesEnd);
  }
  build.mapAnonymous(filePagesEnd, wideRoundUp(memoryEnd, page));
  return undefined;
}

/** Whether a 4 KiB library is loaded in compatibility mode: 16 KiB pages and nothing but its alignment in the way. */
export function usesCompatibilityMode(context: RuleContext): boolean {
  return context.hostPageBytes === 4 * Number(GUEST_PAGE) && linkedAlignment(context).bytes === GUEST_PAGE;
}

/** Anonymous memory for the whole image, then every segment's bytes read to its 4 KiB page. */
export function loadInCompatibilityMode(build: SegmentBuilder, { segments }: RuleContext): void {
  const { segment, index } = build;
  if (index === 0) {
    const { start, end } = imageRange(segments);
    build.mapAnonymous(start, end, PROT.READ | PROT.WRITE);
  }
  if (segment.filesz === 0n) return;
  // Both are rounded down on their own, so an offset that does not agree with the address reads the wrong bytes.
  const start = wideRoundDown(segment.vaddr, GUEST_PAGE);
  const fileOffset = wideRoundDown(segment.offset, GUEST_PAGE);
  build.readFile(start, start + segment.offset + segment.filesz - fileOffset, fileOffset);
}

/** From the first 4 KiB page of the image to the last. */
export function imageRange(segments: RuleContext['segments']): { start: bigint; end: bigint } {
  let start = segments[0].vaddr;
  let end = 0n;
  for (const { vaddr, memsz } of segments) {
    if (vaddr < start) start = vaddr;
    if (vaddr + memsz > end) end = vaddr + memsz;
  }
  return { start: wideRoundDown(start, GUEST_PAGE), end: wideRoundUp(end, GUEST_PAGE) };
}

/** Where code ends and data begins, or why the image has no such place. */
export function compatibilityBoundary({ segments, facts }: RuleContext): bigint | PlanReason {
  const isData = segments.map(({ flags }) => (flags & 6) === 6);
  const first = isData.indexOf(true);
  if (first < 0) return { segment: 0, sentence: 'The image has no segment that is readable and writable.' };
  const last = isData.lastIndexOf(true);
  const hole = isData.indexOf(false, first);
  if (hole >= 0 && hole < last) {
    return {
      segment: hole,
      sentence: `${segmentLabel(segments[hole], hole)} lies between writable segments and is not writable.`,
    };
  }
  const [relro, second] = facts.relro ?? [];
  if (second !== undefined) return { segment: first, sentence: 'The image has more than one PT_GNU_RELRO.' };
  if (relro === undefined) return wideRoundDown(segments[first].vaddr, GUEST_PAGE);
  const { vaddr, memsz } = segments[first];
  if (relro.start !== vaddr || relro.end > vaddr + memsz) {
    return {
      segment: first,
      sentence: `${segmentLabel(segments[first], first)} is writable but does not begin with the RELRO.`,
    };
  }
  return wideRoundUp(relro.end, GUEST_PAGE);
}

interface PlanReason {
  readonly segment: number;
  readonly sentence: string;
}
