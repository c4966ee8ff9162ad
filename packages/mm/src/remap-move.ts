// The move of mremap(2): page-table entries go to the new area, pages are never copied.
import { frameOf, PageEntry } from './page-table.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag, type Vma } from './vma.ts';

/** What goes where. */
export interface Move {
  readonly address: number;
  /** 0 makes a second mapping of shared memory. */
  readonly oldLength: number;
  readonly newLength: number;
  /** Free addresses for `newLength` bytes. */
  readonly target: number;
  /** The old area stays, without pages. */
  readonly keepOld: boolean;
}

/** Moves [address, address + oldLength) of one area. Nothing can fail here. */
export function move(state: SpaceState, area: Vma, { address, oldLength, newLength, target, keepOld }: Move): void {
  const { vmas } = state;
  // Memory without pages starts a new life, which lets it merge with its new neighbours (mm/vma.c, copy_vma).
  const isUntouched = area.backing === undefined && area.privatePages === undefined;
  const offset = isUntouched ? target : area.offset + (address - area.start);
  const codePages = movePages(state, address, oldLength, target);
  const isWhole = address === area.start && address + oldLength === area.end;
  vmas.insertMerging({ ...area, start: target, end: target + newLength, offset });
  if (keepOld) emptied(vmas.find(address) as Vma, isWhole);
  else if (oldLength > 0) vmas.remove(address, address + oldLength);
  state.invalidate(address, address + oldLength);
  state.announceCode(codePages);
}

/** The area that MREMAP_DONTUNMAP leaves is not locked and starts without private pages. */
function emptied(old: Vma, isWhole: boolean): void {
  old.flags &= ~(AreaFlag.Locked | AreaFlag.LockOnFault);
  if (!isWhole) return;
  old.privatePages = undefined;
  old.sharesPrivatePages = false;
}

/** Moves the entries of a range; returns the pages whose translated code is at its old address no more. */
function movePages(state: SpaceState, address: number, length: number, target: number): number[] {
  const { table } = state;
  const moved: [number, number][] = [];
  const codePages: number[] = [];
  table.update(address, address + length, (page, entry) => {
    if (entry & PageEntry.Code) {
      codePages.push(page);
      state.memory.codeFrames.remove(frameOf(entry), state, page);
    }
    moved.push([page, entry & ~PageEntry.Code]);
    return 0;
  });
  for (const [page, entry] of moved) table.write(target + (page - address), entry);
  return codePages;
}
