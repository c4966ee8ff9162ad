// The dynamic section: its entries and the values the rest of the package looks up in it.
import { ParseError } from '../../parse-error.ts';
import type { ElfFile } from './elf.ts';
import { PT } from './program-header.ts';
import { type SectionHeader, SHT } from './section-header.ts';
import { type StringTable, stringTable } from './string-table.ts';

/** d_tag values with a meaning in this package (gABI chapter 5, binutils' include/elf/common.h). */
export const DT = {
  NULL: 0n,
  NEEDED: 1n,
  PLTRELSZ: 2n,
  HASH: 4n,
  STRTAB: 5n,
  SYMTAB: 6n,
  RELA: 7n,
  RELASZ: 8n,
  RELAENT: 9n,
  STRSZ: 10n,
  SYMENT: 11n,
  INIT: 12n,
  FINI: 13n,
  SONAME: 14n,
  RPATH: 15n,
  REL: 17n,
  RELSZ: 18n,
  RELENT: 19n,
  PLTREL: 20n,
  JMPREL: 23n,
  INIT_ARRAY: 25n,
  FINI_ARRAY: 26n,
  INIT_ARRAYSZ: 27n,
  FINI_ARRAYSZ: 28n,
  RUNPATH: 29n,
  PREINIT_ARRAY: 32n,
  PREINIT_ARRAYSZ: 33n,
  RELRSZ: 35n,
  RELR: 36n,
  RELRENT: 37n,
  GNU_HASH: 0x6ffffef5n,
  VERSYM: 0x6ffffff0n,
  VERDEF: 0x6ffffffcn,
  VERDEFNUM: 0x6ffffffdn,
  VERNEED: 0x6ffffffen,
  VERNEEDNUM: 0x6fffffffn,
  AUXILIARY: 0x7ffffffdn,
  FILTER: 0x7fffffffn,
} as const;

/** One entry: d_tag (signed in the ABI; given unsigned within the word) and d_un. */
export interface DynamicEntry {
  readonly tag: bigint;
  readonly value: bigint;
}

/** Where the dynamic section is in the file. */
export interface DynamicLocation {
  readonly offset: bigint;
  readonly size: bigint;
  /** The SHT_DYNAMIC section, when section headers name one. */
  readonly section: SectionHeader | undefined;
}

/** Finds the dynamic section by PT_DYNAMIC, else by SHT_DYNAMIC (object files and files without program headers). */
export function findDynamic(elf: ElfFile): DynamicLocation | undefined {
  const segment = elf.programHeaders.find((header) => header.type === PT.DYNAMIC);
  if (segment !== undefined) return { offset: segment.offset, size: segment.filesz, section: undefined };
  const section = elf.sectionHeaders.find((header) => header.type === SHT.DYNAMIC);
  return section && { offset: section.offset, size: section.size, section };
}

/**
 * Entries up to DT_NULL, which is not included.
 *
 * @throws ParseError `truncated` (strict mode).
 */
export function readDynamicEntries(elf: ElfFile): readonly DynamicEntry[] {
  const location = findDynamic(elf);
  if (location === undefined) return [];
  const reader = elf.reader(elf.readBytes(location.offset, location.size, 'the dynamic section'));
  const entries: DynamicEntry[] = [];
  const { wordSize } = elf;
  for (let position = 0; position + 2 * wordSize <= reader.length; position += 2 * wordSize) {
    const tag = reader.word(position, wordSize);
    if (tag === DT.NULL) break;
    entries.push({ tag, value: reader.word(position + wordSize, wordSize) });
  }
  return entries;
}

/** The value of the first entry with a tag. */
export function dynamicValue(elf: ElfFile, tag: bigint): bigint | undefined {
  return elf.dynamicEntries().find((entry) => entry.tag === tag)?.value;
}

/** The table that DT_STRTAB and DT_STRSZ name, found through the segments; undefined without them. */
export function dynamicStringTable(elf: ElfFile): StringTable | undefined {
  const address = dynamicValue(elf, DT.STRTAB);
  const size = dynamicValue(elf, DT.STRSZ);
  if (address === undefined || size === undefined) return undefined;
  const offset = dynamicOffset(elf, address, 'DT_STRTAB');
  if (offset === undefined) return undefined;
  const bytes = elf.readBytes(offset, size, 'the dynamic string table');
  return stringTable(bytes, offset, (error) => elf.complain(error));
}

/** File offset of an address that a dynamic entry names. A file without PT_LOAD has offsets only by its sections: undefined then. */
export function dynamicOffset(elf: ElfFile, address: bigint, what: string): bigint | undefined {
  const offset = elf.offsetOf(address);
  if (offset !== undefined) return offset;
  const section = elf.sectionHeaders.find(
    ({ type, addr, size }) => type !== SHT.NOBITS && addr !== 0n && address >= addr && address - addr < size,
  );
  if (section !== undefined) return section.offset + (address - section.addr);
  const sentence = `${what} is 0x${address.toString(16)}, which no segment's file bytes hold.`;
  elf.complain(new ParseError('bad-index', 0, 'elf', sentence));
  return undefined;
}

/** The names of DT_NEEDED, in order: the shared objects to load. */
export function neededLibraries(elf: ElfFile): readonly string[] {
  return dynamicNames(elf, DT.NEEDED);
}

/** DT_SONAME, undefined when there is none. */
export function sharedObjectName(elf: ElfFile): string | undefined {
  return dynamicNames(elf, DT.SONAME)[0];
}

/** The strings of every entry with a tag whose value is an offset into the dynamic string table (NEEDED, SONAME, RPATH, RUNPATH ...). */
export function dynamicNames(elf: ElfFile, tag: bigint): readonly string[] {
  const entries = elf.dynamicEntries().filter((entry) => entry.tag === tag);
  const names = entries.length === 0 ? undefined : dynamicStringTable(elf);
  return names === undefined ? [] : entries.map((entry) => names.at(clampIndex(entry.value)));
}

// A string offset beyond 2^53 is beyond every table; any such number gives the same complaint.
function clampIndex(value: bigint): number {
  return value > 0xffff_ffffn ? 0xffff_ffff : Number(value);
}
