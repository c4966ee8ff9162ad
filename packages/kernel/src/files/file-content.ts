// The bytes of a file in memory: pieces where something was stored, nothing where nothing was, paid for from a budget.
import type { MemoryBudget } from './memory-budget.ts';
import { StepSet } from './step-set.ts';

/** A piece begins at a multiple of this. */
const PIECE_BYTES = 65536;
/** Pieces grow in these steps: what st_blocks counts in on Linux's tmpfs. */
const STEP_BYTES = 4096; // not a page size: the block size that files in memory tell
const STEPS = PIECE_BYTES / STEP_BYTES;

/** Content with holes. Its size is the caller's matter: bytes behind what was stored read as zeros. */
export class FileContent {
  readonly #budget: MemoryBudget;
  /** By their place; a hole has none. */
  readonly #pieces = new Map<number, Uint8Array<ArrayBuffer>>();
  /** The steps that are no holes. */
  readonly #stored = new StepSet();
  #heldBytes = 0;
  /** Those of them that nobody paid for. */
  #givenBytes = 0;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  /** Bytes of all pieces. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Bytes of the steps in which something was stored, or for which room was made (st_blocks). */
  get blockBytes(): number {
    return this.#stored.count * STEP_BYTES;
  }

  /** Fills `target` from `position`. */
  read(target: Uint8Array, position: number): void {
    eachPart(position, target.length, (index, within, at, length) => {
      const piece = this.#pieces.get(index);
      const stored = piece?.subarray(within, within + length);
      if (stored !== undefined) target.set(stored, at);
      target.fill(0, at + (stored?.length ?? 0), at + length);
      return true;
    });
  }

  /** Starts with bytes that somebody outside brings: a budget is for what a guest adds. They are kept as they are, not copied. */
  adopt(bytes: Uint8Array<ArrayBuffer>): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES)
      this.#pieces.set(at / PIECE_BYTES, bytes.subarray(at, at + PIECE_BYTES));
    this.#heldBytes = this.#givenBytes = bytes.length;
    this.#stored.add(0, Math.ceil(bytes.length / STEP_BYTES));
  }

  /** Stores bytes. Returns how many: fewer when the budget is used up. */
  write(bytes: Uint8Array, position: number): number {
    const count = this.#store(bytes, position);
    this.#mark(position, count);
    return count;
  }

  #store(bytes: Uint8Array, position: number): number {
    return eachPart(position, bytes.length, (index, within, at, length) => {
      const piece = this.#pieceFor(index, within + length);
      piece?.set(bytes.subarray(at, at + length), within);
      return piece !== undefined;
    });
  }

  /** Makes room without storing anything; false when the budget is used up. */
  reserve(position: number, length: number): boolean {
    const has = (index: number, end: number) => this.#pieceFor(index, end) !== undefined;
    const count = eachPart(position, length, (index, within, _at, part) => has(index, within + part));
    if (count === length) this.#mark(position, count);
    else this.#dropUnused();
    return count === length;
  }

  /** Makes zeros of [start, end); whole steps become holes, and pieces that are nothing else any more are given back. */
  punch(start: number, end: number): void {
    for (const [index, piece] of [...this.#pieces]) {
      const from = index * PIECE_BYTES;
      if (from < end && from + piece.length > start)
        piece.fill(0, Math.max(0, start - from), Math.min(piece.length, end - from));
    }
    this.#stored.remove(Math.ceil(start / STEP_BYTES), Math.floor(end / STEP_BYTES));
    this.#dropUnused();
  }

  #dropUnused(): void {
    for (const [index, piece] of [...this.#pieces])
      if (!this.#stored.hasAny(index * STEPS, (index + 1) * STEPS)) this.#replace(index, piece, undefined);
  }

  /** The first byte from `position` on that is in no hole; undefined: there is none (SEEK_DATA). */
  dataFrom(position: number): number | undefined {
    const step = this.#stored.firstFrom(Math.floor(position / STEP_BYTES));
    return step === undefined ? undefined : Math.max(position, step * STEP_BYTES);
  }

  /** The first byte from `position` on that is in a hole (SEEK_HOLE). */
  holeFrom(position: number): number {
    return Math.max(position, this.#stored.firstAbsentFrom(Math.floor(position / STEP_BYTES)) * STEP_BYTES);
  }

  #mark(position: number, length: number): void {
    if (length > 0) this.#stored.add(Math.floor(position / STEP_BYTES), Math.ceil((position + length) / STEP_BYTES));
  }

  /** Forgets everything from `length` on. */
  cut(length: number): void {
    this.#stored.remove(Math.ceil(length / STEP_BYTES), Number.POSITIVE_INFINITY);
    const boundary = Math.floor(length / PIECE_BYTES);
    for (const [index, piece] of [...this.#pieces]) {
      if (index < boundary) continue;
      const kept = index === boundary ? length - index * PIECE_BYTES : 0;
      const steps = Math.ceil(kept / STEP_BYTES) * STEP_BYTES;
      piece.fill(0, kept);
      if (steps < piece.length) this.#replace(index, piece, steps === 0 ? undefined : piece.slice(0, steps));
    }
  }

  /** The piece with at least `end` bytes, of zeros where nothing was stored; undefined when the budget is used up. */
  #pieceFor(index: number, end: number): Uint8Array<ArrayBuffer> | undefined {
    const known = this.#pieces.get(index);
    if (known !== undefined && known.length >= end) return known;
    const needed = Math.ceil(end / STEP_BYTES) * STEP_BYTES;
    // A piece that grows again is likely to go on growing; close to the limit it gets what it needs and no more.
    const roomy = Math.min(PIECE_BYTES, Math.max(needed, 2 * (known?.length ?? 0)));
    for (const length of [roomy, needed]) {
      if (!this.#budget.take(length - (known?.length ?? 0))) continue;
      const grown = new Uint8Array(length);
      if (known !== undefined) grown.set(known);
      this.#heldBytes += length - (known?.length ?? 0);
      this.#pieces.set(index, grown);
      return grown;
    }
    return undefined;
  }

  #replace(index: number, piece: Uint8Array, smaller: Uint8Array<ArrayBuffer> | undefined): void {
    const freed = piece.length - (smaller?.length ?? 0);
    if (smaller === undefined) this.#pieces.delete(index);
    else this.#pieces.set(index, smaller);
    const given = Math.min(freed, this.#givenBytes);
    this.#heldBytes -= freed;
    this.#givenBytes -= given;
    this.#budget.give(freed - given);
  }
}

/** Goes over a range piece by piece until `visit` says no. Returns the bytes gone over. */
function eachPart(
  position: number,
  length: number,
  visit: (index: number, within: number, at: number, length: number) => boolean,
): number {
  for (let at = 0; at < length; ) {
    const index = Math.floor((position + at) / PIECE_BYTES);
    const within = position + at - index * PIECE_BYTES;
    const part = Math.min(PIECE_BYTES - within, length - at);
    if (!visit(index, within, at, part)) return at;
    at += part;
  }
  return length;
}
