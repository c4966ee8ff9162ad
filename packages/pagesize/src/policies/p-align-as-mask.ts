// p_align taken for a page size: box64's arithmetic before pull request 4158, carried out for contents too.
import { definePolicy } from '../model/define-policy.ts';
import { alignmentAtLeast } from '../model/linux-steps.ts';
import { wideRoundDown, wideRoundUp } from '../model/wide-rounding.ts';

export const pAlignAsMask = definePolicy({
  name: 'p-align-as-mask',
  title: 'p_align used as page mask',
  description:
    "No known loader does all of it: fresh zero pages over the segment rounded to the larger of p_align and host page, then the segment's bytes. p_align promises that address and offset agree modulo it, not that the segment starts there; so this fails with 4 KiB pages too. A negative control.",
  sources: ['box64 pull request 4158 (description of the state before, where permissions were spread this way)'],
  auxiliaryPageBytes: ({ hostPageBytes }) => hostPageBytes,
  isWindowExact: true,
  granularity: ({ align }, _index, { hostPage }) => alignmentAtLeast(hostPage, align),
  load(build, page) {
    const { segment, fileEnd, memoryEnd } = build;
    if (segment.memsz === 0n) return undefined;
    build.mapAnonymous(wideRoundDown(segment.vaddr, page), wideRoundUp(memoryEnd, page));
    build.readFile(segment.vaddr, fileEnd);
    return undefined;
  },
});
