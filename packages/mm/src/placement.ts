// Where a mapping without a fixed address goes: Linux's search without randomisation (mm/mmap.c, arch/x86/kernel/sys_x86_64.c).
import { GUEST_PAGE_BYTES, roundDown, roundUp } from '@elf/pagesize';
import { AreaFlag, type Vma, type VmaList } from './vma.ts';

/** Distance the kernel keeps free below a stack: 256 pages (mm/mmap.c, stack_guard_gap). */
export const STACK_GUARD_BYTES = 0x100000;
/** Window of MAP_32BIT: the second gibibyte (arch/x86/kernel/sys_x86_64.c, find_start_end). */
const LOW_32_START = 0x4000_0000;
const LOW_32_END = 0x8000_0000;

/** First address that must stay free below an area; lower than its start for a stack. */
function guardedStart(area: Vma): number {
  return area.flags & AreaFlag.GrowsDown ? Math.max(0, area.start - STACK_GUARD_BYTES) : area.start;
}

/** Highest free range of `length` bytes inside [low, high) at a multiple of `alignment`: its start, or -1. */
export function findTopDown(vmas: VmaList, length: number, low: number, high: number, alignment: number): number {
  const areas = vmas.areas;
  let index = vmas.indexAtOrAfter(high) - 1;
  let ceiling = high;
  const straddling = areas[index + 1];
  if (straddling !== undefined) ceiling = Math.min(ceiling, guardedStart(straddling));
  for (;;) {
    const floor = Math.max(low, index >= 0 ? areas[index].end : 0);
    const start = roundDown(ceiling - length, alignment);
    if (start >= floor) return start;
    if (index < 0 || areas[index].start <= low) return -1;
    ceiling = Math.min(ceiling, guardedStart(areas[index]));
    index--;
  }
}

/** Lowest free range of `length` bytes inside [low, high) at a multiple of `alignment`: its start, or -1. */
export function findBottomUp(vmas: VmaList, length: number, low: number, high: number, alignment: number): number {
  const areas = vmas.areas;
  let start = roundUp(low, alignment);
  for (let index = vmas.indexAtOrAfter(start); ; index++) {
    if (start + length > high) return -1;
    const next = areas[index];
    if (next === undefined || guardedStart(next) >= start + length) return start;
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
  if (hint > 0) {
    const wanted = Math.max(hint, window.minimumAddress);
    const next = vmas.atOrAfter(wanted);
    const limit = next === undefined ? window.taskSize : Math.min(window.taskSize, guardedStart(next));
    if (wanted + length <= (low32 ? Math.min(limit, LOW_32_END) : limit)) return wanted;
  }
  if (low32) return findBottomUp(vmas, length, LOW_32_START, LOW_32_END, alignment);
  const found = findTopDown(vmas, length, window.minimumAddress, window.mmapBase, alignment);
  if (found >= 0) return found;
  return findBottomUp(vmas, length, roundUp(window.taskSize / 3, GUEST_PAGE_BYTES), window.taskSize, alignment);
}
