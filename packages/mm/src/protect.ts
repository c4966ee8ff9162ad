// mprotect(2): new permissions for whole pages, exact per page.
import { isAligned, roundUp } from '@elf/pagesize';
import { MemoryErrno } from './errno.ts';
import { entryFlags } from './fault-handler.ts';
import { isAccountable, mayExpand, mayPromise } from './limits.ts';
import { Protection } from './page-fault.ts';
import { frameOf, PageEntry } from './page-table.ts';
import { populate } from './populate.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag, type Vma } from './vma.ts';

/** PROT_SEM, accepted and ignored; PROT_GROWSDOWN and PROT_GROWSUP extend the change to a stack's end (man 2 mprotect). */
const PROTECTION_SEMAPHORE = 8;
const PROTECTION_GROWS_DOWN = 0x0100_0000;
const PROTECTION_GROWS_UP = 0x0200_0000;
const PERMISSIONS = Protection.Read | Protection.Write | Protection.Execute;

/**
 * Changes permissions. Like the kernel it works area by area, so an error in the middle leaves the areas before it changed.
 * @returns 0, or a negative error number.
 */
export function protect(state: SpaceState, address: number, length: number, protection: number): number {
  const { mappingGranularity, taskSize } = state.layout;
  const growsDown = (protection & PROTECTION_GROWS_DOWN) !== 0;
  const growsUp = (protection & PROTECTION_GROWS_UP) !== 0;
  if ((growsDown && growsUp) || !isAligned(address, mappingGranularity)) return -MemoryErrno.EINVAL;
  if (length === 0) return 0;
  const end = address + roundUp(length, mappingGranularity);
  if (!(length > 0) || !(end > address)) return -MemoryErrno.ENOMEM;
  const permissions = protection & ~(PROTECTION_GROWS_DOWN | PROTECTION_GROWS_UP | PROTECTION_SEMAPHORE);
  if (permissions & ~PERMISSIONS) return -MemoryErrno.EINVAL;
  const first = address < 0 || address > taskSize ? undefined : state.vmas.atOrAfter(address);
  if (first === undefined || first.start >= end) return -MemoryErrno.ENOMEM;
  if (growsDown && !(first.flags & AreaFlag.GrowsDown)) return -MemoryErrno.EINVAL;
  if (!growsDown && first.start > address) return -MemoryErrno.ENOMEM;
  // No area of x86 grows up.
  if (growsUp) return -MemoryErrno.EINVAL;
  return protectAreas(state, growsDown ? first.start : address, end, permissions);
}

function protectAreas(state: SpaceState, start: number, end: number, protection: number): number {
  for (let position = start; position < end; ) {
    const area = state.vmas.find(position);
    if (area === undefined) return -MemoryErrno.ENOMEM;
    if (protection & ~area.maximumProtection) return -MemoryErrno.EACCES;
    const stop = Math.min(end, area.end);
    if (area.protection !== protection) {
      const result = protectArea(state, area, position, stop, protection);
      if (result < 0) return result;
    }
    position = stop;
  }
  return 0;
}

function protectArea(state: SpaceState, area: Vma, start: number, end: number, protection: number): number {
  const parts = Number(area.start < start) + Number(area.end > end);
  if (state.vmas.size + parts > state.layout.maximumAreas) return -MemoryErrno.ENOMEM;
  if (state.vmas.cutsSpecial(start, end)) return -MemoryErrno.EINVAL;
  const flags = accounted(area, protection);
  if (protection & Protection.Write && !(area.protection & Protection.Write)) {
    // Only what becomes data is asked for: bytes that do not even fit as they are do fit, as they are there already.
    const length = end - start;
    if (!mayExpand(state, { flags, protection }, length) && mayExpand(state, area, length)) return -MemoryErrno.ENOMEM;
  }
  if (flags & ~area.flags && !mayPromise(state, end - start)) return -MemoryErrno.ENOMEM;
  const locked = (area.flags & (AreaFlag.Locked | AreaFlag.Shared)) === AreaFlag.Locked;
  const becomesWritable = (protection & ~area.protection & Protection.Write) !== 0;
  const codePages = protectPages(state, start, end, protection);
  state.vmas.modify(area, start, end, (part) => {
    part.protection = protection;
    part.flags = flags;
  });
  state.invalidate(start, end);
  // Locked private memory gets its own copies now, so that a later store needs no page (mm/mprotect.c, mprotect_fixup).
  if (locked && becomesWritable) populate(state, start, end);
  state.announceCode(codePages);
  return 0;
}

/** The area's flags, with the promise of memory that comes with write permission and goes while no page exists. */
function accounted(area: Vma, protection: number): number {
  if (protection & Protection.Write) {
    const isNew = !(area.protection & Protection.Write) && isAccountable({ protection, flags: area.flags });
    return isNew ? area.flags | AreaFlag.Account : area.flags;
  }
  const isUntouched = area.backing === undefined && area.privatePages === undefined;
  return isUntouched ? area.flags & ~AreaFlag.Account : area.flags;
}

/** Changes the entries of [start, end); returns the pages whose translated code lost the right to be executed. */
function protectPages(state: SpaceState, start: number, end: number, protection: number): number[] {
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
  return codePages;
}
