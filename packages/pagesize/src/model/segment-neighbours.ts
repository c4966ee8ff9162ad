// Answers whether a range meets the memory of another segment, in logarithmic time.
import type { LoadSegment } from '../load-segment.ts';

/** The segments sorted by address, with the two furthest ends of every prefix: two, so that one may be the asking segment's own. */
export class SegmentNeighbours {
  readonly #starts: readonly bigint[];
  readonly #furthest: readonly Furthest[];

  constructor(segments: readonly LoadSegment[]) {
    const order = segments.map((_, index) => index).filter((index) => segments[index].memsz > 0n);
    order.sort((a, b) => compare(segments[a].vaddr, segments[b].vaddr));
    this.#starts = order.map((index) => segments[index].vaddr);
    let furthest: Furthest = { end: 0n, owner: -1, otherEnd: 0n };
    this.#furthest = order.map((index) => (furthest = withSegment(furthest, segments[index], index)));
  }

  /** Whether `[start, end)` meets `[p_vaddr, p_vaddr + p_memsz)` of a segment other than the one with this index. */
  meetsOther(index: number, start: bigint, end: bigint): boolean {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle] < end) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return false;
    const { end: furthestEnd, owner, otherEnd } = this.#furthest[low - 1];
    return (owner === index ? otherEnd : furthestEnd) > start;
  }
}

/** The furthest end among some segments, whose it is, and the furthest end of the others. */
interface Furthest {
  readonly end: bigint;
  readonly owner: number;
  readonly otherEnd: bigint;
}

function withSegment(furthest: Furthest, { vaddr, memsz }: LoadSegment, owner: number): Furthest {
  const end = vaddr + memsz;
  if (end > furthest.end) return { end, owner, otherEnd: furthest.end };
  return end > furthest.otherEnd ? { ...furthest, otherEnd: end } : furthest;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
