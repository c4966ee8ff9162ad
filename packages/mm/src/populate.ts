// Touching pages before the program does: MAP_POPULATE, MAP_LOCKED, mlock(2) and MADV_POPULATE_* (mm/gup.c).
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { MemoryErrno } from './errno.ts';
import { handleFault } from './fault-handler.ts';
import { Access, FaultCause, Protection } from './page-fault.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag, type Vma } from './vma.ts';

/**
 * Touches the pages of [start, end) area by area, with a store where that gives the program its own copy. Where an area cannot
 * be touched, mlock stops; MAP_POPULATE goes on with the next area.
 * @returns 0, or the negative error number at which it stopped.
 */
export function populate(state: SpaceState, start: number, end: number, stopsAtFailure = false): number {
  for (let position = start; position < end; ) {
    const area = state.vmas.atOrAfter(position);
    if (area === undefined || area.start >= end) break;
    const stop = Math.min(end, area.end);
    if (!(area.flags & (AreaFlag.LockOnFault | AreaFlag.KernelPages))) {
      const isPrivateWritable = (area.protection & Protection.Write) !== 0 && !(area.flags & AreaFlag.Shared);
      const access = isPrivateWritable ? Access.Write : Access.Read;
      const result = touch(state, area, Math.max(position, area.start), stop, access);
      if (result === -MemoryErrno.ENOMEM || (result < 0 && stopsAtFailure)) return result;
    }
    position = stop;
  }
  return 0;
}

/**
 * MADV_POPULATE_READ and MADV_POPULATE_WRITE: touches every page of [start, end) with the rights of the program.
 * @returns 0, -EINVAL where a page's permissions forbid it, -ENOMEM where nothing is mapped, -EFAULT past the end of a file.
 */
export function populateFor(state: SpaceState, start: number, end: number, access: Access): number {
  const needed = access === Access.Write ? Protection.Write : Protection.Read;
  for (let position = start; position < end; ) {
    const area = state.vmas.find(position);
    if (area === undefined) return -MemoryErrno.ENOMEM;
    if (!(area.protection & needed) || area.flags & AreaFlag.KernelPages) return -MemoryErrno.EINVAL;
    const stop = Math.min(end, area.end);
    const result = touch(state, area, position, stop, access);
    if (result < 0) return result;
    position = stop;
  }
  return 0;
}

function touch(state: SpaceState, area: Vma, start: number, end: number, access: Access): number {
  if (area.protection === Protection.None) return -MemoryErrno.EFAULT;
  // Pages of zeros need no frames, but tables: whoever wants terabytes of them runs out of memory, as on a real machine.
  const reach = Math.min(end, start + state.memory.maximumBytes);
  const isReadable = (area.protection & (Protection.Read | Protection.Execute)) !== 0;
  const isCopied =
    access === Access.Write && isReadable && area.backing !== undefined && !(area.flags & AreaFlag.Shared);
  for (let page = start; page < reach; page += GUEST_PAGE_BYTES) {
    if (state.table.read(page) & (1 << access)) continue;
    // A private copy is made of the file's page, which other mappings then find in memory too (mm/memory.c, do_cow_fault).
    if (isCopied && state.table.read(page) === 0) handleFault(state, page, Access.Read);
    const frame = handleFault(state, page, access);
    if (frame === -FaultCause.OutOfMemory) return -MemoryErrno.ENOMEM;
    // A page with translated code is there, which is all that is wanted.
    if (frame < 0 && frame !== -FaultCause.CodeWrite) return -MemoryErrno.EFAULT;
  }
  return reach < end ? -MemoryErrno.ENOMEM : 0;
}
