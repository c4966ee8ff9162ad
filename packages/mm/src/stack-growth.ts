// Stacks that grow when the program touches a page below them (mm/vma.c, expand_downwards).
import { roundDown } from '@elf/pagesize';
import { mayExpand, mayLock } from './limits.ts';
import { Protection } from './page-fault.ts';
import { stackGuardBytes } from './placement.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag, type Vma } from './vma.ts';

/**
 * Extends the stack above an unmapped page down to it, within RLIMIT_STACK and the guard gap (mm/mmap.c, expand_downwards).
 * @returns the extended area, or undefined when the page is not a stack's to have.
 */
export function growStack(state: SpaceState, guestPage: number): Vma | undefined {
  const { vmas, layout } = state;
  const page = roundDown(guestPage, layout.mappingGranularity);
  const index = vmas.indexAtOrAfter(page);
  const area = vmas.areas[index];
  if (area === undefined || !(area.flags & AreaFlag.GrowsDown)) return undefined;
  if (page < layout.minimumAddress) return undefined;
  const below = index > 0 ? vmas.areas[index - 1] : undefined;
  if (below !== undefined && !(below.flags & AreaFlag.GrowsDown) && below.protection !== Protection.None) {
    if (page - below.end < stackGuardBytes(layout.mappingGranularity)) return undefined;
  }
  // The kernel prepares for private pages first, because growing changes what they are found by.
  vmas.preparePrivatePages(area);
  // A stack that was moved may have been close to address 0 when it was made.
  const growth = area.start - page;
  if (growth > area.offset || area.end - page > layout.stackLimitInBytes) return undefined;
  if (!mayExpand(state, area, growth) || !mayLock(state, area.flags, growth)) return undefined;
  vmas.extend(area, page, area.end);
  return area;
}
