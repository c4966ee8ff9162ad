// The slow path of guest loads and stores: TLB misses, accesses that cross a page, faults, and writes to pages with code.
import {
  Access,
  type AddressSpace,
  FaultCause,
  GUEST_PAGE_BYTES,
  GUEST_PAGE_OFFSET_MASK,
  type GuestMemory,
  type Tlb,
} from '@elf/mm';
import { Vector } from '../cpu-exit.ts';
import { CROSSING, EXIT_DETAIL, EXIT_STATUS, FAULT_ACCESS, FAULT_ADDRESS, FAULT_CAUSE } from '../state/layout.ts';
import { ExitStatus } from './exit-status.ts';

/** First address beyond the lower canonical half: user code can reach nothing above (SDM vol. 1, section 3.3.7.1). */
export const CANONICAL_LIMIT = 2 ** 47;
/** High halves of non-canonical addresses lie outside these; the upper canonical half is the kernel's and is a plain page fault. */
const UPPER_HALF_START = 0xffff8000;

/** Resolves guest accesses for one CPU. Host offsets are returned; 0 means that the exit is described in the state block. */
export class GuestAccess {
  space: AddressSpace | undefined;
  /** Writes to pages with code go through: set while one instruction is run alone. */
  allowCodeWrites = false;
  /** EFLAGS.AC is set: every access comes here, because the TLB stays empty. */
  checksAlignment = false;
  private readonly memory: GuestMemory;
  private readonly tlb: Tlb;
  private readonly state: number;
  private crossingAddress = 0;
  private crossingSize = 0;
  private secondPage = 0;
  private firstFrame = 0;
  private secondFrame = 0;

  constructor(memory: GuestMemory, tlb: Tlb, stateHostOffset: number) {
    this.memory = memory;
    this.tlb = tlb;
    this.state = stateHostOffset;
  }

  /** Called by generated code after a read missed the TLB. */
  readonly slowRead = (low: number, high: number, sizeInBytes: number): number => {
    const address = this.checked(low, high, sizeInBytes, Access.Read);
    if (address < 0) return 0;
    return this.locate(address, sizeInBytes, Access.Read);
  };
  /** Called by generated code after a write missed the TLB. For a crossing write the bytes go to the crossing buffer. */
  readonly slowWrite = (low: number, high: number, sizeInBytes: number): number => {
    const address = this.checked(low, high, sizeInBytes, Access.Write);
    if (address < 0) return 0;
    return this.locate(address, sizeInBytes, Access.Write);
  };
  /** Called after the bytes of a crossing write lie in the buffer. */
  readonly commitCrossing = (): void => {
    const { u8 } = this.memory;
    const inFirst = this.secondPage - this.crossingAddress;
    const buffer = this.state + CROSSING;
    const offset = this.crossingAddress & GUEST_PAGE_OFFSET_MASK;
    u8.copyWithin(this.firstFrame + offset, buffer, buffer + inFirst);
    u8.copyWithin(this.secondFrame, buffer + inFirst, buffer + this.crossingSize);
  };
  /** For helpers: `commitCrossing` when a slow write answered with the crossing buffer. */
  commitIfCrossing(hostOffset: number): void {
    if (hostOffset === this.state + CROSSING) this.commitCrossing();
  }

  /**
   * Host offset of one page of guest memory for an access of a helper, or 0 with the fault described.
   * @param address guest address; the access must not cross its page
   */
  page(address: number, access: Access): number {
    if (address >= CANONICAL_LIMIT || address < 0) {
      this.fault(address, access, FaultCause.MapError);
      return 0;
    }
    return this.frame(address, address, access);
  }

  /** A guest address from its halves, or -1 after describing #AC, #GP or a fault in the kernel's half. */
  private checked(low: number, high: number, sizeInBytes: number, access: Access): number {
    const upper = high >>> 0;
    const address = upper * 0x1_0000_0000 + (low >>> 0);
    // Integers and floats lie on their size; nothing is asked of vectors (SDM vol. 3A, table 6-7 and MOVUPS in vol. 2).
    if (this.checksAlignment && sizeInBytes <= 8 && !this.isAligned(low, high, sizeInBytes)) return -1;
    if (address + sizeInBytes <= CANONICAL_LIMIT) return address;
    if (upper >= UPPER_HALF_START) {
      this.fault(0, access, FaultCause.MapError);
      // By halves: a number that large would be rounded, up to 2^64.
      this.memory.i32[(this.state + FAULT_ADDRESS) >>> 2] = low;
      this.memory.i32[(this.state + FAULT_ADDRESS + 4) >>> 2] = high;
    } else this.memory.i32[(this.state + EXIT_STATUS) >>> 2] = ExitStatus.NonCanonical;
    return -1;
  }

