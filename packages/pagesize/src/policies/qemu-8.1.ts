// QEMU user mode since 8.1: the guest page is the unit, host pages are shared by copying.
import { definePolicy, GUEST_PAGE, type RuleRefusal } from '../model/define-policy.ts';
import { refuseIncongruent } from '../model/linux-steps.ts';
import { hex, PROT, type SegmentBuilder } from '../model/segment-builder.ts';
import { targetMap } from '../model/target-mmap.ts';
import { wideRoundDown, wideRoundUp } from '../model/wide-rounding.ts';

export const qemu81 = definePolicy({
  name: 'qemu-8.1',
  title: 'QEMU user mode since 8.1',
  description:
    'Every segment is mapped at its 4 KiB page. Host pages that lie whole in a segment are mapped, parts of host pages are read into place, and a host page gets the union of the permissions in it: no byte is lost, but code may become writable and data executable. Zeros after the file part of a segment that is not writable, or in a page that is not, end the load. Two PT_INTERP are refused as well, which PT_LOADs do not show.',
  sources: [
    'QEMU e3d97d5c5d, 2d385be615, 5f4e5b3409 (8.1)',
    'linux-user/mmap.c, target_mmap and mmap_frag',
    'linux-user/elfload.c, load_elf_image and zero_bss',
  ],
  allowsLongFilePart: true,
  granularity: () => GUEST_PAGE,
  load(build, page, { hostPage }) {
    const refusal = refuseIncongruent(build, page);
    if (refusal !== undefined) return refusal;
    const { segment, fileEnd, memoryEnd } = build;
    if (segment.filesz > 0n) {
      targetMap(build, wideRoundDown(segment.vaddr, page), wideRoundUp(fileEnd, page), hostPage, 'file');
    }
    return memoryEnd > fileEnd ? addZeros(build, page, hostPage) : undefined;
  },
});

/** The rest of a page that is in use by hand, guest pages after it. */
function addZeros(build: SegmentBuilder, page: bigint, hostPage: bigint): RuleRefusal | undefined {
  const { label, protection, fileEnd, memoryEnd } = build;
  if (!(protection & PROT.WRITE)) {
    const sentence = `${label} has zeros after its file part but no write permission.`;
    return { errno: 'ENOEXEC', rule: 'bss-writable', sentence };
  }
  const firstPage = wideRoundDown(fileEnd, page);
  const inUse = build.guestPages.within(firstPage, firstPage + page);
  if (inUse.some(({ value }) => !(value & PROT.WRITE))) {
    const sentence = `The zeros of ${label} start in the page ${hex(firstPage)}, which is not writable.`;
    return { errno: 'ENOEXEC', rule: 'bss-page-writable', sentence };
  }
  const pagesStart = inUse.length > 0 ? wideRoundUp(fileEnd, page) : firstPage;
  if (inUse.length > 0) build.zero(fileEnd, pagesStart);
  targetMap(build, pagesStart, wideRoundUp(memoryEnd, page), hostPage, 'zeros');
  return undefined;
}
