// The program and section header tables, with the extended numbering of the gABI.
import { ParseError } from '../../parse-error.ts';
import type { ElfFile } from './elf.ts';
import { PN_XNUM, SHN_LORESERVE, SHN_XINDEX } from './file-header.ts';
import { decodeProgramHeader, type ProgramHeader } from './program-header.ts';
import { decodeSectionHeader, type SectionHeader } from './section-header.ts';

/** Reads both tables once, each with one read. */
export class HeaderTables {
  readonly #elf: ElfFile;
  #programHeaders: readonly ProgramHeader[] | undefined;
  #sectionHeaders: readonly SectionHeader[] | undefined;
  #first: { readonly header: SectionHeader | undefined } | undefined;

  constructor(elf: ElfFile) {
    this.#elf = elf;
  }

  programHeaders(): readonly ProgramHeader[] {
    return (this.#programHeaders ??= this.#readProgramHeaders());
  }

  sectionHeaders(): readonly SectionHeader[] {
    return (this.#sectionHeaders ??= this.#readSectionHeaders());
  }

  sectionNameTableIndex(): number {
    const { shstrndx } = this.#elf.fileHeader;
    if (shstrndx !== SHN_XINDEX) {
      if (shstrndx >= SHN_LORESERVE) {
        const sentence = `e_shstrndx is the reserved index ${shstrndx}.`;
        this.#elf.complain(new ParseError('bad-index', this.#elf.layout.fileHeaderSize - 2, 'elf', sentence));
        return 0;
      }
      return shstrndx;
    }
    return this.#firstSection()?.link ?? 0;
  }

  /** Section header 0, which holds the numbers that do not fit the file header. Read alone: the count may depend on it. */
  #firstSection(): SectionHeader | undefined {
    this.#first ??= { header: this.#readFirstSection() };
    return this.#first.header;
  }

  #readFirstSection(): SectionHeader | undefined {
    const elf = this.#elf;
    if (elf.fileHeader.shoff === 0n) return undefined;
    if (!this.#entrySizeIsGood('section', elf.fileHeader.shentsize, elf.layout.sectionHeaderSize)) return undefined;
    const size = elf.layout.sectionHeaderSize;
    const bytes = elf.readBytes(elf.fileHeader.shoff, BigInt(size), 'section header 0');
    return bytes.length < size ? undefined : decodeSectionHeader(elf.reader(bytes), 0, 0, elf.wordSize);
  }

  #readProgramHeaders(): readonly ProgramHeader[] {
    const elf = this.#elf;
    const { phoff, phnum, phentsize } = elf.fileHeader;
    if (phoff === 0n || phnum === 0) return [];
    if (!this.#entrySizeIsGood('program', phentsize, elf.layout.programHeaderSize)) return [];
    // Without a section header 0 the value is the count itself: 65535 headers were legal before PN_XNUM existed.
    const count = phnum === PN_XNUM ? (this.#firstSection()?.info ?? phnum) : phnum;
    const reader = elf.reader(elf.readBytes(phoff, BigInt(count) * BigInt(phentsize), 'the program header table'));
    return Array.from(
      { length: wholeEntries(reader.length, phentsize, elf.layout.programHeaderSize, count) },
      (_, index) => decodeProgramHeader(reader, index * phentsize, index, elf.wordSize),
    );
  }

  #readSectionHeaders(): readonly SectionHeader[] {
    const elf = this.#elf;
    const { shoff, shnum, shentsize } = elf.fileHeader;
    if (shoff === 0n) return [];
    // e_shnum 0 with a table: the count is in sh_size of entry 0.
    const count = shnum === 0 ? (this.#firstSection()?.size ?? 0n) : BigInt(shnum);
    if (count === 0n || !this.#entrySizeIsGood('section', shentsize, elf.layout.sectionHeaderSize)) return [];
    const reader = elf.reader(elf.readBytes(shoff, count * BigInt(shentsize), 'the section header table'));
    const whole = wholeEntries(reader.length, shentsize, elf.layout.sectionHeaderSize, Number(count));
    return Array.from({ length: whole }, (_, index) =>
      decodeSectionHeader(reader, index * shentsize, index, elf.wordSize),
    );
  }

  /** Larger entries are legal (the stride is then the larger size), smaller ones cannot hold the structure. */
  #entrySizeIsGood(table: 'program' | 'section', size: number, needed: number): boolean {
    if (size >= needed) return true;
    const sentence = `An entry of the ${table} header table has ${size} bytes; the structure needs ${needed}.`;
    // e_phentsize lies 10 bytes before the header's end, e_shentsize 6.
    const offset = this.#elf.layout.fileHeaderSize - (table === 'program' ? 10 : 6);
    this.#elf.complain(new ParseError('bad-entry-size', offset, 'elf', sentence));
    return false;
  }
}

/** How many entries of `stride` bytes are there whole; the last needs only the structure's own size. */
function wholeEntries(available: number, stride: number, needed: number, count: number): number {
  return available < needed ? 0 : Math.min(count, Math.floor((available - needed) / stride) + 1);
}
