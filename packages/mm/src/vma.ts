// Virtual memory areas: what is mapped where, as a sorted list that splits and merges.
import type { Backing } from './backing.ts';
import type { FileFrames } from './file-frames.ts';

/** Behaviour bits of an area beyond its permissions. */
export const AreaFlag = {
  /** Extends downwards when the page below is touched: the stack (MAP_GROWSDOWN). */
  GrowsDown: 1,
  /** Stores go to the backing and to every other mapping of it (MAP_SHARED). */
  Shared: 2,
  /** fork does not copy it (MADV_DONTFORK). */
  DontFork: 4,
  /** fork gives the child zeros (MADV_WIPEONFORK). */
  WipeOnFork: 8,
  /** Kept out of core dumps (MADV_DONTDUMP). */
  DontDump: 16,
  /** mlock(2) holds it. */
  Locked: 32,
  /** MAP_NORESERVE. */
  NoReserve: 64,
  /** Made by the kernel itself (vdso): mremap and merging treat it specially. */
  Special: 128,
} as const;

/** One area: the pages of [start, end) that share permissions, flags and backing. */
export interface Vma {
  start: number;
  end: number;
  /** PROT_* bits. */
  protection: number;
  /** PROT_* bits mprotect may grant: without Write for a shared mapping of a file opened for reading. */
  maximumProtection: number;
  /** {@link AreaFlag} bits. */
  flags: number;
  /** The file, or undefined for private anonymous memory. */
  backing: Backing | undefined;
  /** Offset in the backing of the byte at `start`. */
  offset: number;
  /** Name in brackets for areas without a file, such as "[vdso]"; [heap] and [stack] are derived. */
  name: string | undefined;
}

/**
 * Areas of one address space, sorted, never overlapping, never empty. Every change keeps the number of mappings per backing
 * known to the file frames, which is what their lifetime follows.
 */
export class VmaList {
  readonly #areas: Vma[] = [];
  readonly #fileFrames: FileFrames;
  /** The area of the last successful lookup: faults and calls cluster. */
  #last: Vma | undefined;
  /** Sum of the lengths of all areas in bytes, for RLIMIT_AS. */
  totalBytes = 0;

  constructor(fileFrames: FileFrames) {
    this.#fileFrames = fileFrames;
  }

  /** Number of areas (limited by vm.max_map_count). */
  get size(): number {
    return this.#areas.length;
  }

  /** The areas in address order. Do not keep the array over a change. */
  get areas(): readonly Vma[] {
    return this.#areas;
  }

  /** The area that holds `address`. */
  find(address: number): Vma | undefined {
    const last = this.#last;
    if (last !== undefined && address >= last.start && address < last.end) return last;
    const area = this.#areas[this.indexAtOrAfter(address)];
    if (area === undefined || area.start > address) return undefined;
    this.#last = area;
    return area;
  }

  /** Index of the first area that ends above `address`; `size` when there is none. */
  indexAtOrAfter(address: number): number {
    let low = 0;
    let high = this.#areas.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#areas[middle].end > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The first area that ends above `address`: the one holding it, or the next one. */
  atOrAfter(address: number): Vma | undefined {
    return this.#areas[this.indexAtOrAfter(address)];
  }

  /** Whether an area touches [start, end). */
  intersects(start: number, end: number): boolean {
    const area = this.atOrAfter(start);
    return area !== undefined && area.start < end;
  }

  /** Adds an area where nothing is mapped. It is not merged: call {@link mergeAround} after it. */
  insert(area: Vma): void {
    this.#areas.splice(this.indexAtOrAfter(area.start), 0, area);
    this.#attach(area);
    this.totalBytes += area.end - area.start;
  }

  /** Splits the area that contains `address` in its inside, so that an area starts there. */
  splitAt(address: number): void {
    const index = this.indexAtOrAfter(address);
    const area = this.#areas[index];
    if (area === undefined || area.start >= address) return;
    const upper: Vma = { ...area, start: address, offset: area.offset + (address - area.start) };
    area.end = address;
    this.#areas.splice(index + 1, 0, upper);
    this.#attach(upper);
  }

  /** Removes every area part in [start, end), splitting at the borders. The pages are the caller's business. */
  remove(start: number, end: number): void {
    this.splitAt(start);
    this.splitAt(end);
    const first = this.indexAtOrAfter(start);
    const last = this.indexAtOrAfter(end - 1);
    const stop = last < this.#areas.length && this.#areas[last].start < end ? last + 1 : last;
    if (stop <= first) return;
    this.#last = undefined;
    for (const area of this.#areas.splice(first, stop - first)) {
      this.totalBytes -= area.end - area.start;
      this.#detach(area);
    }
  }

  /** Applies `change` to every area part in [start, end), splitting at the borders, then merges what became equal. */
  change(start: number, end: number, change: (area: Vma) => void): void {
    this.splitAt(start);
    this.splitAt(end);
    for (let index = this.indexAtOrAfter(start); index < this.#areas.length; index++) {
      const area = this.#areas[index];
      if (area.start >= end) break;
      change(area);
    }
    this.mergeAround(start, end);
  }

  /** Moves the lower or upper border of an area into free space. */
  extend(area: Vma, start: number, end: number): void {
    this.totalBytes += end - start - (area.end - area.start);
    area.offset -= area.start - start;
    area.start = start;
    area.end = end;
  }

  /** Merges equal neighbours from the area before `start` to the area after `end`, as the kernel's vma_merge does. */
  mergeAround(start: number, end: number): void {
    let index = Math.max(1, this.indexAtOrAfter(start));
    while (index < this.#areas.length) {
      const lower = this.#areas[index - 1];
      const upper = this.#areas[index];
      if (lower.end > end) return;
      if (mergeable(lower, upper)) {
        lower.end = upper.end;
        this.#areas.splice(index, 1);
        this.#detach(upper);
        if (this.#last === upper) this.#last = lower;
      } else index++;
    }
  }

  #attach(area: Vma): void {
    if (area.backing) this.#fileFrames.attach(area.backing.identity);
  }

  #detach(area: Vma): void {
    if (area.backing) this.#fileFrames.detach(area.backing.identity);
  }
}

/** Whether two neighbours are one area: same rights, flags and name, and one file range that continues. */
export function mergeable(lower: Vma, upper: Vma): boolean {
  return (
    lower.end === upper.start &&
    lower.protection === upper.protection &&
    lower.maximumProtection === upper.maximumProtection &&
    lower.flags === upper.flags &&
    (lower.flags & AreaFlag.Special) === 0 &&
    lower.name === upper.name &&
    lower.backing?.identity === upper.backing?.identity &&
    (lower.backing === undefined || lower.offset + (lower.end - lower.start) === upper.offset)
  );
}
