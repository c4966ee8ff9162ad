// One CPU's direct-mapped software TLB: filled by the fault path, read by generated code.
import { GUEST_PAGE_BYTES, guestPageAddress } from '@elf/pagesize';
import type { GuestMemory } from '../guest-memory.ts';
import { Access } from '../page-fault.ts';
import {
  TLB_BYTES,
  TLB_ENTRIES,
  TLB_ENTRY_BYTES,
  TLB_EXECUTE_TAG_OFFSET,
  TLB_HOST_DELTA_OFFSET,
  TLB_READ_TAG_OFFSET,
  TLB_WRITE_TAG_OFFSET,
  tlbEntryOf,
} from './layout.ts';

const TWO_TO_32 = 4294967296;
// Offsets in 32-bit words: tags are written as two halves, since a BigInt per fill would allocate.
const READ = TLB_READ_TAG_OFFSET / 4;
const WRITE = TLB_WRITE_TAG_OFFSET / 4;
const EXECUTE = TLB_EXECUTE_TAG_OFFSET / 4;
const DELTA = TLB_HOST_DELTA_OFFSET / 4;
const ENTRY_WORDS = TLB_ENTRY_BYTES / 4;
const TAG_WORDS = [READ, WRITE, EXECUTE];

/**
 * A TLB in guest memory. An entry belongs to one page at a time: filling it for another page empties the other tags.
 *
 * @example
 * const tlb = new Tlb(memory);
 * space.attachTlb(tlb);                               // the space invalidates it from now on
 * const frame = space.resolve(0x400000, Access.Read);
 * if (frame >= 0) tlb.fill(0x400000, frame, Access.Read);
 */
export class Tlb {
  /** Host offset of entry 0. */
  readonly hostOffset: number;
  readonly #memory: GuestMemory;
  readonly #firstWord: number;

  /** @throws MemoryExhausted when the memory has no room for the table. */
  constructor(memory: GuestMemory) {
    this.#memory = memory;
    this.hostOffset = memory.reserveRegion(TLB_BYTES, TLB_BYTES);
    this.#firstWord = this.hostOffset >>> 2;
    this.flush();
  }

  /** Empties every entry. */
  flush(): void {
    // Delta becomes -1 too, which no empty tag ever uses.
    this.#memory.i32.fill(-1, this.#firstWord, this.#firstWord + TLB_ENTRIES * ENTRY_WORDS);
  }

  /** Empties the entries of pages in [start, end), guest addresses. */
  invalidate(start: number, end: number): void {
    const first = guestPageAddress(start);
    if ((end - first) / GUEST_PAGE_BYTES >= TLB_ENTRIES) {
      this.flush();
      return;
    }
    const words = this.#memory.i32;
    for (let page = first; page < end; page += GUEST_PAGE_BYTES) {
      const word = this.#entryWord(page);
      for (const tag of TAG_WORDS) if (holds(words, word + tag, page)) clear(words, word + tag);
    }
  }

  /**
   * Lets accesses of one kind to a page go to a frame: Read sets the read tag, Write sets the read and write tags (a writable
   * x86 page is readable), Execute sets the execute tag. `frameHostOffset` must come from `resolve` with the same access.
   */
  fill(pageAddress: number, frameHostOffset: number, access: Access): void {
    const words = this.#memory.i32;
    const word = this.#entryWord(pageAddress);
    const delta = (frameHostOffset - (pageAddress % TWO_TO_32)) | 0;
    for (const tag of TAG_WORDS) {
      // Another page's tag, or the same page while it had another frame.
      if (words[word + DELTA] !== delta || !holds(words, word + tag, pageAddress)) clear(words, word + tag);
    }
    words[word + DELTA] = delta;
    if (access === Access.Execute) {
      set(words, word + EXECUTE, pageAddress);
      return;
    }
    set(words, word + READ, pageAddress);
    if (access === Access.Write) set(words, word + WRITE, pageAddress);
  }

  /** Makes the next store to a page miss; loads and fetches keep hitting. */
  dropWrite(pageAddress: number): void {
    const words = this.#memory.i32;
    const word = this.#entryWord(pageAddress) + WRITE;
    if (holds(words, word, pageAddress)) clear(words, word);
  }

  /** Makes stores miss on every page, as fork's copy-on-write needs. */
  dropAllWrites(): void {
    const words = this.#memory.i32;
    for (let entry = 0; entry < TLB_ENTRIES; entry++) clear(words, this.#firstWord + entry * ENTRY_WORDS + WRITE);
  }

  #entryWord(pageAddress: number): number {
    return this.#firstWord + tlbEntryOf(pageAddress) * ENTRY_WORDS;
  }
}

function holds(words: Int32Array, word: number, pageAddress: number): boolean {
  return words[word] === (pageAddress | 0) && words[word + 1] === Math.floor(pageAddress / TWO_TO_32);
}

function set(words: Int32Array, word: number, pageAddress: number): void {
  words[word] = pageAddress | 0;
  words[word + 1] = Math.floor(pageAddress / TWO_TO_32);
}

function clear(words: Int32Array, word: number): void {
  words[word] = -1;
  words[word + 1] = -1;
}
