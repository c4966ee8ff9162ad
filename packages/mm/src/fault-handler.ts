// The slow path of an access: finds or makes the frame of a page, as the kernel's page fault does (mm/memory.c).
import { GUEST_PAGE_BYTES, roundDown } from '@elf/pagesize';
import type { Backing } from './backing.ts';
import { Access, FaultCause, Protection, permits } from './page-fault.ts';
import { entryFor, frameOf, PageEntry } from './page-table.ts';
import type { SpaceState } from './space-state.ts';
import { growStack } from './stack-growth.ts';
import { AreaFlag, type Vma } from './vma.ts';

/**
 * Pages mapped around a file fault when they are cheap to have, as the kernel's fault-around does with its 64 KiB
 * (mm/memory.c, fault_around_bytes). One host read then serves 16 faults of a program start.
 */
const FAULT_AROUND_BYTES = 65536;

/** Page-table flags that let the hardware-permitted loads and fetches of an area through; stores are granted separately. */
export function entryFlags(protection: number): number {
  return (
    (protection === Protection.None ? 0 : PageEntry.Readable) |
    (protection & Protection.Execute ? PageEntry.Executable : 0)
  );
}

/**
 * Resolves an access that the page-table entry did not already permit.
 * @returns the host offset of the frame, or the negative {@link FaultCause}.
 */
export function handleFault(state: SpaceState, page: number, access: Access): number {
  const area = state.vmas.find(page) ?? growStack(state, page);
  if (area === undefined) return -FaultCause.MapError;
  if (!permits(area.protection, access)) {
    if (access !== Access.Execute || area.protection === Protection.None) return -FaultCause.AccessError;
    // The first fetch from an absent page counts as a load; the rights are seen when the page is there (arch/x86/mm/fault.c).
    const frame = handleFault(state, page, Access.Read);
    return frame < 0 ? frame : -FaultCause.AccessError;
  }
  if (access === Access.Write && !(area.flags & AreaFlag.Shared)) state.vmas.preparePrivatePages(area);
  const entry = state.table.read(page);
  if (entry !== 0) return access === Access.Write ? grantWrite(state, area, page, entry) : frameOf(entry);
  if (area.backing === undefined) return mapAnonymous(state, area, page, access);
  return mapBacked(state, area, area.backing, page, access);
}

/** A store to a page that has a frame: code page, first store through a shared mapping, or copy-on-write. */
function grantWrite(state: SpaceState, area: Vma, page: number, entry: number): number {
  if (entry & PageEntry.Code) return -FaultCause.CodeWrite;
  const frame = frameOf(entry);
  if (area.flags & AreaFlag.Shared) {
    if (state.memory.codeFrames.has(frame)) return -FaultCause.CodeWrite;
    if (!hasRoom(area, page)) return -FaultCause.BusError;
    state.table.write(page, entry | PageEntry.Writable | PageEntry.Dirty);
    return frame;
  }
  if (state.memory.frameReferences(frame) === 1) {
    state.table.write(page, entry | PageEntry.Writable);
    return frame;
  }
  const copy = copyFrame(state, frame);
  if (copy < 0) return -FaultCause.OutOfMemory;
  state.table.write(page, entryFor(copy, entryFlags(area.protection) | PageEntry.Writable));
  state.memory.releaseFrame(frame);
  state.invalidate(page, page + GUEST_PAGE_BYTES);
  return copyRestOfKernelPage(state, area, page, copy);
}

/** Whether the file of a shared mapping has room for a page that is stored to for the first time. */
function hasRoom({ backing, offset, start }: Vma, page: number): boolean {
  return backing?.reserve?.(offset + (page - start), GUEST_PAGE_BYTES) ?? true;
}

/**
 * A kernel with larger pages copies all of one at the first store, so that later stores of others to the rest of it are not
 * seen: copies the other frames of a private file page too.
 * @returns `frame`, or -OutOfMemory.
 */
function copyRestOfKernelPage(state: SpaceState, area: Vma, page: number, frame: number): number {
  const { mappingGranularity } = state.layout;
  const { backing } = area;
  if (mappingGranularity === GUEST_PAGE_BYTES || backing === undefined) return frame;
  const start = roundDown(page, mappingGranularity);
  for (let other = start; other < start + mappingGranularity; other += GUEST_PAGE_BYTES) {
    const entry = state.table.read(other);
    const offset = area.offset + (other - area.start);
    const cached = state.memory.fileFrames.find(backing.identity, offset / GUEST_PAGE_BYTES);
    if (other === page || (entry !== 0 && frameOf(entry) !== cached)) continue;
    const copy = privateFrame(state, backing, offset);
    if (copy < 0) return copy;
    if (entry !== 0) {
      if (entry & PageEntry.Code) state.memory.codeFrames.remove(cached, state, other);
      state.memory.releaseFrame(cached);
      state.invalidate(other, other + GUEST_PAGE_BYTES);
    }
    state.table.write(other, entryFor(copy, entryFlags(area.protection) | (entry & PageEntry.Code)));
  }
  return frame;
}

function copyFrame(state: SpaceState, frame: number): number {
  const { memory } = state;
  const copy = memory.allocateUnclearedFrame();
  if (copy >= 0) memory.u8.copyWithin(copy, frame, frame + GUEST_PAGE_BYTES);
  return copy;
}

