// How Linux maps a segment with pages of a given size; the measure of all policies with 4 KiB, and the rule of several with more.
import { GUEST_PAGE, type PolicyRule, type RuleRefusal } from './define-policy.ts';
import { hex, PROT, type SegmentBuilder } from './segment-builder.ts';
import { isWidePowerOfTwo, wideOffsetWithin, wideRoundDown, wideRoundUp } from './wide-rounding.ts';

/**
 * File pages, the zeroed rest of the last one, anonymous pages after it (fs/binfmt_elf.c, elf_load). The rest of a file page stays as it is
 * when the segment is not writable, and anonymous pages are always readable and writable.
 */
export function loadAsLinux(build: SegmentBuilder, page: bigint): void {
  const { segment, protection, fileEnd, memoryEnd } = build;
  const pageStart = wideRoundDown(segment.vaddr, page);
  const filePagesEnd = segment.filesz > 0n ? wideRoundUp(fileEnd, page) : pageStart;
  if (segment.filesz > 0n) build.mapFile(pageStart, filePagesEnd);
  if (segment.memsz <= segment.filesz) return;
  if (segment.filesz > 0n && protection & PROT.WRITE) build.zero(fileEnd, filePagesEnd);
  build.mapAnonymous(filePagesEnd, wideRoundUp(memoryEnd, page), PROT.READ | PROT.WRITE | (protection & PROT.EXEC));
}

/** mmap's own condition: address and offset must lie equally in their pages, and the window must not start before the file. */
export function refuseIncongruent({ segment, label }: SegmentBuilder, page: bigint): RuleRefusal | undefined {
  if (segment.filesz === 0n) return undefined;
  const offset = segment.offset - wideOffsetWithin(segment.vaddr, page);
  if (offset >= 0n && wideOffsetWithin(offset, page) === 0n) return undefined;
  const sentence = `${label} would be mapped from file offset ${hex(offset)}, which is no multiple of the page of ${page} bytes.`;
  return { errno: 'EINVAL', rule: 'congruence', sentence };
}

/** The largest power-of-two p_align that is at least `page`. */
export function alignmentAtLeast(page: bigint, align: bigint): bigint {
  return align > page && isWidePowerOfTwo(align) ? align : page;
}

/** Linux with 4 KiB pages without its refusals: what every other plan is compared with. */
export const REFERENCE_RULE: PolicyRule = {
  name: 'reference',
  title: '',
  description: '',
  sources: [],
  allowsLongFilePart: true,
  granularity: () => GUEST_PAGE,
  load: (build, page) => {
    loadAsLinux(build, page);
    return undefined;
  },
};
