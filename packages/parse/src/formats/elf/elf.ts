// An ELF file opened for reading: headers on construction, everything else when asked for.
import { ByteReader } from '../../byte-reader.ts';
import type { ByteSource } from '../../byte-source.ts';
import { ParseError } from '../../parse-error.ts';
import { type DynamicEntry, readDynamicEntries } from './dynamic.ts';
import { type FileHeader, layoutOf, readFileHeader } from './file-header.ts';
import { HeaderTables } from './header-tables.ts';
import { readInterpreter } from './interpreter.ts';
import type { ElfLayout } from './layout.ts';
import { type ElfNote, readNotes } from './note.ts';
import { type ProgramHeader, PT } from './program-header.ts';
import { type SectionHeader, SHT } from './section-header.ts';
import { type StringTable, stringTable } from './string-table.ts';
import { buildSymbolIndex, type NearestSymbol, type SymbolIndex } from './symbol-index.ts';
import { openSymbolTable, type SymbolTable, type SymbolTableName } from './symbol-table.ts';

/** Options of {@link parseElf}. */
export interface ElfOptions {
  /**
   * Go on where the format is broken: the rule is recorded in `problems`, the part that is there is returned. Only a missing magic or a file
   * too short for the file header is still thrown. Default false.
   */
  readonly permissive?: boolean;
  /** Believe this instead of EI_CLASS, as loaders do that know their machine. */
  readonly elfClass?: 32 | 64;
  /** Believe this instead of EI_DATA. */
  readonly littleEndian?: boolean;
}

// Enough to tell a person what is wrong; a hostile file could otherwise grow the list without end.
const MAXIMUM_PROBLEMS = 256;

/**
 * One ELF file. Addresses, offsets and sizes are `bigint` everywhere, because all of them can exceed 2^53 in a 64-bit file; counts, indices,
 * types and 32-bit fields are `number`. What every reader needs is here; what only tools need is a function that takes an ElfFile.
 * Nothing but the 64 bytes of the file header is read before it is asked for, and tables are kept once read.
 */
export class ElfFile {
  readonly source: ByteSource;
  readonly permissive: boolean;
  readonly fileHeader: FileHeader;
  readonly layout: ElfLayout;
  readonly #problems: ParseError[] = [];
  readonly #tables: HeaderTables;
  #interpreter: { readonly path: string | undefined } | undefined;
  #dynamic: readonly DynamicEntry[] | undefined;
  #notes: readonly ElfNote[] | undefined;
  #symbolIndex: SymbolIndex | undefined;
  readonly #strings = new Map<number, StringTable>();

  /** Use {@link parseElf}. */
  constructor(source: ByteSource, options: ElfOptions = {}) {
    this.source = source;
    this.permissive = options.permissive ?? false;
    this.fileHeader = readFileHeader(source, options, (error) => this.complain(error));
    this.layout = layoutOf(this.fileHeader);
    this.#tables = new HeaderTables(this);
  }

  /** What permissive mode has overlooked so far. */
  get problems(): readonly ParseError[] {
    return this.#problems;
  }

