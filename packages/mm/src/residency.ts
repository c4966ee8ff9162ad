// msync(2) and mincore(2): what must reach the file, and what is in memory.
import { GUEST_PAGE_BYTES, isAligned, roundUp } from '@elf/pagesize';
import { MemoryErrno } from './errno.ts';
import { PageEntry } from './page-table.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag, type Vma } from './vma.ts';

/** Flags of msync(2) (include/uapi/asm-generic/mman-common.h). */
export const MS_ASYNC = 1;
export const MS_INVALIDATE = 2;
export const MS_SYNC = 4;

/** Guest pages mincore looks at in one call: a reservation of terabytes must not keep the host busy. */
const LARGEST_ANSWER = 2 ** 24;

/**
 * Writes the dirty pages of shared mappings in the range to their files and marks them clean, so that the next store is seen.
 * MS_ASYNC and MS_INVALIDATE alone only check, as the kernel does: dirty pages reach the file later, with munmap at the latest.
 * @returns 0, or a negative error number: ENOMEM when part of the range is unmapped, EBUSY when MS_INVALIDATE meets locked
 * memory, EIO when a device failed.
 */
export function synchronize(state: SpaceState, address: number, length: number, flags: number): number {
  const { mappingGranularity } = state.layout;
  if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) return -MemoryErrno.EINVAL;
  if (!isAligned(address, mappingGranularity) || !(length >= 0)) return -MemoryErrno.EINVAL;
  if (flags & MS_ASYNC && flags & MS_SYNC) return -MemoryErrno.EINVAL;
  const end = address + roundUp(length, mappingGranularity);
  let hasHole = false;
  for (let position = address; position < end; ) {
    const area = state.vmas.atOrAfter(position);
    if (area === undefined) return -MemoryErrno.ENOMEM;
    if (position < area.start) {
      if (flags === MS_ASYNC || area.start >= end) return -MemoryErrno.ENOMEM;
      hasHole = true;
      position = area.start;
    }
    if (flags & MS_INVALIDATE && area.flags & AreaFlag.Locked) return -MemoryErrno.EBUSY;
    const stop = Math.min(end, area.end);
    if (flags & MS_SYNC && !writeArea(state, area, position, stop)) return -MemoryErrno.EIO;
    position = stop;
  }
  return hasHole ? -MemoryErrno.ENOMEM : 0;
}

function writeArea(state: SpaceState, area: Vma, start: number, end: number): boolean {
  if (!(area.flags & AreaFlag.Shared)) return true;
  let succeeded = true;
  state.table.update(start, end, (page, entry) => {
    if (!(entry & PageEntry.Dirty)) return entry;
    if (!state.writeBack(page, entry)) succeeded = false;
    for (const tlb of state.tlbs) tlb.dropWrite(page);
    return entry & ~(PageEntry.Dirty | PageEntry.Writable);
  });
  return succeeded;
}

/**
 * One byte per kernel page: 1 when some guest page of it has a frame, or its file page is cached.
 * @returns the bytes, or a negative error number: ENOMEM when part of the range is unmapped, EAGAIN (man 2 mincore: the kernel is
 * short of resources) for more than 2^24 guest pages, 64 GiB, at once.
 */
export function residency(state: SpaceState, address: number, length: number): Uint8Array | number {
  const { mappingGranularity, taskSize } = state.layout;
  if (!isAligned(address, mappingGranularity) || !(length >= 0)) return -MemoryErrno.EINVAL;
  const end = address + roundUp(length, mappingGranularity);
  if (end > taskSize || !isFullyMapped(state, address, end)) return -MemoryErrno.ENOMEM;
  if ((end - address) / GUEST_PAGE_BYTES > LARGEST_ANSWER) return -MemoryErrno.EAGAIN;
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

function isFullyMapped(state: SpaceState, start: number, end: number): boolean {
  for (let position = start; position < end; ) {
    const area = state.vmas.find(position);
    if (area === undefined) return false;
    position = area.end;
  }
  return true;
}
