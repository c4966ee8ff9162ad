// The parts of one address space, and the two things every change of it must do: drop pages and invalidate TLBs.
import { GUEST_PAGE_BYTES, roundUp } from '@elf/pagesize';
import type { CodeSpace } from './code-frames.ts';
import type { GuestMemory } from './guest-memory.ts';
import { frameOf, PageEntry, PageTable } from './page-table.ts';
import type { SpaceLayout } from './space-layout.ts';
import type { Tlb } from './tlb/tlb.ts';
import { AreaFlag } from './vma.ts';
import { VmaList } from './vma-list.ts';

/** Where brk(2) stands. */
export interface ProgramBreak {
  start: number;
  current: number;
  /** Bytes of the program's own data, which RLIMIT_DATA counts with the heap. */
  dataBytes: number;
}

/**
 * State that the memory calls work on. Order of every change: page-table entries first, then areas, then TLBs, then
 * listeners - a listener may call back into the space and must find it consistent.
 */
export class SpaceState implements CodeSpace {
  readonly memory: GuestMemory;
  readonly table = new PageTable();
  readonly vmas: VmaList;
  readonly tlbs: Tlb[] = [];
  readonly codeListeners = new Set<(pageAddress: number) => void>();
  readonly layout: SpaceLayout;
  readonly programBreak: ProgramBreak = { start: 0, current: 0, dataBytes: 0 };
  /** Initial stack pointer, by which /proc/PID/maps finds [stack]. */
  stackStart = 0;
  /** Flags every new area gets: those of mlockall(MCL_FUTURE). */
  futureFlags = 0;

  constructor(memory: GuestMemory, layout: SpaceLayout) {
    this.memory = memory;
    this.layout = layout;
    this.vmas = new VmaList(memory.fileFrames);
    memory.codeFrames.spaces.add(this);
  }

  /** Makes the attached TLBs forget pages in [start, end). */
  invalidate(start: number, end: number): void {
    for (const tlb of this.tlbs) tlb.invalidate(start, end);
  }

  /**
   * Forgets the frames of [start, end): dirty pages of shared mappings are written back, references dropped, TLBs invalidated.
   * The areas stay, so the pages come back from their backing (or as zeros) at the next touch.
   * @param stays pages for which it answers true keep their frame.
   * @returns the pages that held translated code; pass them to {@link announceCode} when the change is complete.
   */
  dropPages(start: number, end: number, stays?: (page: number, entry: number) => boolean): number[] {
    const codePages: number[] = [];
    this.table.update(start, end, (page, entry) => {
      if (stays?.(page, entry)) return entry;
      if (entry & PageEntry.Code) {
        codePages.push(page);
        this.memory.codeFrames.remove(frameOf(entry), this, page);
      }
      if (entry & PageEntry.Dirty) this.writeBack(page, entry);
      this.memory.releaseFrame(frameOf(entry));
      return 0;
    });
    this.invalidate(start, end);
    return codePages;
  }

  /** Stores a page of a shared mapping into its backing; false when the device failed. */
  writeBack(page: number, entry: number): boolean {
    const area = this.vmas.find(page);
    const backing = area?.backing;
    if (area === undefined || backing?.writeFrom === undefined || !(area.flags & AreaFlag.Shared)) return true;
    const offset = area.offset + (page - area.start);
    const length = Math.min(GUEST_PAGE_BYTES, backing.sizeInBytes() - offset);
    if (length <= 0) return true;
    const hostOffset = frameOf(entry);
    return backing.writeFrom(offset, this.memory.u8.subarray(hostOffset, hostOffset + length));
  }

  /** Tells listeners that translated code of these pages is no longer what the pages hold. */
  announceCode(codePages: readonly number[]): void {
    for (const page of codePages) for (const listener of this.codeListeners) listener(page);
  }

  withdrawCode(pageAddress: number): void {
    const entry = this.table.read(pageAddress);
    this.table.write(pageAddress, entry & ~PageEntry.Code);
    this.announceCode([pageAddress]);
  }

  dropFilePages(identity: object, start: number, end: number, withCopies: boolean): void {
    const { fileFrames } = this.memory;
    const codePages: number[] = [];
    // The kernel page that holds the first byte stays mapped.
    const first = roundUp(start, this.layout.mappingGranularity);
    for (const area of this.vmas.areas) {
      if (area.backing?.identity !== identity) continue;
      const from = Math.max(area.start, area.start + (first - area.offset));
      const to = Math.min(area.end, area.start + (end - area.offset));
      if (from >= to) continue;
      const filePage = (page: number) => (area.offset + (page - area.start)) / GUEST_PAGE_BYTES;
      const isCopy = (page: number, entry: number) => fileFrames.find(identity, filePage(page)) !== frameOf(entry);
      codePages.push(...this.dropPages(from, to, withCopies ? undefined : isCopy));
    }
    this.announceCode(codePages);
  }

  withdrawWrites(identity: object, filePage: number): void {
    for (const area of this.vmas.areas) {
      if (!(area.flags & AreaFlag.Shared) || area.backing?.identity !== identity) continue;
      const page = area.start + (filePage * GUEST_PAGE_BYTES - area.offset);
      if (page < area.start || page >= area.end) continue;
      const entry = this.table.read(page);
      if (!(entry & PageEntry.Writable)) continue;
      // Dirty stays: what was stored so far still has to reach the file.
      this.table.write(page, entry & ~PageEntry.Writable);
      for (const tlb of this.tlbs) tlb.dropWrite(page);
    }
  }
}
