// msync(2), mincore(2) and mlock(2): what is in memory, and what must reach the file.
import { GUEST_PAGE_BYTES, isAligned, roundDown, roundUp } from '@elf/pagesize';
import { MemoryErrno } from './errno.ts';
import { PageEntry } from './page-table.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag } from './vma.ts';

/** EIO of a device that refused a write. */
const EIO = 5;

/**
 * Writes the dirty pages of shared mappings in the range to their files and marks them clean, so that the next store is seen.
 * @returns 0, or a negative error number: ENOMEM when part of the range is unmapped, EIO when a device failed.
 */
export function synchronize(state: SpaceState, address: number, length: number): number {
  if (!isAligned(address, state.layout.mappingGranularity) || !(length >= 0)) return -MemoryErrno.EINVAL;
  const end = address + roundUp(length, state.layout.mappingGranularity);
  let failed = false;
  state.table.update(address, end, (page, entry) => {
    if (!(entry & PageEntry.Dirty)) return entry;
    if (!state.writeBack(page, entry)) failed = true;
    for (const tlb of state.tlbs) tlb.dropWrite(page);
    return entry & ~(PageEntry.Dirty | PageEntry.Writable);
  });
  if (failed) return -EIO;
  return isFullyMapped(state, address, end) ? 0 : -MemoryErrno.ENOMEM;
}

/** One byte per kernel page: 1 when some guest page of it has a frame, or its file page is cached. */
export function residency(state: SpaceState, address: number, length: number): Uint8Array | number {
  if (!isAligned(address, state.layout.mappingGranularity) || !(length >= 0)) return -MemoryErrno.EINVAL;
  const end = address + roundUp(length, state.layout.mappingGranularity);
  if (!isFullyMapped(state, address, end)) return -MemoryErrno.ENOMEM;
  const { mappingGranularity } = state.layout;
  const result = new Uint8Array((end - address) / mappingGranularity);
  for (let page = address; page < end; page += GUEST_PAGE_BYTES) {
    if (isResident(state, page)) result[Math.floor((page - address) / mappingGranularity)] = 1;
  }
  return result;
}

function isResident(state: SpaceState, page: number): boolean {
  if (state.table.read(page) !== 0) return true;
  const area = state.vmas.find(page);
  if (area?.backing === undefined) return false;
  const filePage = (area.offset + (page - area.start)) / GUEST_PAGE_BYTES;
  return state.memory.fileFrames.find(area.backing.identity, filePage) > 0;
}

/** Sets or clears the lock of every page that contains a byte of the range; ENOMEM when part of it is unmapped. */
export function setLocked(state: SpaceState, address: number, length: number, locked: boolean): number {
  const start = roundDown(address, state.layout.mappingGranularity);
  const end = roundUp(address + length, state.layout.mappingGranularity);
  if (end > state.layout.taskSize) return -MemoryErrno.ENOMEM;
  if (!isFullyMapped(state, start, end)) return -MemoryErrno.ENOMEM;
  state.vmas.change(start, end, (area) => {
    area.flags = locked ? area.flags | AreaFlag.Locked : area.flags & ~AreaFlag.Locked;
  });
  return 0;
}

function isFullyMapped(state: SpaceState, start: number, end: number): boolean {
  for (let position = start; position < end; ) {
    const area = state.vmas.find(position);
    if (area === undefined) return false;
    position = area.end;
  }
  return true;
}
