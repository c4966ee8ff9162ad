// What the first page of an ELF file is used for, as far as headers, symbols and relocations can tell.
import { DT } from '../formats/elf/dynamic.ts';
import type { ElfFile } from '../formats/elf/elf.ts';
import { PT } from '../formats/elf/program-header.ts';
import { dynamicRelocations, relrTables } from '../formats/elf/relocation.ts';
import { SHT } from '../formats/elf/section-header.ts';
import { STT } from '../formats/elf/symbol.ts';

/** File offsets [start, end) inside the first page, with what they are. */
export interface PageRange {
  readonly start: number;
  readonly end: number;
  readonly what: string;
}

/** Segments that only describe memory: their bytes are other segments' and sections' content. PT_PHDR is the table itself. */
const DESCRIPTIVE: readonly number[] = [PT.NULL, PT.LOAD, PT.PHDR, PT.GNU_STACK, PT.GNU_RELRO];

/** Dynamic entries that hold an address (gABI chapter 5, "Dynamic Array Tags"); 3 is DT_PLTGOT, 34 DT_SYMTAB_SHNDX. */
// biome-ignore format: a list
const POINTER_TAGS: ReadonlySet<bigint> = new Set([
  DT.HASH, 3n, DT.STRTAB, DT.SYMTAB, DT.RELA, DT.INIT, DT.FINI, DT.REL, DT.JMPREL, DT.INIT_ARRAY, DT.FINI_ARRAY, DT.PREINIT_ARRAY,
  34n, DT.RELR, DT.VERSYM, DT.VERDEF, DT.VERNEED,
]);
/** DT_ADDRRNGLO to DT_ADDRRNGHI: the values of these tags are addresses, DT_GNU_HASH among them. */
const ADDRESS_TAGS = { low: 0x6ffffe00n, high: 0x6ffffeffn };
const SHN_LORESERVE = 0xff00;

/** Everything that lies in the first `pageBytes` bytes of the file. Ranges may overlap. */
export function pageUses(elf: ElfFile, pageBytes: number): readonly PageRange[] {
  const uses: PageRange[] = [];
  const page = BigInt(pageBytes);
  for (const [start, size, what] of describedParts(elf)) {
    if (start >= page || size <= 0n) continue;
    const end = start + size < page ? start + size : page;
    uses.push({ start: Number(start), end: Number(end), what });
  }
  // What an address names without a section has no known length: everything up to the next use.
  const known = [...uses];
  for (const [offset, what] of namedPlaces(elf, page)) {
    if (known.some(({ start, end }) => offset >= start && offset < end)) continue;
    const next = known.reduce((least, { start }) => (start > offset ? Math.min(least, start) : least), pageBytes);
    uses.push({ start: offset, end: next, what });
  }
  return uses;
}

/** The parts of the file that headers describe, with offset and size. */
function* describedParts(elf: ElfFile): Generator<readonly [offset: bigint, size: bigint, what: string]> {
  const { fileHeader, layout, sectionHeaders } = elf;
  yield [0n, BigInt(Math.max(fileHeader.ehsize, layout.fileHeaderSize)), 'the ELF header'];
  yield [fileHeader.shoff, BigInt(sectionHeaders.length * fileHeader.shentsize), 'the section header table'];
  for (const section of sectionHeaders) {
    if (section.type === SHT.NULL || section.type === SHT.NOBITS) continue;
    yield [section.offset, section.size, `section ${elf.sectionName(section) || section.index}`];
  }
  for (const { index, type, offset, filesz } of elf.programHeaders) {
    if (!DESCRIPTIVE.includes(type)) yield [offset, filesz, `program header ${index}`];
  }
}

/** Offsets in the first page of everything that entry point, dynamic section, symbols and relocations name. */
function namedPlaces(elf: ElfFile, page: bigint): ReadonlyMap<number, string> {
  const places = new Map<number, string>();
  const windows = elf.programHeaders.filter(({ type, offset }) => type === PT.LOAD && offset < page);
  const offsetOf = (address: bigint): number | undefined => {
    for (const { offset, vaddr, filesz } of windows) {
      const within = address - vaddr;
      if (within >= 0n && within < filesz && offset + within < page) return Number(offset + within);
    }
    return undefined;
  };
  const note = (address: bigint, what: string) => {
    const offset = offsetOf(address);
    if (offset !== undefined) places.set(offset, what);
  };
  note(elf.fileHeader.entry, 'the entry point');
  for (const { tag, value } of elf.dynamicEntries()) {
    const isAddress = POINTER_TAGS.has(tag) || (tag >= ADDRESS_TAGS.low && tag <= ADDRESS_TAGS.high);
    if (isAddress) note(value, `what dynamic entry 0x${tag.toString(16)} names`);
  }
  for (const name of ['symtab', 'dynsym'] as const) {
    const table = elf.symbols(name);
    if (table === undefined) continue;
    for (let index = 1; index < table.count; index++) {
      if (offsetOf(table.valueAt(index)) === undefined) continue;
      const { type, sectionIndex, value, name: label } = table.at(index);
      const isPlace = type !== STT.SECTION && type !== STT.FILE && type !== STT.TLS;
      if (isPlace && sectionIndex > 0 && sectionIndex < SHN_LORESERVE) note(value, `symbol ${label}`);
    }
  }
  for (const table of dynamicRelocations(elf)) {
    for (const { offset, symbolIndex, addend } of table) {
      note(offset, 'a relocated word');
      if (symbolIndex === 0 && addend !== undefined) note(addend, 'the target of a relocation');
    }
  }
  for (const table of relrTables(elf)) for (const address of table) note(address, 'a relocated word');
  return places;
}
