// Memory as an array of small cells: carries actions out and loads as Linux does, with no cleverness at all.
import type { LoadSegment } from '../load-segment.ts';
import type { MemoryAction } from '../memory-action.ts';
import { RANDOM_BASE, RANDOM_SPAN, RANDOM_STEP } from './segments.ts';

/** What one cell holds: the file offset of its first byte, or zeros. */
export type CellContent = number | 'zero';

/** One cell; undefined fields where nothing is mapped. */
export interface Cell {
  content: CellContent | undefined;
  protection: number | undefined;
}

/** Room for widening: the first address is a multiple of the largest alignment, the end is rounded up to it and a host page more. */
const ROOM = 0x20_0000 + RANDOM_SPAN;

/** Which cell an address is in. */
export function cellIndex(address: number): number {
  return (address - RANDOM_BASE) / RANDOM_STEP;
}

/** The cells of a naive memory. */
export class NaiveMemory {
  readonly cells: Cell[] = Array.from({ length: ROOM / RANDOM_STEP }, () => ({
    content: undefined,
    protection: undefined,
  }));
  /** Steps that touched memory nobody had mapped. */
  readonly mistakes: string[] = [];

  /** The cell at an address. */
  at(address: number): Cell {
    return this.cells[cellIndex(address)];
  }

  /** Carries out one action. */
  perform(action: MemoryAction): void {
    for (let address = Number(action.start); address < Number(action.end); address += RANDOM_STEP) {
      const cell = this.at(address);
      const isMapping = action.kind === 'map-file' || action.kind === 'map-anonymous';
      if (!isMapping && cell.protection === undefined) this.mistakes.push(`${action.kind} at ${address.toString(16)}`);
      if ('fileOffset' in action) cell.content = address - Number(action.start) + Number(action.fileOffset);
      else if (action.kind !== 'protect') cell.content = 'zero';
      if ('protection' in action) cell.protection = action.protection;
    }
  }

  /** Loads one segment as Linux does with 4 KiB pages (fs/binfmt_elf.c, elf_load). */
  loadAsLinux({ flags, offset, vaddr, filesz, memsz }: LoadSegment): void {
    const page = 0x1000;
    const start = Number(vaddr);
    const protection = ((flags & 4) >> 2) | (flags & 2) | ((flags & 1) << 2);
    const fileEnd = start + Number(filesz);
    const memoryEnd = start + Number(memsz);
    let address = start - (start % page);
    while (filesz > 0n && (address < fileEnd || address % page !== 0)) {
      const cell = this.at(address);
      const isTail = address >= fileEnd && memsz > filesz && (flags & 2) !== 0;
      cell.content = isTail ? 'zero' : address - start + Number(offset);
      cell.protection = protection;
      address += RANDOM_STEP;
    }
    while (memsz > filesz && (address < memoryEnd || address % page !== 0)) {
      const cell = this.at(address);
      cell.content = 'zero';
      cell.protection = 3 | (protection & 4);
      address += RANDOM_STEP;
    }
  }
}
