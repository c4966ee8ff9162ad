// Where a mapping without a fixed address goes: Linux's search without randomisation (mm/mmap.c, arch/x86/kernel/sys_x86_64.c).
import { roundDown, roundUp } from '@elf/pagesize';
import { AreaFlag, type Vma, type VmaList } from './vma.ts';

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
  const areas = vmas.areas;
  let index = vmas.indexAtOrAfter(high) - 1;
  let ceiling = high;
  const straddling = areas[index + 1];
  if (straddling !== undefined) ceiling = Math.min(ceiling, guardedStart(straddling, granularity));
  for (;;) {
    const floor = Math.max(low, index >= 0 ? areas[index].end : 0);
    const start = roundDown(ceiling - length, alignment);
    if (start >= floor) return start;
    if (index < 0 || areas[index].start <= low) return -1;
    ceiling = Math.min(ceiling, guardedStart(areas[index], granularity));
    index--;
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

/** Where to look. */
export interface PlacementWindow {
  /** Lowest address a mapping may have (vm.mmap_min_addr). */
  readonly minimumAddress: number;
  /** First address above the search: new mappings grow down from here. */
  readonly mmapBase: number;
  /** First address that is not the program's. */
  readonly taskSize: number;
  /** The kernel's page in bytes. */
  readonly mappingGranularity: number;
}

/**
 * Chooses an address for `length` bytes, a page multiple.
 * Order: the hint if it is free; below `mmapBase`, highest gap first; when that is full, upwards from a third of the address space.
 * @returns a page address, or -1 when there is no gap.
 */
export function placeMapping(
  vmas: VmaList,
  window: PlacementWindow,
  length: number,
  hint: number,
  alignment: number,
  low32: boolean,
): number {
  const { mappingGranularity: granularity, taskSize } = window;
  const lowest = roundUp(window.minimumAddress, granularity);
  if (hint > 0) {
    const wanted = Math.max(hint, lowest);
    const next = vmas.atOrAfter(wanted);
    const limit = next === undefined ? taskSize : Math.min(taskSize, guardedStart(next, granularity));
    if (wanted + length <= (low32 ? Math.min(limit, LOW_32_END) : limit)) return wanted;
  }
  const search = { length, alignment, granularity };
  if (low32) return findBottomUp(vmas, { ...search, low: LOW_32_START, high: LOW_32_END });
  const found = findTopDown(vmas, { ...search, low: lowest, high: window.mmapBase });
  if (found >= 0) return found;
  return findBottomUp(vmas, { ...search, low: roundUp(taskSize / 3, granularity), high: taskSize });
}
