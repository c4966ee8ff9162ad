// One address space with its naive model, and a TLB used the way generated code uses it.
import type { AddressSpace } from '../address-space.ts';
import type { Backing } from '../backing.ts';
import type { GuestMemory } from '../guest-memory.ts';
import type { Access } from '../page-fault.ts';
import { TLB_ENTRY_BYTES, tlbEntryOf } from '../tlb/layout.ts';
import type { Tlb } from '../tlb/tlb.ts';
import { AreaFlag, type Vma } from '../vma.ts';
import { GUEST_PAGE, type ModelFile, type ModelPage, type PageModel } from './page-model.ts';

/** What differs between the space and its model, or between what a call gave and what it should have. */
export class Difference extends Error {}

/** Throws a Difference unless both are the same. */
export function same(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Difference(`${what}: ${String(actual)} instead of ${String(expected)}`);
}

/** A file whose guest pages hold one number each, at offset 8. */
export interface TestFile {
  readonly backing: Backing;
  readonly model: ModelFile;
  readonly isReadOnly: boolean;
  /** What is in the file itself: it lacks stores that were not written back yet. */
  readonly stored: Map<number, number>;
}

/** A file of some guest pages. */
export function createFile(size: number, seed: number): TestFile {
  const values = new Map(Array.from({ length: size }, (_, page) => [page, seed * 1000 + page]));
  const model: ModelFile = { values, size };
  const stored = new Map(values);
  const backing: Backing = {
    identity: { seed },
    sizeInBytes: () => model.size * GUEST_PAGE,
    readInto(offset, target) {
      const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
      const count = Math.max(0, Math.min(target.length, model.size * GUEST_PAGE - offset));
      target.fill(0, 0, count);
      for (let at = 0; at < count; at += GUEST_PAGE)
        view.setUint32(at + 8, stored.get((offset + at) / GUEST_PAGE) ?? 0, true);
      return count;
    },
    writeFrom(offset, bytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at < bytes.length; at += GUEST_PAGE)
        stored.set((offset + at) / GUEST_PAGE, view.getUint32(at + 8, true));
      return true;
    },
  };
  return { backing, model, stored, isReadOnly: false };
}

const { Shared, Locked, LockOnFault, DontFork, WipeOnFork, GrowsDown } = AreaFlag;
const COMPARED_FLAGS = Shared | Locked | LockOnFault | DontFork | WipeOnFork | GrowsDown;

function flagsOf(page: ModelPage): number {
  return (
    (page.shared ? Shared : 0) |
    (page.locked ? Locked : 0) |
    (page.onFault ? LockOnFault : 0) |
    (page.dontFork ? DontFork : 0) |
    (page.wipeOnFork ? WipeOnFork : 0) |
    (page.growsDown ? GrowsDown : 0)
  );
}

/** The space, its model and its TLB. */
export class Pair {
  readonly memory: GuestMemory;
  readonly space: AddressSpace;
  readonly model: PageModel;
  readonly tlb: Tlb;
  /** Bytes of a kernel page. */
  readonly granularity: number;

  constructor(memory: GuestMemory, space: AddressSpace, model: PageModel, tlb: Tlb) {
    this.memory = memory;
    this.space = space;
    this.model = model;
    this.tlb = tlb;
    this.granularity = space.layout.mappingGranularity;
    space.attachTlb(tlb);
    const { sub } = model.layout;
    space.onCodeChange((address) => {
      const modelPage = model.pages.get(Math.floor(address / this.granularity));
      if (modelPage) modelPage.code[(address / GUEST_PAGE) % sub] = false;
    });
    model.stackAt = (start) => {
      const area = space.find(start * this.granularity) as Vma;
      return { end: area.end / this.granularity, origin: area.offset / this.granularity };
    };
  }

  /** First kernel page of an area, and the first one after it. */
  areaOf(page: number): readonly [number, number] | undefined {
    const area = this.space.find(page * this.granularity);
    return area && [area.start / this.granularity, area.end / this.granularity];
  }

  /** Host offset of a guest page through the TLB or `resolve`, or the negative cause. */
  access(guestPage: number, access: Access): number {
    const { memory, tlb } = this;
    const address = guestPage * GUEST_PAGE;
    const entry = tlb.hostOffset + tlbEntryOf(address) * TLB_ENTRY_BYTES;
    if (memory.i64[entry / 8 + access] === BigInt(address)) return (address + memory.i32[entry / 4 + 6]) >>> 0;
    const frame = this.space.resolve(address, access);
    if (frame >= 0) tlb.fill(address, frame, access);
    return frame;
  }

  /** Compares areas with pages, and asks for broken invariants. */
  check(): void {
    const problems = this.space.checkInvariants();
    if (problems.length > 0) throw new Difference(problems.join('; '));
    let pages = 0;
    for (const area of this.space.areas) {
      for (let page = area.start / this.granularity; page < area.end / this.granularity; page++) {
        const modelPage = this.model.pages.get(page);
        if (modelPage === undefined) throw new Difference(`page ${page} is mapped`);
        this.#checkPage(area, page, modelPage);
        pages++;
      }
    }
    same('mapped pages', pages, this.model.pages.size);
    same('program break', this.space.programBreak.current / this.granularity, this.model.breakCurrent);
  }

  #checkPage(area: Readonly<Vma>, page: number, wanted: ModelPage): void {
    const { protection, maximumProtection, backing } = area;
    const isSame =
      protection === wanted.protection &&
      maximumProtection === wanted.maximum &&
      (area.flags & COMPARED_FLAGS) === flagsOf(wanted) &&
      (backing === undefined) === (wanted.file === undefined);
    if (!isSame) {
      const { file: _, code: __, own: ___, ...shown } = wanted;
      const flags = area.flags.toString(2);
      throw new Difference(
        `page ${page} has protection ${protection} and flags ${flags}, not ${JSON.stringify(shown)}`,
      );
    }
    if (backing === undefined) return;
    const filePage = (area.offset + (page * this.granularity - area.start)) / GUEST_PAGE;
    if (filePage !== wanted.filePage) same(`file page of page ${page}`, filePage, wanted.filePage);
  }
}
