// Marks on pages from which an engine translated code: a store to one is seen before it happens.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { frameOf, PageEntry } from './page-table.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag } from './vma.ts';

/** Marks a page that has a frame; stores now report CodeWrite. A page without a frame holds no code and is left alone. */
export function markCode(state: SpaceState, page: number): void {
  const entry = state.table.read(page);
  if (entry === 0 || entry & PageEntry.Code) return;
  state.table.write(page, (entry & ~PageEntry.Writable) | PageEntry.Code);
  for (const tlb of state.tlbs) tlb.dropWrite(page);
  const area = state.vmas.find(page);
  if (area?.backing === undefined) return;
  const { identity } = area.backing;
  const filePage = (area.offset + (page - area.start)) / GUEST_PAGE_BYTES;
  const frame = frameOf(entry);
  // A private copy has left the file: nobody else can write into it.
  if (state.memory.fileFrames.find(identity, filePage) !== frame) return;
  state.memory.codeFrames.add(frame, state, page, identity, filePage);
}

/**
 * Removes the mark without telling the space's listeners: the engine itself dropped its translations of this page.
 * For a shared mapping the marks of other mappings of the same file page are removed too, and those are announced.
 */
export function clearCode(state: SpaceState, page: number): void {
  const entry = state.table.read(page);
  if (entry === 0) return;
  const frame = frameOf(entry);
  const { codeFrames } = state.memory;
  if (entry & PageEntry.Code) {
    state.table.write(page, entry & ~PageEntry.Code);
    codeFrames.remove(frame, state, page);
  }
  // A store through a private mapping goes to a copy, so other mappings keep their code.
  const area = state.vmas.find(page);
  if (area !== undefined && area.flags & AreaFlag.Shared) codeFrames.announce(frame);
}
