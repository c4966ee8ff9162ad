// A set of numbers that come in runs: which steps of a file hold something.

/** Numbers of one entry of the map. */
const BITS = 16;

/**
 * Numbers from 0 on, sixteen to an entry, so that a file of many gigabytes with little in it takes little.
 * @example
 * const steps = new StepSet();
 * steps.add(2, 40);
 * steps.firstAbsentFrom(2); // 40
 */
export class StepSet {
  readonly #masks = new Map<number, number>();
  #count = 0;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Adds [start, end). */
  add(start: number, end: number): void {
    for (let index = Math.floor(start / BITS); index * BITS < end; index++)
      this.#set(index, this.#mask(index) | bitsOf(index, start, end));
  }

  /** Takes [start, end) away; the end may be infinite. */
  remove(start: number, end: number): void {
    for (const [index, mask] of [...this.#masks]) this.#set(index, mask & ~bitsOf(index, start, end));
  }

  /** Whether one of [start, end), multiples of 16, is there. */
  hasAny(start: number, end: number): boolean {
    for (let index = start / BITS; index * BITS < end; index++) if (this.#mask(index) !== 0) return true;
    return false;
  }

  /** The first number from `start` on; undefined without one. */
  firstFrom(start: number): number | undefined {
    const first = Math.floor(start / BITS);
    const own = this.#mask(first) & bitsOf(first, start, Number.POSITIVE_INFINITY);
    if (own !== 0) return first * BITS + lowest(own);
    let next = Number.POSITIVE_INFINITY;
    for (const index of this.#masks.keys()) if (index > first && index < next) next = index;
    return next === Number.POSITIVE_INFINITY ? undefined : next * BITS + lowest(this.#mask(next));
  }

  /** The first number from `start` on that is not there. */
  firstAbsentFrom(start: number): number {
    for (let index = Math.floor(start / BITS); ; index++) {
      const absent = ~this.#mask(index) & bitsOf(index, start, Number.POSITIVE_INFINITY);
      if (absent !== 0) return index * BITS + lowest(absent);
    }
  }

  #mask(index: number): number {
    return this.#masks.get(index) ?? 0;
  }

  #set(index: number, mask: number): void {
    this.#count += ones(mask) - ones(this.#mask(index));
    if (mask === 0) this.#masks.delete(index);
    else this.#masks.set(index, mask);
  }
}

/** The bits of an entry that lie in [start, end). */
function bitsOf(index: number, start: number, end: number): number {
  const from = Math.min(BITS, Math.max(0, start - index * BITS));
  const to = Math.min(BITS, Math.max(0, end - index * BITS));
  return ((1 << to) - 1) & ~((1 << from) - 1);
}

function lowest(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

function ones(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
