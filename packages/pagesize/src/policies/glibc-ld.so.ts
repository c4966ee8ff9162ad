// The dynamic loader of glibc with the host's page: two checks before it maps a library.
import { definePolicy, type RuleRefusal } from '../model/define-policy.ts';
import { refuseIncongruent } from '../model/linux-steps.ts';
import { hex, type SegmentBuilder } from '../model/segment-builder.ts';
import { lowerOf, wideOffsetWithin, wideRoundDown, wideRoundUp } from '../model/wide-rounding.ts';

export const glibcLdSo = definePolicy({
  name: 'glibc-ld.so',
  title: "glibc's ld.so with the host's page",
  description:
    "Libraries, not programs: ld.so takes AT_PAGESZ for the page and refuses a PT_LOAD whose p_align is no multiple of it, or whose address and offset differ modulo p_align. This is why an emulator that tells its guest the host's page breaks every library linked for 4 KiB. The rest of the last file page is zeroed even when the segment is not writable.",
  sources: ['glibc elf/dl-load.c (_dl_map_object_from_fd), elf/dl-map-segments.h'],
  auxiliaryPageBytes: ({ hostPageBytes }) => hostPageBytes,
  granularity: (_segment, _index, { hostPage }) => hostPage,
  load(build, page) {
    const refusal = refuseAlignment(build, page) ?? refuseIncongruent(build, page);
    if (refusal !== undefined) return refusal;
    const { segment, fileEnd, memoryEnd } = build;
    const filePagesEnd = wideRoundUp(fileEnd, page);
    build.mapFile(wideRoundDown(segment.vaddr, page), filePagesEnd);
    if (memoryEnd <= fileEnd) return undefined;
    build.zero(fileEnd, lowerOf(memoryEnd, filePagesEnd));
    build.mapAnonymous(filePagesEnd, wideRoundUp(memoryEnd, page));
    return undefined;
  },
});

function refuseAlignment({ segment, label }: SegmentBuilder, page: bigint): RuleRefusal | undefined {
  const { align, vaddr, offset } = segment;
  if (wideOffsetWithin(align, page) !== 0n) {
    const sentence = `${label} is aligned to ${hex(align)}, no multiple of the page of ${page} bytes.`;
    return { errno: 'dlerror', rule: 'alignment-page', sentence };
  }
  // p_align 0 makes the mask all ones, as 64-bit arithmetic has it.
  if ((BigInt.asUintN(64, vaddr - offset) & BigInt.asUintN(64, align - 1n)) !== 0n) {
    const sentence = `${label} has address ${hex(vaddr)} and offset ${hex(offset)}, which differ modulo its p_align ${hex(align)}.`;
    return { errno: 'dlerror', rule: 'alignment-offset', sentence };
  }
  return undefined;
}