  /** Strict mode throws the error, permissive mode remembers it. */
  complain(error: ParseError): void {
    if (!this.permissive) throw error;
    if (this.#problems.length >= MAXIMUM_PROBLEMS) return;
    const known = this.#problems.some((other) => other.message === error.message && other.offset === error.offset);
    if (!known) this.#problems.push(error);
  }

  /** 4 or 8. */
  get wordSize(): 4 | 8 {
    return this.layout.wordSize;
  }

  /** A decoder of this file's byte order. */
  reader(bytes: Uint8Array): ByteReader {
    return new ByteReader(bytes, this.fileHeader.littleEndian);
  }

  /**
   * Bytes of the file. Strict mode demands all of them; permissive mode returns the part that exists. Nothing is allocated for bytes that are
   * not there, whatever `size` says.
   *
   * @throws ParseError `truncated` (strict mode).
   */
  readBytes(offset: bigint, size: bigint, what: string): Uint8Array {
    const available = BigInt(this.source.size) - offset;
    const wanted = size <= available ? size : available < 0n ? 0n : available;
    const bytes = wanted === 0n ? new Uint8Array(0) : this.source.read(Number(offset), Number(wanted));
    if (BigInt(bytes.length) !== size) {
      const sentence = `The file ends after ${this.source.size} bytes, inside ${what} (${size} bytes at ${offset}).`;
      this.complain(new ParseError('truncated', offset, 'elf', sentence));
    }
    return bytes;
  }

  /** All program headers, with PN_XNUM resolved. */
  get programHeaders(): readonly ProgramHeader[] {
    return this.#tables.programHeaders();
  }

  /** All section headers, with the extended count resolved; empty when the file has none. */
  get sectionHeaders(): readonly SectionHeader[] {
    return this.#tables.sectionHeaders();
  }

  /** Index of the section that holds the section names, with SHN_XINDEX resolved; 0 when there is none. */
  get sectionNameTableIndex(): number {
    return this.#tables.sectionNameTableIndex();
  }

  /** The section at an index, undefined when there is none. */
  section(index: number): SectionHeader | undefined {
    return this.sectionHeaders[index];
  }

  /** A section's name; '' when the file has no section names. */
  sectionName(section: number | SectionHeader): string {
    const header = typeof section === 'number' ? this.section(section) : section;
    const index = this.sectionNameTableIndex;
    return header === undefined || index === 0 ? '' : this.stringTable(index).at(header.nameOffset);
  }

  /** The first section of that name. */
  sectionNamed(name: string): SectionHeader | undefined {
    return this.sectionHeaders.find((header) => this.sectionName(header) === name);
  }

  /** A section's bytes as they are in the file (empty for SHT_NOBITS; still compressed when SHF_COMPRESSED is set). */
  sectionData(section: SectionHeader): Uint8Array {
    if (section.type === SHT.NOBITS || section.type === SHT.NULL) return new Uint8Array(0);
    return this.readBytes(section.offset, section.size, `section ${section.index}`);
  }

  /** A segment's bytes in the file. */
  segmentData(segment: ProgramHeader): Uint8Array {
    return this.readBytes(segment.offset, segment.filesz, `program segment ${segment.index}`);
  }

  /** The string table in section `index`, kept once read. An empty table (after a complaint) when there is no such section. */
  stringTable(index: number): StringTable {
    const known = this.#strings.get(index);
    if (known !== undefined) return known;
    const section = this.section(index);
    if (section === undefined) {
      const sentence = `Section ${index} should be a string table, but there are ${this.sectionHeaders.length} sections.`;
      this.complain(new ParseError('bad-index', 0, 'elf', sentence));
    }
    const bytes = section === undefined ? new Uint8Array(0) : this.sectionData(section);
    const table = stringTable(bytes, section?.offset ?? 0n, (error) => this.complain(error));
    this.#strings.set(index, table);
    return table;
  }

  /** The program interpreter's path, undefined when there is no PT_INTERP. */
  get interpreter(): string | undefined {
    this.#interpreter ??= { path: readInterpreter(this) };
    return this.#interpreter.path;
  }

  /** File offset of a virtual address, through the first PT_LOAD whose file bytes hold it; undefined when none does. */
  offsetOf(address: bigint): bigint | undefined {
    for (const { type, vaddr, filesz, offset } of this.programHeaders)
      if (type === PT.LOAD && address >= vaddr && address - vaddr < filesz) return offset + (address - vaddr);
    return undefined;
  }

  /** Entries of the dynamic section up to DT_NULL (kept), from PT_DYNAMIC or else from SHT_DYNAMIC. Empty when there is neither. */
  dynamicEntries(): readonly DynamicEntry[] {
    this.#dynamic ??= readDynamicEntries(this);
    return this.#dynamic;
  }

  /**
   * A symbol table as a typed view: entries are decoded one by one when asked for. `'dynsym'` works without section headers too.
   * Undefined when the file has no such table.
   *
   * @example
   * ```ts
   * for (const symbol of elf.symbols('dynsym') ?? []) console.log(symbol.name, symbol.value);
   * ```
   */
  symbols(table: SymbolTableName | SectionHeader): SymbolTable | undefined {
    return openSymbolTable(this, table);
  }

  /**
   * The function or object at a virtual address (unrelocated, as in the file): the nearest defined symbol at or below it in the same section.
   * The first call sorts the symbol tables once; later ones are a binary search.
   */
  symbolAt(address: bigint | number): NearestSymbol | undefined {
    this.#symbolIndex ??= buildSymbolIndex(this);
    return this.#symbolIndex.at(BigInt(address));
  }

  /** Every note of the file (kept): from PT_NOTE, or from SHT_NOTE when there are no program headers. */
  notes(): readonly ElfNote[] {
    this.#notes ??= readNotes(this);
    return this.#notes;
  }
}

/**
 * Opens an ELF file. Reads the 64 bytes of the file header and nothing else.
 *
 * @throws ParseError `bad-magic`, `truncated`, `bad-header`.
 * @example
 * ```ts
 * const elf = parseElf(bytesSource(bytes));
 * console.log(elf.fileHeader.machine, elf.interpreter, elf.programHeaders.length);
 * ```
 */
export function parseElf(source: ByteSource, options: ElfOptions = {}): ElfFile {
  return new ElfFile(source, options);
}
