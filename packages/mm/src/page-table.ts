// The sparse page table: one 32-bit entry per touched guest page, in leaves of 512 pages.
import { GUEST_PAGE_BYTES, GUEST_PAGES_PER_TABLE, GUEST_TABLE_BYTES } from '@elf/pagesize';

/** Bits of an entry; the rest is the frame number. An entry of 0 is a page without a frame. */
export const PageEntry = {
  /** Loads need no further check. */
  Readable: 1,
  /** Stores need no further check: permitted, and the frame is this mapping's to write. */
  Writable: 2,
  /** Fetches need no further check. */
  Executable: 4,
  /** Translated code was made from this page, so stores must be seen first. */
  Code: 8,
  /** Stored to through a shared mapping since it was last written back. */
  Dirty: 16,
  /** Where the frame number starts. 2^20 frames fill the 4 GiB a WebAssembly memory can have. */
  FrameShift: 8,
} as const;

/** Host offset of an entry's frame. */
export function frameOf(entry: number): number {
  return (entry >>> PageEntry.FrameShift) * GUEST_PAGE_BYTES;
}

/** An entry for a frame with flag bits. */
export function entryFor(frameHostOffset: number, flags: number): number {
  return (((frameHostOffset / GUEST_PAGE_BYTES) << PageEntry.FrameShift) | flags) >>> 0;
}

/**
 * Entries by page address. The leaf number of a 47-bit address has 26 bits, a small integer in every engine, so the map
 * lookup neither allocates nor hashes a double; the last leaf is remembered because accesses cluster.
 */
export class PageTable {
  readonly #leaves = new Map<number, Uint32Array>();
  #lastKey = -1;
  #lastLeaf: Uint32Array | undefined;
  #count = 0;
  #peak = 0;

  /** Pages that have an entry. */
  get count(): number {
    return this.#count;
  }

  /** The most there were at a time. */
  get peak(): number {
    return this.#peak;
  }

  /** The entry of a page, 0 when it has none. */
  read(pageAddress: number): number {
    const key = (pageAddress / GUEST_TABLE_BYTES) | 0;
    if (key !== this.#lastKey) {
      const leaf = this.#leaves.get(key);
      if (leaf === undefined) return 0;
      this.#lastKey = key;
      this.#lastLeaf = leaf;
    }
    return (this.#lastLeaf as Uint32Array)[(pageAddress / GUEST_PAGE_BYTES) & (GUEST_PAGES_PER_TABLE - 1)];
  }

  /** Stores the entry of a page. */
  write(pageAddress: number, entry: number): void {
    const key = (pageAddress / GUEST_TABLE_BYTES) | 0;
    if (key !== this.#lastKey) {
      let leaf = this.#leaves.get(key);
      if (leaf === undefined) {
        if (entry === 0) return;
        leaf = new Uint32Array(GUEST_PAGES_PER_TABLE);
        this.#leaves.set(key, leaf);
      }
      this.#lastKey = key;
      this.#lastLeaf = leaf;
    }
    const leaf = this.#lastLeaf as Uint32Array;
    const index = (pageAddress / GUEST_PAGE_BYTES) & (GUEST_PAGES_PER_TABLE - 1);
    if (leaf[index] === 0) {
      if (entry !== 0 && ++this.#count > this.#peak) this.#peak = this.#count;
    } else if (entry === 0) this.#count--;
    leaf[index] = entry;
  }

  /**
   * Visits every non-zero entry in [start, end), page addresses, in no particular order, and stores what `visit` returns.
   * The cost follows the touched pages, not the length: a range of terabytes without pages is free.
   */
  update(start: number, end: number, visit: (pageAddress: number, entry: number) => number): void {
    const firstKey = Math.floor(start / GUEST_TABLE_BYTES);
    const lastKey = Math.ceil(end / GUEST_TABLE_BYTES) - 1;
    if (lastKey - firstKey + 1 <= this.#leaves.size) {
      for (let key = firstKey; key <= lastKey; key++) {
        const leaf = this.#leaves.get(key);
        if (leaf) this.#updateLeaf(key, leaf, start, end, visit);
      }
      return;
    }
    for (const [key, leaf] of this.#leaves) {
      if (key >= firstKey && key <= lastKey) this.#updateLeaf(key, leaf, start, end, visit);
    }
  }

  /** Number of leaves: the memory the table takes, in units of 2 KiB. */
  get leafCount(): number {
    return this.#leaves.size;
  }

  #updateLeaf(
    key: number,
    leaf: Uint32Array,
    start: number,
    end: number,
    visit: (pageAddress: number, entry: number) => number,
  ): void {
    const base = key * GUEST_TABLE_BYTES;
    const first = Math.max(0, (start - base) / GUEST_PAGE_BYTES);
    const last = Math.min(GUEST_PAGES_PER_TABLE, (end - base) / GUEST_PAGE_BYTES);
    let kept = 0;
    for (let index = first; index < last; index++) {
      const entry = leaf[index];
      if (entry === 0) continue;
      const replaced = visit(base + index * GUEST_PAGE_BYTES, entry);
      leaf[index] = replaced;
      if (replaced === 0) this.#count--;
      kept |= replaced;
    }
    if (kept !== 0 || first > 0 || last < GUEST_PAGES_PER_TABLE) return;
    this.#leaves.delete(key);
    if (this.#lastKey === key) {
      this.#lastKey = -1;
      this.#lastLeaf = undefined;
    }
  }
}
