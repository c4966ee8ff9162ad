// The software TLB: what fills, what evicts, what invalidates.
import { describe, expect, it } from 'vitest';
import { GuestMemory } from '../guest-memory.ts';
import { Access } from '../page-fault.ts';
import { TLB_EMPTY_TAG, TLB_ENTRIES, TLB_ENTRY_BYTES, tlbEntryOf } from './layout.ts';
import { Tlb } from './tlb.ts';

const HIGH = 0x7fff_ffff_e000;

/** The three tags and the frame an entry leads to, as generated code reads them. */
function entryOf(memory: GuestMemory, tlb: Tlb, page: number) {
  const at = tlb.hostOffset + tlbEntryOf(page) * TLB_ENTRY_BYTES;
  const [read, write, execute] = [0, 1, 2].map((tag) => memory.i64[at / 8 + tag]);
  return { read, write, execute, frame: (Number(BigInt.asIntN(32, BigInt(page))) + memory.i32[at / 4 + 6]) >>> 0 };
}

describe('Tlb', () => {
  const memory = new GuestMemory();
  const tlb = new Tlb(memory);

  it('starts empty', () => {
    for (let index = 0; index < TLB_ENTRIES; index++) {
      const { read, write, execute } = entryOf(memory, tlb, index * 4096);
      expect([read, write, execute]).toEqual([TLB_EMPTY_TAG, TLB_EMPTY_TAG, TLB_EMPTY_TAG]);
    }
  });

  it('keeps 64-bit tags and reaches frames from any address', () => {
    for (const page of [0, 0x400000, 0x7fff_f000, 0x8000_0000, 0xffff_f000, 0x1_0000_0000, HIGH]) {
      const frame = memory.allocateFrame();
      tlb.fill(page, frame, Access.Write);
      expect(entryOf(memory, tlb, page)).toEqual({
        read: BigInt(page),
        write: BigInt(page),
        execute: TLB_EMPTY_TAG,
        frame,
      });
    }
  });

  it('adds an execute tag to the same page and empties the tags of another one', () => {
    const frame = memory.allocateFrame();
    const other = memory.allocateFrame();
    tlb.fill(HIGH, frame, Access.Write);
    tlb.fill(HIGH, frame, Access.Execute);
    expect(entryOf(memory, tlb, HIGH)).toEqual({
      read: BigInt(HIGH),
      write: BigInt(HIGH),
      execute: BigInt(HIGH),
      frame,
    });
    const conflicting = HIGH - 2 ** 32;
    tlb.fill(conflicting, other, Access.Execute);
    expect(entryOf(memory, tlb, conflicting)).toEqual({
      read: TLB_EMPTY_TAG,
      write: TLB_EMPTY_TAG,
      execute: BigInt(conflicting),
      frame: other,
    });
  });

  it('keeps the stack and the first mapping below it apart', () => {
    const [stack, mapping] = [memory.allocateFrame(), memory.allocateFrame()];
    const firstMapping = HIGH - 128 * 1024 * 1024;
    tlb.fill(HIGH, stack, Access.Write);
    tlb.fill(firstMapping, mapping, Access.Write);
    expect(entryOf(memory, tlb, HIGH)).toMatchObject({ write: BigInt(HIGH), frame: stack });
    expect(entryOf(memory, tlb, firstMapping)).toMatchObject({ write: BigInt(firstMapping), frame: mapping });
  });

  it('gives every page of 4 MiB its own entry', () => {
    const entries = new Set(
      Array.from({ length: TLB_ENTRIES }, (_, page) => tlbEntryOf(0x7fff_f7c0_0000 + page * 4096)),
    );
    expect(entries.size).toBe(TLB_ENTRIES);
  });

  it('empties the other tags when the page has another frame now', () => {
    const [first, second] = [memory.allocateFrame(), memory.allocateFrame()];
    tlb.fill(HIGH, first, Access.Write);
    tlb.fill(HIGH, second, Access.Execute);
    expect(entryOf(memory, tlb, HIGH)).toMatchObject({ read: TLB_EMPTY_TAG, write: TLB_EMPTY_TAG, frame: second });
  });

  it('keeps a write tag over a read fill of the same page', () => {
    const frame = memory.allocateFrame();
    tlb.fill(HIGH, frame, Access.Write);
    tlb.fill(HIGH, frame, Access.Read);
    expect(entryOf(memory, tlb, HIGH).write).toBe(BigInt(HIGH));
    tlb.dropWrite(HIGH);
    expect(entryOf(memory, tlb, HIGH)).toMatchObject({ read: BigInt(HIGH), write: TLB_EMPTY_TAG });
  });

  it('invalidates exactly the pages of a range, and everything for a huge one', () => {
    tlb.flush();
    const pages = [0x10000, 0x11000, 0x12000, 0x13000];
    for (const page of pages) tlb.fill(page, memory.allocateFrame(), Access.Read);
    tlb.invalidate(0x11800, 0x12001);
    expect(pages.map((page) => entryOf(memory, tlb, page).read)).toEqual([0x10000n, -1n, -1n, 0x13000n]);
    // The same entries, but other pages: they stay.
    tlb.invalidate(0x10000 + 0x400000, 0x14000 + 0x400000);
    expect(entryOf(memory, tlb, 0x10000).read).toBe(0x10000n);
    tlb.invalidate(2 ** 40, 2 ** 46);
    expect(entryOf(memory, tlb, 0x10000).read).toBe(-1n);
  });
});