  /**
   * False, with #AC described, for an address, given by its halves, that is not a multiple of `alignment`, a power of two. True while
   * nothing is checked, and for an address that is not canonical: the access itself will say so.
   */
  isAligned(low: number, high: number, alignment: number): boolean {
    if (!this.checksAlignment || (low & (alignment - 1)) === 0) return true;
    const upper = high >>> 0;
    if (upper * 0x1_0000_0000 >= CANONICAL_LIMIT && upper < UPPER_HALF_START) return true;
    this.memory.i32[(this.state + EXIT_STATUS) >>> 2] = ExitStatus.Exception;
    this.memory.i32[(this.state + EXIT_DETAIL) >>> 2] = Vector.AlignmentCheck;
    return false;
  }

  /** What an area of FXSAVE or XSAVE raises that lies not even on 4 bytes. */
  get vectorOfMisalignedArea(): number {
    return this.checksAlignment ? Vector.AlignmentCheck : Vector.GeneralProtection;
  }

  private locate(address: number, sizeInBytes: number, access: Access): number {
    const offset = address & GUEST_PAGE_OFFSET_MASK;
    if (offset + sizeInBytes <= GUEST_PAGE_BYTES) {
      const frame = this.frame(address, address, access);
      return frame === 0 ? 0 : frame + offset;
    }
    const secondPage = address - offset + GUEST_PAGE_BYTES;
    const first = this.frame(address, address, access);
    if (first === 0) return 0;
    // The second page is reported at its own first byte, as hardware does in CR2.
    const second = this.frame(secondPage, secondPage, access);
    if (second === 0) return 0;
    const buffer = this.state + CROSSING;
    const { u8 } = this.memory;
    const inFirst = GUEST_PAGE_BYTES - offset;
    if (access === Access.Read) {
      u8.copyWithin(buffer, first + offset, first + GUEST_PAGE_BYTES);
      u8.copyWithin(buffer + inFirst, second, second + sizeInBytes - inFirst);
    } else {
      this.crossingAddress = address;
      this.crossingSize = sizeInBytes;
      this.secondPage = secondPage;
      this.firstFrame = first;
      this.secondFrame = second;
    }
    return buffer;
  }

  private frame(address: number, faultAddress: number, access: Access): number {
    const space = this.space as AddressSpace;
    const page = address - (address & GUEST_PAGE_OFFSET_MASK);
    let frame = space.resolve(page, access);
    if (frame === -FaultCause.CodeWrite) {
      if (!this.allowCodeWrites) {
        this.memory.i32[(this.state + EXIT_STATUS) >>> 2] = ExitStatus.CodeWrite;
        this.describe(faultAddress, access, FaultCause.CodeWrite);
        return 0;
      }
      // The caller has unmarked the page that faulted; another one that the instruction writes loses its blocks here.
      space.announceCodeWrite(page);
      frame = space.resolve(page, access);
    }
    if (frame < 0) {
      this.fault(faultAddress, access, -frame as FaultCause);
      return 0;
    }
    if (!this.checksAlignment) this.tlb.fill(page, frame, access);
    return frame;
  }

  private fault(address: number, access: Access, cause: FaultCause): void {
    this.memory.i32[(this.state + EXIT_STATUS) >>> 2] = ExitStatus.Fault;
    this.describe(address, access, cause);
  }
  private describe(address: number, access: Access, cause: FaultCause): void {
    const { i32, u32 } = this.memory;
    u32[(this.state + FAULT_ADDRESS) >>> 2] = address >>> 0;
    // An address at the very top was rounded up to 2^64 on its way here.
    u32[(this.state + FAULT_ADDRESS + 4) >>> 2] = Math.min(Math.floor(address / 0x1_0000_0000), 0xffff_ffff);
    i32[(this.state + FAULT_ACCESS) >>> 2] = access;
    i32[(this.state + FAULT_CAUSE) >>> 2] = cause;
    i32[(this.state + EXIT_DETAIL) >>> 2] = 0;
  }
}
