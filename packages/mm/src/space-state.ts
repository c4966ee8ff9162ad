// The parts of one address space, and the two things every change of it must do: drop pages and invalidate TLBs.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import type { CodeSpace } from './code-frames.ts';
import type { GuestMemory } from './guest-memory.ts';
import { frameOf, PageEntry, PageTable } from './page-table.ts';
import type { Tlb } from './tlb/tlb.ts';
import { AreaFlag, VmaList } from './vma.ts';

/** Borders and limits of an address space. All are values, because personalities and hosts differ in them. */
export interface SpaceLayout {
  /** First address that is not the program's: TASK_SIZE, 0x7fff_ffff_f000 on x86-64 with four-level tables. */
  taskSize: number;
  /** Mappings without an address are placed below this one, highest gap first. */
  mmapBase: number;
  /** Lowest address that may be mapped (vm.mmap_min_addr; 0 for a privileged process). */
  minimumAddress: number;
  /** How large a stack may grow (RLIMIT_STACK). */
  stackLimitInBytes: number;
  /** How much may be mapped in total (RLIMIT_AS). */
  addressSpaceLimitInBytes: number;
  /** How far the program break may be from its start (RLIMIT_DATA). */
  dataLimitInBytes: number;
  /** How many areas there may be (vm.max_map_count). */
  maximumAreas: number;
  /**
   * The kernel's page in bytes: 4096, 16384 or 65536. Calls align to it and round up to it, as on a Linux kernel built with
   * that page size; frames, the TLB and `resolve` stay at the guest's 4 KiB. Not to be changed while areas exist.
   */
  mappingGranularity: number;
}

/** Where brk(2) stands. */
export interface ProgramBreak {
  start: number;
  current: number;
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
  readonly programBreak: ProgramBreak = { start: 0, current: 0 };
  /** Initial stack pointer, by which /proc/PID/maps finds [stack]. */
  stackStart = 0;

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
   * @returns the pages that held translated code; pass them to {@link announceCode} when the change is complete.
   */
  dropPages(start: number, end: number): number[] {
    const codePages: number[] = [];
    this.table.update(start, end, (page, entry) => {
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
