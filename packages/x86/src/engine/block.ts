// One translated block: where its micro-ops lie, which guest bytes it came from and who jumps to it.

/** A run of guest instructions translated together. */
export interface Block {
  /** Guest address of the first instruction. */
  readonly address: number;
  /** The mode its bytes were decoded in. */
  readonly mode: 32 | 64;
  /** Host offset of the first micro-op. */
  readonly entry: number;
  readonly instructionCount: number;
  /** Host offset of the first micro-op of each instruction, ascending, and their guest addresses. */
  readonly starts: readonly number[];
  readonly addresses: readonly number[];
  /** Host offset after the last micro-op. */
  readonly end: number;
  /** Guest pages its bytes lie on: one or two. */
  readonly pages: readonly number[];
  /** Host offsets of the link slots of other blocks that point here. */
  readonly incoming: number[];
}

/** Index of the instruction whose micro-ops hold `microOp`, by binary search. */
export function instructionAt(block: Block, microOp: number): number {
  let low = 0;
  let high = block.starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (block.starts[middle] <= microOp) low = middle;
    else high = middle - 1;
  }
  return low;
}
