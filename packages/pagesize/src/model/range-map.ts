// A map from address ranges to values in which a later assignment replaces an earlier one, as mmap(MAP_FIXED) does.
import type { AddressRange } from '../load-segment.ts';
import { lowerOf } from './wide-rounding.ts';

/** One range of a {@link RangeMap}. */
export interface RangeEntry<T> extends AddressRange {
  readonly value: T;
}

/** Walks the ranges of a map upwards, for addresses that ascend. */
export class RangeCursor<T> {
  readonly #entries: readonly RangeEntry<T>[];
  #at = 0;

  constructor(map: RangeMap<T>) {
    this.#entries = map.entries;
  }

  /** The value at an address, which is not below the one asked for before. */
  seek(address: bigint): T | undefined {
    while (this.#at < this.#entries.length && this.#entries[this.#at].end <= address) this.#at++;
    const entry = this.#entries[this.#at];
    return entry !== undefined && entry.start <= address ? entry.value : undefined;
  }

  /** Where the value of the last `seek` ends, at most `limit`. */
  border(address: bigint, limit: bigint): bigint {
    const entry = this.#entries[this.#at];
    if (entry === undefined) return limit;
    return lowerOf(entry.start > address ? entry.start : entry.end, limit);
  }
}

/**
 * Disjoint ranges in address order. An assignment adds at most two ranges and finds its place by bisection, so n assignments leave at
 * most 2n ranges, however large the ranges are.
 */
export class RangeMap<T> {
  readonly #entries: RangeEntry<T>[] = [];

  /** All ranges, in address order. */
  get entries(): readonly RangeEntry<T>[] {
    return this.#entries;
  }

  /** Gives `[start, end)` this value, whatever was there. */
  assign(start: bigint, end: bigint, value: T): void {
    if (start >= end) return;
    const last = this.#entries.at(-1);
    // Segments mostly ascend: nothing to replace then.
    if (last === undefined || last.end <= start) {
      this.#entries.push({ start, end, value });
      return;
    }
    this.#replace(start, end, value);
  }

  #replace(start: bigint, end: bigint, value: T): void {
    const first = this.#firstEndingAfter(start);
    const replacement: RangeEntry<T>[] = [];
    const before = this.#entries[first];
    if (before !== undefined && before.start < start) replacement.push({ ...before, end: start });
    replacement.push({ start, end, value });
    let last = first;
    while (last < this.#entries.length && this.#entries[last].start < end) last++;
    const after = this.#entries[last - 1];
    if (last > first && after.end > end) replacement.push({ ...after, start: end });
    this.#entries.splice(first, last - first, ...replacement);
  }

  /** The ranges that meet `[start, end)`, cut to it. */
  within(start: bigint, end: bigint): RangeEntry<T>[] {
    const found: RangeEntry<T>[] = [];
    for (let at = this.#firstEndingAfter(start); at < this.#entries.length; at++) {
      const entry = this.#entries[at];
      if (entry.start >= end) break;
      found.push({
        start: entry.start < start ? start : entry.start,
        end: entry.end > end ? end : entry.end,
        value: entry.value,
      });
    }
    return found;
  }

  /** Whether some range meets `[start, end)`. */
  meets(start: bigint, end: bigint): boolean {
    const entry = this.#entries[this.#firstEndingAfter(start)];
    return entry !== undefined && entry.start < end;
  }

  /** The first address at or after `address` that lies in no range. */
  firstFree(address: bigint): bigint {
    let free = address;
    for (let at = this.#firstEndingAfter(address); at < this.#entries.length; at++) {
      const entry = this.#entries[at];
      if (entry.start > free) break;
      free = entry.end;
    }
    return free;
  }

  #firstEndingAfter(address: bigint): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle].end > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