function mapAnonymous(state: SpaceState, area: Vma, page: number, access: Access): number {
  const { memory } = state;
  const flags = entryFlags(area.protection);
  if (access === Access.Write) {
    const frame = memory.allocateFrame();
    if (frame < 0) return -FaultCause.OutOfMemory;
    state.table.write(page, entryFor(frame, flags | PageEntry.Writable));
    return frame;
  }
  const zeros = memory.zeroFrame();
  if (zeros < 0) return -FaultCause.OutOfMemory;
  memory.retainFrame(zeros);
  state.table.write(page, entryFor(zeros, flags));
  return zeros;
}

function mapBacked(state: SpaceState, area: Vma, backing: Backing, page: number, access: Access): number {
  const offset = area.offset + (page - area.start);
  // The kernel page that holds the last byte of the file is mapped whole; its rest reads as zeros.
  if (roundDown(offset, state.layout.mappingGranularity) >= backing.sizeInBytes()) return -FaultCause.BusError;
  const shared = (area.flags & AreaFlag.Shared) !== 0;
  if (access === Access.Write && !shared) return mapPrivateCopy(state, area, backing, page, offset);
  const frame = cachedFrame(state, area, backing, page, offset);
  if (frame < 0) return frame;
  const isCodeWrite = access === Access.Write && state.memory.codeFrames.has(frame);
  const stores = access === Access.Write && !isCodeWrite ? PageEntry.Writable | PageEntry.Dirty : 0;
  if (stores !== 0 && !hasRoom(area, page)) return -FaultCause.BusError;
  state.memory.retainFrame(frame);
  state.table.write(page, entryFor(frame, entryFlags(area.protection) | stores));
  if (!backing.isAnonymous) mapCachedNeighbours(state, area, backing, page);
  return isCodeWrite ? -FaultCause.CodeWrite : frame;
}

/** First store into a private file page: its own frame at once, without caching a page only this process will see. */
function mapPrivateCopy(state: SpaceState, area: Vma, backing: Backing, page: number, offset: number): number {
  const frame = privateFrame(state, backing, offset);
  if (frame < 0) return frame;
  state.table.write(page, entryFor(frame, entryFlags(area.protection) | PageEntry.Writable));
  return copyRestOfKernelPage(state, area, page, frame);
}

/** A new frame with the content of a file page, or the negative cause. */
function privateFrame(state: SpaceState, backing: Backing, offset: number): number {
  const { memory } = state;
  const cached = memory.fileFrames.find(backing.identity, offset / GUEST_PAGE_BYTES);
  const frame = cached > 0 ? copyFrame(state, cached) : memory.allocateUnclearedFrame();
  if (frame < 0) return -FaultCause.OutOfMemory;
  if (cached === 0 && !readFrame(state, backing, offset, frame)) {
    memory.releaseFrame(frame);
    return -FaultCause.BusError;
  }
  return frame;
}

function readFrame(state: SpaceState, backing: Backing, offset: number, frame: number): boolean {
  const { u8 } = state.memory;
  const count = backing.readInto(offset, u8.subarray(frame, frame + GUEST_PAGE_BYTES));
  if (count < 0) return false;
  u8.fill(0, frame + count, frame + GUEST_PAGE_BYTES);
  return true;
}

/** The cached frame of a file page, reading it and the uncached pages that follow it in the fault-around window. */
function cachedFrame(state: SpaceState, area: Vma, backing: Backing, page: number, offset: number): number {
  const { memory } = state;
  const { fileFrames } = memory;
  const filePage = offset / GUEST_PAGE_BYTES;
  const present = fileFrames.find(backing.identity, filePage);
  if (present > 0) return present;
  const windowEnd = Math.min(area.end, roundDown(page, FAULT_AROUND_BYTES) + FAULT_AROUND_BYTES);
  const readable = Math.ceil((backing.sizeInBytes() - offset) / GUEST_PAGE_BYTES);
  const limit = backing.isAnonymous ? 1 : Math.min(Math.max(1, readable), (windowEnd - page) / GUEST_PAGE_BYTES);
  let count = 1;
  while (count < limit && fileFrames.find(backing.identity, filePage + count) === 0) count++;
  return readIntoCache(state, backing, filePage, count);
}

function readIntoCache(state: SpaceState, backing: Backing, filePage: number, count: number): number {
  const { memory } = state;
  const scratch = new Uint8Array(count * GUEST_PAGE_BYTES);
  if (backing.readInto(filePage * GUEST_PAGE_BYTES, scratch) < 0) return -FaultCause.BusError;
  let first = -FaultCause.OutOfMemory as number;
  for (let index = 0; index < count; index++) {
    const frame = memory.allocateUnclearedFrame();
    if (frame < 0) break;
    if (index === 0) first = frame;
    memory.u8.set(scratch.subarray(index * GUEST_PAGE_BYTES, (index + 1) * GUEST_PAGE_BYTES), frame);
    memory.fileFrames.insert(backing.identity, filePage + index, frame);
  }
  return first;
}

function mapCachedNeighbours(state: SpaceState, area: Vma, backing: Backing, page: number): void {
  const windowStart = roundDown(page, FAULT_AROUND_BYTES);
  const start = Math.max(area.start, windowStart);
  const end = Math.min(area.end, windowStart + FAULT_AROUND_BYTES);
  const flags = entryFlags(area.protection);
  const size = backing.sizeInBytes();
  for (let neighbour = start; neighbour < end; neighbour += GUEST_PAGE_BYTES) {
    const offset = area.offset + (neighbour - area.start);
    if (offset >= size) return;
    if (state.table.read(neighbour) !== 0) continue;
    const frame = state.memory.fileFrames.find(backing.identity, offset / GUEST_PAGE_BYTES);
    if (frame === 0) continue;
    state.memory.retainFrame(frame);
    state.table.write(neighbour, entryFor(frame, flags));
  }
}
