// A symbol table as a view over its bytes, from section headers or from the dynamic section alone.
import type { ByteReader } from '../../byte-reader.ts';
import { ParseError } from '../../parse-error.ts';
import { DT, dynamicOffset, dynamicStringTable, dynamicValue } from './dynamic.ts';
import { dynamicSymbolCount } from './dynamic-symbol-count.ts';
import type { ElfFile } from './elf.ts';
import { SHN_XINDEX } from './file-header.ts';
import { type SectionHeader, SHT } from './section-header.ts';
import { type StringTable, stringTable } from './string-table.ts';
import { decodeSymbol, type ElfSymbol } from './symbol.ts';

/** `symtab` is SHT_SYMTAB; `dynsym` is SHT_DYNSYM, or DT_SYMTAB when the file has no section headers. */
export type SymbolTableName = 'symtab' | 'dynsym';

/** A view of one symbol table: holds the table's bytes, decodes a symbol when it is asked for. */
export class SymbolTable implements Iterable<ElfSymbol> {
  /** Number of symbols, the null symbol at index 0 included. */
  readonly count: number;
  /** The section, undefined when the table was found through the dynamic section. */
  readonly section: SectionHeader | undefined;
  readonly names: StringTable;
  readonly #reader: ByteReader;
  readonly #stride: number;
  readonly #wordSize: 4 | 8;
  readonly #extended: ByteReader | undefined;

  /** Use `ElfFile.symbols`. */
  constructor(elf: ElfFile, bytes: Uint8Array, stride: number, names: StringTable, section?: SectionHeader) {
    this.#reader = elf.reader(bytes);
    this.#stride = stride;
    this.#wordSize = elf.wordSize;
    this.count = Math.floor(bytes.length / stride);
    this.names = names;
    this.section = section;
    this.#extended = section && extendedIndices(elf, section);
  }

  /**
   * The symbol at an index.
   *
   * @throws ParseError `bad-index` outside the table (a caller's mistake), and as {@link StringTable.at} for the name.
   */
  at(index: number): ElfSymbol {
    if (!(index >= 0 && index < this.count))
      throw new ParseError('bad-index', 0, 'elf', `There is no symbol ${index}; the table holds ${this.count}.`);
    const raw = decodeSymbol(this.#reader, index * this.#stride, this.#wordSize);
    return {
      index,
      name: this.names.at(raw.nameOffset),
      ...raw,
      type: raw.info & 15,
      binding: raw.info >> 4,
      visibility: raw.other & 3,
      sectionIndex: raw.shndx === SHN_XINDEX ? this.#extendedIndex(index) : raw.shndx,
    };
  }

  /** st_value at an index, without decoding the rest. */
  valueAt(index: number): bigint {
    const position = index * this.#stride + (this.#wordSize === 8 ? 8 : 4);
    return this.#reader.word(position, this.#wordSize);
  }

  /** st_size at an index, without decoding the rest. */
  sizeAt(index: number): bigint {
    const position = index * this.#stride + (this.#wordSize === 8 ? 16 : 8);
    return this.#reader.word(position, this.#wordSize);
  }

  /** st_info at an index, without decoding the rest. */
  infoAt(index: number): number {
    return this.#reader.u8(index * this.#stride + (this.#wordSize === 8 ? 4 : 12));
  }

  /** st_shndx at an index as it is in the file, without decoding the rest. */
  shndxAt(index: number): number {
    return this.#reader.u16(index * this.#stride + (this.#wordSize === 8 ? 6 : 14));
  }

  *[Symbol.iterator](): Generator<ElfSymbol> {
    for (let index = 0; index < this.count; index++) yield this.at(index);
  }

  #extendedIndex(index: number): number {
    const table = this.#extended;
    return table === undefined || 4 * index + 4 > table.length ? SHN_XINDEX : table.u32(4 * index);
  }
}

/** The SHT_SYMTAB_SHNDX section that belongs to a symbol table, as 32-bit words. */
function extendedIndices(elf: ElfFile, symbols: SectionHeader): ByteReader | undefined {
  const section = elf.sectionHeaders.find(({ type, link }) => type === SHT.SYMTAB_SHNDX && link === symbols.index);
  return section && elf.reader(elf.sectionData(section));
}

/** Opens a symbol table by name or section; undefined when the file has none. */
export function openSymbolTable(elf: ElfFile, table: SymbolTableName | SectionHeader): SymbolTable | undefined {
  if (typeof table !== 'string') return openSection(elf, table);
  const type = table === 'symtab' ? SHT.SYMTAB : SHT.DYNSYM;
  const section = elf.sectionHeaders.find((header) => header.type === type);
  if (section !== undefined) return openSection(elf, section);
  return table === 'dynsym' ? openDynamic(elf) : undefined;
}

function openSection(elf: ElfFile, section: SectionHeader): SymbolTable {
  const stride = checkedStride(elf, section.entsize, section.offset);
  return new SymbolTable(elf, elf.sectionData(section), stride, elf.stringTable(section.link), section);
}

/** DT_SYMTAB has no size of its own: the hash tables say how many symbols there are. */
function openDynamic(elf: ElfFile): SymbolTable | undefined {
  const address = dynamicValue(elf, DT.SYMTAB);
  if (address === undefined) return undefined;
  const offset = dynamicOffset(elf, address, 'DT_SYMTAB');
  if (offset === undefined) return undefined;
  const stride = checkedStride(elf, dynamicValue(elf, DT.SYMENT) ?? BigInt(elf.layout.symbolSize), offset);
  const count = dynamicSymbolCount(elf);
  const bytes = elf.readBytes(offset, BigInt(count) * BigInt(stride), 'the dynamic symbol table');
  const names = dynamicStringTable(elf) ?? stringTable(new Uint8Array(0), 0n, (error) => elf.complain(error));
  return new SymbolTable(elf, bytes, stride, names);
}

function checkedStride(elf: ElfFile, size: bigint, offset: bigint): number {
  const needed = elf.layout.symbolSize;
  if (size >= BigInt(needed) && size <= 0xffffn) return Number(size);
  const sentence = `A symbol table says that its entries have ${size} bytes; a symbol has ${needed}.`;
  elf.complain(new ParseError('bad-entry-size', offset, 'elf', sentence));
  return needed;
}
