// Writes down what a policy does for one segment, and remembers what is mapped so far.
import type { LoadSegment } from '../load-segment.ts';
import type { MemoryAction } from '../memory-action.ts';
import type { RangeMap } from './range-map.ts';

/** PROT_* bits, as in mman.h. */
export const PROT = { READ: 1, WRITE: 2, EXEC: 4 } as const;

/** p_flags bits that are no PROT_* bits of the same name. */
const PF_X = 1;
const PF_R = 4;
/** PF_W and PROT_WRITE are the same bit. */
const PF_W = PROT.WRITE;

/** The permissions p_flags asks for. */
export function protectionOf(flags: number): number {
  return (flags & PF_R ? PROT.READ : 0) | (flags & PF_W ? PROT.WRITE : 0) | (flags & PF_X ? PROT.EXEC : 0);
}

/** An address or offset in a sentence; negative ones with a minus sign. */
export function hex(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/** "PT_LOAD 3": the number is that of the program header where it is known. */
export function segmentLabel({ index }: LoadSegment, position: number): string {
  return `PT_LOAD ${index ?? position}`;
}

/** Collects the actions for one segment; empty ranges are left out. */
export class SegmentBuilder {
  readonly actions: MemoryAction[] = [];
  readonly index: number;
  readonly segment: LoadSegment;
  /** Permissions by range of everything mapped so far, shared by all segments of an image. */
  readonly mapped: RangeMap<number>;
  /** The same as an emulator's own page table has it, for policies that keep one; shared likewise. */
  readonly guestPages: RangeMap<number>;

  constructor(index: number, segment: LoadSegment, mapped: RangeMap<number>, guestPages: RangeMap<number>) {
    this.index = index;
    this.segment = segment;
    this.mapped = mapped;
    this.guestPages = guestPages;
  }

  /** The segment in sentences. */
  get label(): string {
    return segmentLabel(this.segment, this.index);
  }

  /** Permissions of the segment. */
  get protection(): number {
    return protectionOf(this.segment.flags);
  }

  /** First address after the segment's file bytes. */
  get fileEnd(): bigint {
    return this.segment.vaddr + this.segment.filesz;
  }

  /** First address after the segment. */
  get memoryEnd(): bigint {
    return this.segment.vaddr + this.segment.memsz;
  }

  /** File offset that the segment's own bytes give to `address`. */
  fileOffsetAt(address: bigint): bigint {
    return address - this.segment.vaddr + this.segment.offset;
  }

  mapFile(start: bigint, end: bigint, protection = this.protection): void {
    if (start >= end) return;
    const fileOffset = this.fileOffsetAt(start);
    this.actions.push({ kind: 'map-file', start, end, fileOffset, protection, segment: this.index });
    this.mapped.assign(start, end, protection);
  }

  mapAnonymous(start: bigint, end: bigint, protection = this.protection): void {
    if (start >= end) return;
    this.actions.push({ kind: 'map-anonymous', start, end, protection, segment: this.index });
    this.mapped.assign(start, end, protection);
  }

  readFile(start: bigint, end: bigint, fileOffset = this.fileOffsetAt(start)): void {
    if (start >= end) return;
    this.actions.push({ kind: 'read-file', start, end, fileOffset, segment: this.index });
  }

  zero(start: bigint, end: bigint): void {
    if (start < end) this.actions.push({ kind: 'zero', start, end, segment: this.index });
  }

  protect(start: bigint, end: bigint, protection: number): void {
    if (start >= end) return;
    this.actions.push({ kind: 'protect', start, end, protection, segment: this.index });
    this.mapped.assign(start, end, protection);
  }
}
