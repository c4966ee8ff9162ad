// What a machine's files may take of its host's memory, all of them together.

/** Half of what guest memory can be at most, as a tmpfs takes up to half of a computer's (man 5 tmpfs). */
const DEFAULT_LIMIT_BYTES = 2 ** 31;

/**
 * Bytes that files in memory, names of them and pipes hold in the host, counted while they hold them.
 * @example
 * const budget = new MemoryBudget(64 << 20);
 * if (!budget.take(bytes.length)) return -Errno.ENOSPC;
 */
export class MemoryBudget {
  /** Most bytes at once. */
  readonly limitInBytes: number;
  readonly #parent: MemoryBudget | undefined;
  #used = 0;

  /** @param parent what this is a part of: its bytes count there too */
  constructor(limitInBytes: number = DEFAULT_LIMIT_BYTES, parent?: MemoryBudget) {
    this.limitInBytes = limitInBytes;
    this.#parent = parent;
  }

  get usedBytes(): number {
    return this.#used;
  }

  get freeBytes(): number {
    const own = Math.max(0, this.limitInBytes - this.#used);
    return Math.min(own, this.#parent?.freeBytes ?? own);
  }

  /** Counts bytes as used; false, and nothing is counted, when there are not as many left. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limitInBytes || this.#parent?.take(bytes) === false) return false;
    this.#used += bytes;
    return true;
  }

  /** Counts bytes as free again. */
  give(bytes: number): void {
    this.#used -= bytes;
    this.#parent?.give(bytes);
  }
}
