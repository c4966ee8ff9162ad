// Marks on pages from which an engine translated code: a store to one is seen before it happens.
import { PageEntry } from './page-table.ts';
import type { SpaceState } from './space-state.ts';

/** Marks a page that has a frame; stores now report CodeWrite. A page without a frame holds no code and is left alone. */
export function markCode(state: SpaceState, page: number): void {
  const entry = state.table.read(page);
  if (entry === 0 || entry & PageEntry.Code) return;
  state.table.write(page, (entry & ~PageEntry.Writable) | PageEntry.Code);
  for (const tlb of state.tlbs) tlb.dropWrite(page);
}

/** Removes the mark without telling listeners: the engine itself dropped its translations. */
export function clearCode(state: SpaceState, page: number): void {
  const entry = state.table.read(page);
  if (entry & PageEntry.Code) state.table.write(page, entry & ~PageEntry.Code);
}
