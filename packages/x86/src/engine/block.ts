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
  /** Bytes from the entry to the first micro-op of each instruction, ascending, and from `address` to the instructions themselves. */
  readonly starts: readonly number[];
  readonly distances: readonly number[];
  /** Bytes of micro-ops and constants from the entry on. */
  readonly sizeInBytes: number;
  /** Guest bytes it was made of, kept behind the constants; 0: not kept, the block is for this address alone. */
  readonly codeBytes: number;
  /** What a copy has to adapt: byte distances from the entry, each with a `Relocation` in the low two bits. */
  readonly relocations: readonly number[];
  /** Guest pages its bytes lie on: one or two. */
  readonly pages: readonly number[];
  /** Host offsets of the link slots of other blocks that point here. */
  readonly incoming: number[];
}

/** What a word of a block is, other than a number that holds everywhere. */
export const Relocation = {
  /** A link slot: empty in a copy. */
  Link: 0,
  /** The host offset of one of the block's constants. */
  Constant: 1,
  /** A guest address in two words, at a fixed distance from the block's. */
  Address: 2,
} as const;

/** Index of the instruction whose micro-ops hold `microOp`, by binary search. */
export function instructionAt(block: Block, microOp: number): number {
  const distance = microOp - block.entry;
  let low = 0;
  let high = block.starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (block.starts[middle] <= distance) low = middle;
    else high = middle - 1;
  }
  return low;
}
