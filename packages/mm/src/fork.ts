// fork(2): a second address space over the same frames, private pages copied at the first store of either side.
import { frameOf, PageEntry } from './page-table.ts';
import { SpaceState } from './space-state.ts';
import { AreaFlag } from './vma.ts';

/**
 * Copies areas and page tables; no page is copied. Code marks stay with the parent, because the child has no translations yet.
 * @returns the child's state.
 */
export function forkState(parent: SpaceState): SpaceState {
  const child = new SpaceState(parent.memory, { ...parent.layout });
  Object.assign(child.programBreak, parent.programBreak);
  child.stackStart = parent.stackStart;
  for (const area of parent.vmas.areas) {
    if (area.flags & AreaFlag.DontFork) continue;
    const isWiped = (area.flags & AreaFlag.WipeOnFork) !== 0;
    const hasPages = area.privatePages !== undefined && !isWiped;
    child.vmas.insert({
      ...area,
      // Locks are not inherited (man 2 mlock).
      flags: area.flags & ~(AreaFlag.Locked | AreaFlag.LockOnFault),
      // The child's pages are its own from now on, yet tied to the parent's (mm/rmap.c, anon_vma_fork).
      privatePages: hasPages ? {} : undefined,
      sharesPrivatePages: hasPages,
    });
    // Without private pages a page fault brings the same again, so nothing is copied (mm/memory.c, vma_needs_copy).
    if (!hasPages) continue;
    parent.table.update(area.start, area.end, (page, entry) => {
      parent.memory.retainFrame(frameOf(entry));
      child.table.write(page, entry & ~(PageEntry.Writable | PageEntry.Code | PageEntry.Dirty));
      return entry & ~PageEntry.Writable;
    });
  }
  for (const tlb of parent.tlbs) tlb.dropAllWrites();
  return child;
}
