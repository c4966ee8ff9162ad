// mprotect(2): new permissions for whole pages, exact per page.
import { isAligned, roundUp } from '@elf/pagesize';
import { MemoryErrno } from './errno.ts';
import { entryFlags } from './fault-handler.ts';
import { Protection } from './page-fault.ts';
import { frameOf, PageEntry } from './page-table.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag, type Vma } from './vma.ts';

/** PROT_SEM, accepted and ignored; PROT_GROWSDOWN extends the change to the start of a stack (man 2 mprotect). */
const PROTECTION_SEMAPHORE = 8;
const PROTECTION_GROWS_DOWN = 0x0100_0000;
const PERMISSIONS = Protection.Read | Protection.Write | Protection.Execute;

/**
 * Changes permissions. Like the kernel it works area by area, so an error in the middle leaves the areas before it changed.
 * @returns 0, or a negative error number.
 */
export function protect(state: SpaceState, address: number, length: number, protection: number): number {
  const growsDown = (protection & PROTECTION_GROWS_DOWN) !== 0;
  if (protection & ~(PERMISSIONS | PROTECTION_SEMAPHORE | PROTECTION_GROWS_DOWN)) return -MemoryErrno.EINVAL;
  if (!isAligned(address, state.layout.mappingGranularity)) return -MemoryErrno.EINVAL;
  if (length === 0) return 0;
  const end = address + roundUp(length, state.layout.mappingGranularity);
  if (!(length > 0) || address < 0 || end > state.layout.taskSize) return -MemoryErrno.ENOMEM;
  const first = state.vmas.atOrAfter(address);
  if (first === undefined || first.start >= end) return -MemoryErrno.ENOMEM;
  let position = address;
  if (growsDown) {
    if (!(first.flags & AreaFlag.GrowsDown)) return -MemoryErrno.EINVAL;
    position = first.start;
  } else if (first.start > address) return -MemoryErrno.ENOMEM;
  while (position < end) {
    const area = state.vmas.find(position);
    if (area === undefined) return -MemoryErrno.ENOMEM;
    if (protection & PERMISSIONS & ~area.maximumProtection) return -MemoryErrno.EACCES;
    const stop = Math.min(end, area.end);
    if (area.protection !== (protection & PERMISSIONS)) {
      const result = protectArea(state, area, position, stop, protection & PERMISSIONS);
      if (result < 0) return result;
    }
    position = stop;
  }
  return 0;
}

function protectArea(state: SpaceState, area: Vma, start: number, end: number, protection: number): number {
  const parts = Number(area.start < start) + Number(area.end > end);
  if (state.vmas.size + parts > state.layout.maximumAreas) return -MemoryErrno.ENOMEM;
  const codePages: number[] = [];
  const flags = entryFlags(protection);
  const kept = PageEntry.Dirty | (protection & Protection.Write ? PageEntry.Writable : 0);
  state.table.update(start, end, (page, entry) => {
    let mark = entry & PageEntry.Code;
    if (mark && !(protection & Protection.Execute)) {
      mark = 0;
      codePages.push(page);
      state.memory.codeFrames.remove(frameOf(entry), state, page);
    }
    const cleared = entry & ~(PageEntry.Readable | PageEntry.Executable | PageEntry.Writable | PageEntry.Code);
    return cleared | flags | (entry & kept) | mark;
  });
  state.vmas.change(start, end, (changed) => {
    changed.protection = protection;
  });
  state.invalidate(start, end);
  state.announceCode(codePages);
  return 0;
}
