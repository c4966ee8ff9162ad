// The program header table as bytes to be rewritten: fields are set in place, everything else of an entry stays as it was.
import type { ElfFile } from '../formats/elf/elf.ts';
import { type ProgramHeader, PT } from '../formats/elf/program-header.ts';
import { ParseError } from '../parse-error.ts';

/** Fields of a program header that a rewrite may set; all are one word of the file's class. */
export type HeaderField = 'offset' | 'vaddr' | 'paddr' | 'filesz' | 'memsz';

/** Where the fields are in Elf64_Phdr and Elf32_Phdr (gABI chapter 5). */
const FIELD_OFFSETS: Readonly<Record<4 | 8, Readonly<Record<HeaderField, number>>>> = {
  8: { offset: 8, vaddr: 16, paddr: 24, filesz: 32, memsz: 40 },
  4: { offset: 4, vaddr: 8, paddr: 12, filesz: 16, memsz: 20 },
};

/** A word of the file's class and byte order. */
export function wordBytes(elf: ElfFile, value: bigint): Uint8Array {
  const bytes = new Uint8Array(elf.wordSize);
  const view = new DataView(bytes.buffer);
  if (elf.wordSize === 8) view.setBigUint64(0, value, elf.fileHeader.littleEndian);
  else view.setUint32(0, Number(value), elf.fileHeader.littleEndian);
  return bytes;
}

/** Where e_phoff and e_shoff lie in the file header: behind 24 bytes and e_entry. */
export function headerFieldOffset(elf: ElfFile, field: 'phoff' | 'shoff'): number {
  return 24 + elf.wordSize * (field === 'phoff' ? 1 : 2);
}

/** A copy of the table that can be changed. */
export interface HeaderTable {
  readonly bytes: Uint8Array;
  /** Sets fields of one entry. */
  set(index: number, fields: Readonly<Partial<Record<HeaderField, bigint>>>): void;
}

/**
 * Copies the table with its own stride.
 *
 * @throws ParseError `truncated` when it runs past the end of the file.
 */
export function copyHeaderTable(elf: ElfFile): HeaderTable {
  const { phoff, phentsize } = elf.fileHeader;
  const size = elf.programHeaders.length * phentsize;
  const bytes = elf.readBytes(phoff, BigInt(size), 'the program header table').slice();
  if (bytes.length < size) {
    throw new ParseError('truncated', phoff, 'elf', 'The file ends inside the program header table.');
  }
  return {
    bytes,
    set(index, fields) {
      for (const [field, value] of Object.entries(fields) as [HeaderField, bigint][]) {
        bytes.set(wordBytes(elf, value), index * phentsize + FIELD_OFFSETS[elf.wordSize][field]);
      }
    },
  };
}

/** The PT_LOAD whose bytes of the file hold all of [offset, offset + size), the last one as in Linux; undefined when none does. */
export function loadHolding(elf: ElfFile, offset: number, size: number): ProgramHeader | undefined {
  const [start, end] = [BigInt(offset), BigInt(offset + size)];
  return elf.programHeaders.findLast(
    (header) => header.type === PT.LOAD && header.offset <= start && end <= header.offset + header.filesz,
  );
}

/** The fields of a program header that say where `offset` is, by the PT_LOAD that maps it. */
export function placeIn(load: ProgramHeader, offset: number): Record<'offset' | 'vaddr' | 'paddr', bigint> {
  const within = BigInt(offset) - load.offset;
  return { offset: BigInt(offset), vaddr: load.vaddr + within, paddr: load.paddr + within };
}
