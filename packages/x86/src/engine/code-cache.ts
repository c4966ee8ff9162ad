// Translated blocks: one arena for all address spaces, an address map per space, the lookup table for indirect jumps, links, invalidation.
import type { GuestMemory } from '@elf/mm';
import type { Block } from './block.ts';
import { LOOKUP_HASH_SHIFT } from './emitter.ts';

/**
 * Entries of the lookup table, 16 bytes each. Interpreters of other languages jump indirectly to thousands of places: a JavaScript
 * engine in Java missed 1.4 million times with 4096 entries, 0.6 million times with these, in 800 million instructions.
 */
export const LOOKUP_ENTRIES = 16384;
/** Entries that are emptied one by one; more of them take longer than the whole table. */
const EMPTIED_ENTRIES = LOOKUP_ENTRIES / 8;
/** Bytes of micro-ops and constants. When it is full everything is dropped: simpler than partial eviction, and rare. */
const ARENA_BYTES = 32 * 1024 * 1024;

/** The blocks of one address space. */
interface SpaceCode {
  readonly byAddress: Readonly<Record<32 | 64, Map<number, Block>>>;
  /** Of each page the blocks with bytes on it; one on two pages may be dropped already. */
  readonly byPage: Map<number, Block[]>;
}

const emptySpace = (): SpaceCode => ({ byAddress: { 32: new Map(), 64: new Map() }, byPage: new Map() });

/** Owns translated code. */
export class CodeCache {
  readonly lookup: number;
  private readonly memory: GuestMemory;
  private readonly arena: number;
  private used = 0;
  /** Offsets of the lookup table's entries that were filled since it was empty. */
  private readonly published: number[] = [];
  private spaces = new WeakMap<object, SpaceCode>();
  private owner: object | undefined;
  private current: SpaceCode = emptySpace();
  private mode: 32 | 64 = 64;
  private found = this.current.byAddress[this.mode];
  /** Blocks in arena order, so that a micro-op can be found by binary search. */
  private ordered: Block[] = [];
  /** Grows each time everything is dropped; micro-op offsets from an older generation are void. */
  generation = 0;

  constructor(memory: GuestMemory) {
    this.memory = memory;
    this.lookup = memory.reserveRegion(LOOKUP_ENTRIES * 16, 64);
    this.arena = memory.reserveRegion(ARENA_BYTES, 64);
    this.emptyEntry(this.lookup);
  }

  /** Makes the blocks of an address space the ones that are found. */
  attach(space: object): void {
    if (space === this.owner) return;
    this.owner = space;
    const known = this.spaces.get(space);
    this.current = known ?? emptySpace();
    this.found = this.current.byAddress[this.mode];
    if (known === undefined) this.spaces.set(space, this.current);
    this.clearLookup();
  }
  /** Makes the blocks that were decoded in a mode the ones that are found. */
  switchMode(mode: 32 | 64): void {
    this.mode = mode;
    this.found = this.current.byAddress[mode];
    this.clearLookup();
  }
  get blockCount(): number {
    return this.current.byAddress[32].size + this.current.byAddress[64].size;
  }
  find(address: number): Block | undefined {
    return this.found.get(address);
  }
  /** Space for a block; drops all code when the arena is full. */
  allocate(lengthInBytes: number): number {
    if (this.used + lengthInBytes > ARENA_BYTES) this.dropAll();
    const hostOffset = this.arena + this.used;
    this.used += lengthInBytes;
    return hostOffset;
  }
  add(block: Block): void {
    this.current.byAddress[block.mode].set(block.address, block);
    this.ordered.push(block);
    for (const page of block.pages) {
      const blocks = this.current.byPage.get(page);
      if (blocks === undefined) this.current.byPage.set(page, [block]);
      else blocks.push(block);
    }
  }
  /** Remembers a block that runs once and is not found again: single steps over self-modifying code. */
  addTransient(block: Block): void {
    this.ordered.push(block);
  }
  /** The block whose micro-ops hold the host offset. */
  containing(microOp: number): Block {
    let low = 0;
    let high = this.ordered.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.ordered[middle].entry <= microOp) low = middle;
      else high = middle - 1;
    }
    return this.ordered[low];
  }
  /** Makes the link slot at a host offset jump to a block. */
  link(slot: number, block: Block): void {
    this.memory.i32[slot >>> 2] = block.entry;
    block.incoming.push(slot);
  }
  /** Makes the lookup table find a block. */
  publish(block: Block): void {
    const entry = this.lookupEntry(block.address);
    if (this.published.length <= EMPTIED_ENTRIES) this.published.push(entry);
    this.memory.u32[entry >>> 2] = block.address >>> 0;
    this.memory.u32[(entry >>> 2) + 1] = Math.floor(block.address / 0x1_0000_0000);
    this.memory.i32[(entry >>> 2) + 2] = block.entry;
  }
  /** Drops the blocks of an address space that have bytes on a page. */
  dropPage(page: number, space: object | undefined = this.owner): void {
    const code = space === undefined ? undefined : this.spaces.get(space);
    const blocks = code?.byPage.get(page);
    if (code === undefined || blocks === undefined) return;
    code.byPage.delete(page);
    for (const block of blocks) this.drop(code, block);
  }
  dropAll(): void {
    this.used = 0;
    this.generation += 1;
    this.ordered = [];
    this.spaces = new WeakMap();
    this.current = emptySpace();
    this.found = this.current.byAddress[this.mode];
    if (this.owner !== undefined) this.spaces.set(this.owner, this.current);
    this.clearLookup();
  }

  private drop(code: SpaceCode, block: Block): void {
    const found = code.byAddress[block.mode];
    if (found.get(block.address) !== block) return;
    found.delete(block.address);
    for (const slot of block.incoming) this.memory.i32[slot >>> 2] = 0;
    const entry = this.lookupEntry(block.address);
    if (this.memory.i32[(entry >>> 2) + 2] === block.entry) this.emptyEntry(entry);
  }
  // The same hash as generated code: address ^ address >> LOOKUP_HASH_SHIFT.
  private lookupEntry(address: number): number {
    const hash = (address ^ Math.floor(address / 2 ** LOOKUP_HASH_SHIFT)) & (LOOKUP_ENTRIES - 1);
    return this.lookup + hash * 16;
  }
  private clearLookup(): void {
    if (this.published.length > EMPTIED_ENTRIES) {
      this.memory.i32.fill(0, this.lookup >>> 2, (this.lookup >>> 2) + LOOKUP_ENTRIES * 4);
      this.emptyEntry(this.lookup);
    } else for (const entry of this.published) this.emptyEntry(entry);
    this.published.length = 0;
  }
  // The tag of an empty entry is an address that hashes to another entry, so that no jump target at all can match it.
  private emptyEntry(entry: number): void {
    this.memory.i32[entry >>> 2] = entry === this.lookup ? 1 : 0;
    this.memory.i32[(entry >>> 2) + 1] = 0;
    this.memory.i32[(entry >>> 2) + 2] = 0;
  }
}
