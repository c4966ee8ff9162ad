// Blocks found by their guest bytes: what one process translated serves every other that has the same code, wherever it is mapped.
import { GUEST_PAGE_OFFSET_MASK, type GuestMemory } from '@elf/mm';
import { type Block, Relocation } from './block.ts';
import type { CodeCache } from './code-cache.ts';

/** Blocks that are compared at most: more with the same first bytes at the same place of a page are variants of a guest's JIT. */
const COMPARED_BLOCKS = 8;

interface Known {
  readonly block: Block;
  /** The block with the same key that was known before. */
  readonly before: Known | undefined;
}

/**
 * Lifted code is a function of its bytes, its mode and its place in the page (a block ends with its page), but for addresses, which
 * the block's relocations name. So a block is copied to another address in a fraction of the time that lifting takes: after a
 * fork, after an execve of a program whose libraries are known, and where a library is mapped elsewhere. Nothing has to be known
 * about files or frames, and nothing can go stale: all bytes are compared each time.
 */
export class BlockCopies {
  private readonly memory: GuestMemory;
  private readonly cache: CodeCache;
  private known = new Map<number, Known>();
  private generation = -1;

  constructor(memory: GuestMemory, cache: CodeCache) {
    this.memory = memory;
    this.cache = cache;
  }

  /** Offers a block, newly built from the bytes at host offset `code`, for copies, and returns it; any other result as it is. */
  keep<T extends object>(built: Block | T, code: number): Block | T {
    if (code < 0 || !('codeBytes' in built) || built.codeBytes === 0) return built;
    this.followCache();
    const key = this.keyOf(built.address, code);
    this.known.set(key, { block: built, before: this.known.get(key) });
    return built;
  }

  /** A block for `address`, where the bytes at host offset `code` are mapped, copied from one with the same bytes; 64-bit mode only. Negative: there are none. */
  copy(address: number, code: number): Block | undefined {
    if (code < 0) return undefined;
    this.followCache();
    let candidate = this.known.get(this.keyOf(address, code));
    for (let count = 0; candidate !== undefined && count < COMPARED_BLOCKS; count += 1) {
      if (this.hasBytes(candidate.block, address, code)) return this.place(candidate.block, address);
      candidate = candidate.before;
    }
    return undefined;
  }

  // What the cache dropped cannot be copied any more.
  private followCache(): void {
    if (this.generation === this.cache.generation) return;
    this.generation = this.cache.generation;
    this.known = new Map();
  }

  // From eight bytes, also where the block is shorter: the same code goes on in the same way. 30 bits, so that it is a small integer.
  private keyOf(address: number, code: number): number {
    const { u8 } = this.memory;
    const low = u8[code] | (u8[code + 1] << 8) | (u8[code + 2] << 16) | (u8[code + 3] << 24);
    const high = u8[code + 4] | (u8[code + 5] << 8) | (u8[code + 6] << 16) | (u8[code + 7] << 24);
    return (
      (Math.imul(Math.imul(low, 0x9e3779b1) ^ high, 0x85ebca6b) ^
        Math.imul(address & GUEST_PAGE_OFFSET_MASK, 0x27d4eb2f)) >>>
      2
    );
  }

  private hasBytes(block: Block, address: number, code: number): boolean {
    if ((block.address & GUEST_PAGE_OFFSET_MASK) !== (address & GUEST_PAGE_OFFSET_MASK)) return false;
    const { u8 } = this.memory;
    const kept = block.entry + block.sizeInBytes;
    for (let index = 0; index < block.codeBytes; index += 1) if (u8[kept + index] !== u8[code + index]) return false;
    return true;
  }

  private place(block: Block, address: number): Block | undefined {
    const entry = this.cache.allocate(block.sizeInBytes);
    // The arena was full: there is nothing to copy from any more.
    if (this.cache.generation !== this.generation) return undefined;
    const { i32 } = this.memory;
    i32.copyWithin(entry >>> 2, block.entry >>> 2, (block.entry + block.sizeInBytes) >>> 2);
    const moved = entry - block.entry;
    const distance = address - block.address;
    const low = distance >>> 0;
    const high = Math.floor(distance / 0x1_0000_0000);
    const { relocations } = block;
    for (let index = 0; index < relocations.length; index += 1) {
      const relocation = relocations[index];
      const word = (entry + relocation) >>> 2;
      switch (relocation & 3) {
        case Relocation.Link:
          i32[word] = 0;
          break;
        case Relocation.Constant:
          i32[word] += moved;
          break;
        default: {
          const sum = (i32[word] >>> 0) + low;
          i32[word] = sum;
          i32[word + 1] += high + (sum > 0xffff_ffff ? 1 : 0);
        }
      }
    }
    const { mode, instructionCount, starts, distances, sizeInBytes } = block;
    const pages = [address - (address & GUEST_PAGE_OFFSET_MASK)];
    // The original stays the one that is compared with.
    return {
      address,
      mode,
      entry,
      instructionCount,
      starts,
      distances,
      sizeInBytes,
      codeBytes: 0,
      relocations,
      pages,
      incoming: [],
    };
  }
}
