// The areas of an address space as a sorted list that splits and merges.
import type { FileFrames } from './file-frames.ts';
import { AreaFlag, type Vma } from './vma.ts';
import { canJoin, firstPrivatePages, pagesFit } from './vma-merge.ts';

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

  /** Mapped bytes in [start, end), of areas that have all of `flags`. */
  bytesIn(start: number, end: number, flags = 0): number {
    let bytes = 0;
    for (let index = this.indexAtOrAfter(start); index < this.#areas.length; index++) {
      const area = this.#areas[index];
      if (area.start >= end) break;
      if ((area.flags & flags) === flags) bytes += Math.min(end, area.end) - Math.max(start, area.start);
    }
    return bytes;
  }

  /** Adds an area where nothing is mapped, never merging it. */
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

  /** Whether [start, end) begins or ends inside an area of the kernel's own, which is never cut (mm/vma.c, special_mapping_split). */
  cutsSpecial(start: number, end: number): boolean {
    const cuts = (address: number) => {
      const area = this.find(address);
      return area !== undefined && area.start < address && (area.flags & AreaFlag.Special) !== 0;
    };
    return cuts(start) || cuts(end);
  }

  /**
   * Adds an area where nothing is mapped, as part of the one before it, the one after it or both when they continue it
   * (mm/vma.c, vma_merge_new_range). `onlyBelow` joins it with `below` at most, as growing the heap does.
   * @returns the area that now holds the range.
   */
  insertMerging(area: Vma, onlyBelow?: { readonly below: Vma | undefined }): Vma {
    const index = this.indexAtOrAfter(area.start);
    const below = this.#areas[index - 1];
    const above = onlyBelow ? undefined : this.#areas[index];
    const joinsBelow = below !== undefined && (!onlyBelow || onlyBelow.below === below) && canJoin(below, area, below);
    const joinsAbove = above !== undefined && canJoin(area, above, above) && (!joinsBelow || pagesFit(below, above));
    if (!joinsBelow && !joinsAbove) {
      this.insert(area);
      return area;
    }
    this.totalBytes += area.end - area.start;
    return this.#join(joinsBelow ? below : undefined, area, joinsAbove ? above : undefined);
  }

  /**
   * Applies `change` to the part [start, end) of one area. What becomes equal to a neighbour joins it, otherwise the area is
   * split (mm/vma.c, vma_modify). Only neighbours of the part are looked at, so the order of changes shows in the result.
   * @returns the area that now holds the part.
   */
  modify(area: Vma, start: number, end: number, change: (part: Vma) => void): Vma {
    const index = this.indexAtOrAfter(area.start);
    const part: Vma = { ...area, start, end, offset: area.offset + (start - area.start) };
    change(part);
    const below = start === area.start ? this.#areas[index - 1] : undefined;
    const above = end === area.end ? this.#areas[index + 1] : undefined;
    const joinsBelow = below !== undefined && canJoin(below, part, below);
    const joinsAbove = above !== undefined && canJoin(part, above, above) && (!joinsBelow || pagesFit(below, above));
    if (joinsBelow || joinsAbove) {
      this.#cut(area, start, end);
      return this.#join(joinsBelow ? below : undefined, part, joinsAbove ? above : undefined);
    }
    this.splitAt(start);
    this.splitAt(end);
    const alone = this.#areas[this.indexAtOrAfter(start)];
    change(alone);
    return alone;
  }

  /** Gives an area what stands for its private pages, before the first of them comes. */
  preparePrivatePages(area: Vma): void {
    if (area.privatePages !== undefined) return;
    const index = this.indexAtOrAfter(area.start);
    area.privatePages = firstPrivatePages(area, this.#areas[index - 1], this.#areas[index + 1]);
  }

  /** Moves the lower or upper border of an area into free space. */
  extend(area: Vma, start: number, end: number): void {
    this.totalBytes += end - start - (area.end - area.start);
    area.offset -= area.start - start;
    area.start = start;
    area.end = end;
  }

  /** Takes [start, end), which begins or ends where the area does, out of it for a neighbour. */
  #cut(area: Vma, start: number, end: number): void {
    this.#last = undefined;
    if (start === area.start && end === area.end) {
      this.#areas.splice(this.indexAtOrAfter(start), 1);
      // The neighbour that takes it has the same backing, so the frames of the file stay.
      this.#detach(area);
    } else if (start === area.start) {
      area.offset += end - start;
      area.start = end;
    } else area.end = start;
  }

  /** Makes `part`, which is in no area now, belong to the neighbours given. */
  #join(below: Vma | undefined, part: Vma, above: Vma | undefined): Vma {
    const joined = (below ?? above) as Vma;
    const pages = [below, above, part].find((area) => area?.privatePages !== undefined);
    if (below !== undefined && above !== undefined) {
      this.#areas.splice(this.indexAtOrAfter(above.start), 1);
      this.#detach(above);
      this.#last = undefined;
      below.end = above.end;
    } else if (below !== undefined) below.end = part.end;
    else {
      joined.offset -= joined.start - part.start;
      joined.start = part.start;
    }
    joined.privatePages = pages?.privatePages;
    joined.sharesPrivatePages = pages?.sharesPrivatePages ?? false;
    return joined;
  }

  #attach(area: Vma): void {
    if (area.backing) this.#fileFrames.attach(area.backing.identity);
  }

  #detach(area: Vma): void {
    if (area.backing) this.#fileFrames.detach(area.backing.identity);
  }
}
