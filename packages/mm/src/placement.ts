// Where a mapping without a fixed address goes: Linux's search without randomisation (mm/mmap.c, arch/x86/kernel/sys_x86_64.c).
import { isAligned, roundDown, roundUp } from '@elf/pagesize';
import { MemoryErrno } from './errno.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag, type Vma } from './vma.ts';
import type { VmaList } from './vma-list.ts';

/** Distance the kernel keeps free below a stack with 4 KiB pages: 256 of them (mm/mmap.c, stack_guard_gap). */
export const STACK_GUARD_BYTES = 0x100000;
const STACK_GUARD_PAGES = 256;
/** Window of MAP_32BIT: the second gibibyte (arch/x86/kernel/sys_x86_64.c, find_start_end). */
const LOW_32_START = 0x4000_0000;
const LOW_32_END = 0x8000_0000;

/** Distance a kernel with pages of `granularity` bytes keeps free below a stack. */
export function stackGuardBytes(granularity: number): number {
  return granularity * STACK_GUARD_PAGES;
}

/** First address that must stay free below an area; lower than its start for a stack. */
export function guardedStart(area: Vma, granularity: number): number {
  return area.flags & AreaFlag.GrowsDown ? Math.max(0, area.start - stackGuardBytes(granularity)) : area.start;
}

/** A free range to look for. */
interface Search {
  readonly length: number;
  readonly low: number;
  readonly high: number;
  readonly alignment: number;
  /** The kernel's page in bytes, in which guard gaps are measured. */
  readonly granularity: number;
}

/** Highest free range of `length` bytes inside [low, high) at a multiple of `alignment`: its start, or -1. */
function findTopDown(vmas: VmaList, { length, low, high, alignment, granularity }: Search): number {
  const { areas } = vmas;
  let limit = high;
  // The gap looked at lies below areas[index].
  for (let index = vmas.indexAtOrAfter(limit); ; ) {
    const above = areas[index];
    const ceiling = above === undefined ? limit : Math.min(limit, above.start);
    const floor = index > 0 ? Math.max(low, areas[index - 1].end) : low;
    const start = roundDown(ceiling - length, alignment);
    if (start < floor) {
      index--;
      if (index < 0 || areas[index].start <= low) return -1;
    } else if (above !== undefined && guardedStart(above, granularity) < ceiling) {
      // The gap below a stack is its own, and the search goes on below that, as the kernel's does.
      limit = guardedStart(above, granularity);
      index = vmas.indexAtOrAfter(limit);
    } else return start;
  }
}

/** Lowest free range of `length` bytes inside [low, high) at a multiple of `alignment`: its start, or -1. */
function findBottomUp(vmas: VmaList, { length, low, high, alignment, granularity }: Search): number {
  const areas = vmas.areas;
  let start = roundUp(low, alignment);
  for (let index = vmas.indexAtOrAfter(start); ; index++) {
    if (start + length > high) return -1;
    const next = areas[index];
    if (next === undefined || guardedStart(next, granularity) >= start + length) return start;
    start = roundUp(Math.max(start, next.end), alignment);
  }
}

/** What an address is wanted for. */
export interface PlacementRequest {
  /** Bytes, a page multiple. */
  readonly length: number;
  /** Fixed address or hint; 0 is no hint. */
  readonly address: number;
  readonly isFixed: boolean;
  /** MAP_32BIT. */
  readonly low32: boolean;
  /** Power of two of at least one page. */
  readonly alignment: number;
  /** Private anonymous memory, which the kernel aligns to huge pages. */
  readonly mayBeHuge: boolean;
  /** Offset in a file whose mappings are put where huge pages fit; absent for other files. */
  readonly hugeFileOffset?: number;
}

/**
 * Chooses or checks the address of a mapping (mm/mmap.c, __get_unmapped_area).
 * Order: the hint if it is free; below `mmapBase`, highest gap first; when that is full, upwards from a third of the address space.
 * @returns a page address, or a negative error number.
 */
export function unmappedArea(state: SpaceState, request: PlacementRequest): number {
  const { layout } = state;
  const { length, address, isFixed } = request;
  if (length > layout.taskSize) return -MemoryErrno.ENOMEM;
  const wanted = isFixed ? address : alignToHugePage(state, request);
  if (wanted < 0 || wanted > layout.taskSize - length) return -MemoryErrno.ENOMEM;
  if (!isAligned(wanted, layout.mappingGranularity)) return -MemoryErrno.EINVAL;
  return wanted < layout.minimumAddress ? -MemoryErrno.EPERM : wanted;
}

/**
 * Since Linux 6.7 private anonymous memory of whole huge pages starts at one when it has no hint, and a file mapping that holds
 * a whole huge page of the file lies so that it fits: room for one more huge page is looked for, and the address in it is taken
 * that is as far from a huge page as the offset (mm/huge_memory.c, __thp_get_unmapped_area).
 */
function alignToHugePage(state: SpaceState, request: PlacementRequest): number {
  const huge = state.layout.hugePageBytes;
  const offset = hugeOffset(request, huge);
  if (offset === undefined || request.alignment >= huge) return place(state, request);
  const padded = place(state, { ...request, length: request.length + huge });
  if (padded < 0) return place(state, request);
  // A hint that can be followed is followed.
  if (padded === request.address) return padded;
  const missing = roundUp(padded - offset, huge) - (padded - offset);
  // An address that is aligned already leaves the spare huge page below it, so as to stay close to the mmap base.
  return padded + (missing === 0 ? huge : missing);
}

/** The offset to which the address is to be congruent; undefined when huge pages do not matter. */
function hugeOffset(
  { mayBeHuge, address, length, hugeFileOffset }: PlacementRequest,
  huge: number,
): number | undefined {
  if (huge === 0) return undefined;
  if (hugeFileOffset === undefined) return mayBeHuge && address === 0 && isAligned(length, huge) ? 0 : undefined;
  return hugeFileOffset + length - roundUp(hugeFileOffset, huge) >= huge ? hugeFileOffset : undefined;
}

/** The search without regard to huge pages; -1 when there is no gap. */
function place(state: SpaceState, { length, address, low32, alignment }: PlacementRequest): number {
  const { vmas, layout } = state;
  const { mappingGranularity: granularity, taskSize } = layout;
  if (address > 0) {
    const next = vmas.atOrAfter(address);
    const limit = next === undefined ? taskSize : Math.min(taskSize, guardedStart(next, granularity));
    if (address + length <= (low32 ? Math.min(limit, LOW_32_END) : limit)) return address;
  }
  if (low32) return findBottomUp(vmas, { length, low: LOW_32_START, high: LOW_32_END, alignment, granularity });
  const lowest = Math.max(granularity, roundUp(layout.minimumAddress, granularity));
  const found = findTopDown(vmas, { length, low: lowest, high: layout.mmapBase, alignment, granularity });
  if (found >= 0) return found;
  const low = roundUp(taskSize / 3, granularity);
  return findBottomUp(vmas, { length, low, high: taskSize, alignment, granularity });
}
