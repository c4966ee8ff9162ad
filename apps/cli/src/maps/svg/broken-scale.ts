// A scale for addresses that are far apart: what matters is drawn in one measure, what lies between is a short break.
import type { AddressRange } from '@elf/pagesize';

/** Part of a scale. Positions are in pixels. */
export interface ScalePiece {
  readonly from: bigint;
  readonly to: bigint;
  readonly start: number;
  readonly end: number;
  /** Everything between two groups, in a few pixels. */
  readonly isBreak: boolean;
}

/** Pixels of a break. */
const BREAK_LENGTH = 34;
/** Pixels of a page at least, so that a 4 KiB part of a 64 KiB page can still be seen. */
const SMALLEST_PAGE_LENGTH = 26;
/** Pixels of a page at most. */
const LARGEST_PAGE_LENGTH = 220;
/** So few pages between two groups are drawn rather than broken out. */
const SMALLEST_BREAK_PAGES = 3n;
/** Parts of a pixel matter no more than this. */
const PRECISION = 1n << 20n;

/** Maps values to pixels, exactly inside groups and squeezed in breaks. */
export class BrokenScale {
  readonly pieces: readonly ScalePiece[];
  readonly pageBytes: bigint;

  /**
   * @param ranges what is to be drawn, in any order; ranges that are close become one group.
   * @param length pixels the scale shall have; it grows when pages would become too small.
   */
  constructor(ranges: readonly AddressRange[], pageBytes: bigint, length: number) {
    this.pageBytes = pageBytes;
    const groups = joinClose(ranges, SMALLEST_BREAK_PAGES * pageBytes);
    const pages = groups.reduce((sum, { start, end }) => sum + Number(end - start) / Number(pageBytes), 0);
    const room = length - (groups.length - 1) * BREAK_LENGTH;
    const pageLength = Math.max(SMALLEST_PAGE_LENGTH, Math.min(LARGEST_PAGE_LENGTH, room / Math.max(1, pages)));
    const pieces: ScalePiece[] = [];
    let at = 0;
    for (const { start: from, end: to } of groups) {
      const previous = pieces.at(-1);
      if (previous !== undefined) {
        pieces.push({ from: previous.to, to: from, start: at, end: at + BREAK_LENGTH, isBreak: true });
        at += BREAK_LENGTH;
      }
      const end = at + (Number(to - from) / Number(pageBytes)) * pageLength;
      pieces.push({ from, to, start: at, end, isBreak: false });
      at = end;
    }
    this.pieces = pieces;
  }

  /** Pixels of the whole scale. */
  get length(): number {
    return this.pieces.at(-1)?.end ?? 0;
  }

  /** The ranges that are drawn in one measure. */
  get groups(): readonly ScalePiece[] {
    return this.pieces.filter(({ isBreak }) => !isBreak);
  }

  /** The ranges that are squeezed. */
  get breaks(): readonly ScalePiece[] {
    return this.pieces.filter(({ isBreak }) => isBreak);
  }

  /** Pixels from the start of the scale to a value; values outside lie at its ends. */
  position(value: bigint): number {
    const piece = this.pieces.find(({ to }) => value <= to) ?? this.pieces.at(-1);
    if (piece === undefined) return 0;
    if (value <= piece.from) return piece.start;
    if (value >= piece.to) return piece.end;
    const share = Number(((value - piece.from) * PRECISION) / (piece.to - piece.from)) / Number(PRECISION);
    return piece.start + share * (piece.end - piece.start);
  }

  /** Multiples of `step` in the groups, with their positions. */
  *multiples(step: bigint): Generator<{ value: bigint; position: number }> {
    for (const { from, to } of this.groups) {
      for (let value = from + ((step - (from % step)) % step); value <= to; value += step) {
        yield { value, position: this.position(value) };
      }
    }
  }

  /** Values at which the scale changes its measure, strictly inside `(from, to)`. */
  knots(from: bigint, to: bigint): bigint[] {
    return this.pieces.map((piece) => piece.to).filter((value) => value > from && value < to);
  }
}

/** The page of each point, and the page before it when the point is a border between two. */
export function pagesAround(points: readonly bigint[], page: bigint): AddressRange[] {
  return points.map((point) => {
    const start = point - (point % page);
    const from = start === point ? start - page : start;
    return { start: from < 0n ? 0n : from, end: start + page };
  });
}

function joinClose(ranges: readonly AddressRange[], distance: bigint): AddressRange[] {
  const sorted = [...ranges].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const groups: { start: bigint; end: bigint }[] = [];
  for (const { start, end } of sorted) {
    const last = groups.at(-1);
    if (last === undefined || start - last.end >= distance) groups.push({ start, end });
    else if (end > last.end) last.end = end;
  }
  return groups;
}
