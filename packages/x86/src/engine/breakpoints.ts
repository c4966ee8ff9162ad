// Where a debugger wants guest code to stop, for each address space: blocks end before these addresses, and none begins at one.

const NONE: ReadonlySet<number> = new Set();

/** The breakpoints of all address spaces, those of the current one at hand. */
export class Breakpoints {
  private readonly bySpace = new WeakMap<object, ReadonlySet<number>>();
  private current = NONE;

  /** Makes an address space the current one. */
  attach(space: object): void {
    this.current = this.bySpace.get(space) ?? NONE;
  }
  /** Replaces those of a space; returns the addresses that had none before, whose blocks must go. */
  replace(space: object, addresses: ReadonlySet<number>, isCurrent: boolean): number[] {
    const before = this.bySpace.get(space) ?? NONE;
    this.bySpace.set(space, addresses);
    if (isCurrent) this.current = addresses;
    return [...addresses].filter((address) => !before.has(address));
  }
  /** Whether the current space has none. */
  get isEmpty(): boolean {
    return this.current.size === 0;
  }
  has(address: number): boolean {
    return this.current.size > 0 && this.current.has(address);
  }
}
