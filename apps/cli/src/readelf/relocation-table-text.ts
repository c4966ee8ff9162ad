// readelf -r: relocation sections, decoded in place and written line by line.
import { type ByteReader, type RelrTable, relrTables, type SectionHeader, SHT } from '@elf/parse';
import { relocationTypeNames } from '@elf/parse/names';
import { hasDynamicRelocations } from './dynamic-section.ts';
import type { NameTable } from './name-table.ts';
import { counted, hex } from './number-text.ts';
import { is64, quotedName, type ReadelfFile, sectionName } from './readelf-file.ts';
import { namesOf } from './symbol-table-text.ts';
import { type SymbolVersionNames, symbolVersionNames } from './symbol-version-names.ts';

const EM_MIPS = 8;
const EM_SPARCV9 = 43;
const R_SPARC_OLO10 = 33;
const EM_ALPHA = 0x9026;
const R_ALPHA_LITUSE = 5;
// What an R_ALPHA_LITUSE relocation says about the use of a literal (Alpha ELF conventions).
const ALPHA_USES = ['ADDR', 'BASE', 'BYTOFF', 'JSR', 'TLSGD', 'TLSLDM', 'JSRDIRECT'];
const STT_SECTION = 3;
const STT_GNU_IFUNC = 10;

/** Prints every relocation section, or the sentence that says there is none. */
export function printRelocations(file: ReadelfFile): void {
  const { elf, output } = file;
  const isTable = ({ type, size }: SectionHeader) =>
    (type === SHT.REL || type === SHT.RELA || type === SHT.RELR) && size !== 0n;
  const sections = elf.sectionHeaders.filter(isTable);
  const linked = new Map<number, LinkedSymbols | undefined>();
  const packed = new Map(relrTables(elf).map((table) => [table.section?.index, table]));
  for (const section of sections) {
    const relr = packed.get(section.index);
    const name = elf.sectionNameTableIndex === 0 ? '' : ` '${quotedName(file, section)}'`;
    const stride = section.type === SHT.RELR ? elf.wordSize : elf.wordSize * (section.type === SHT.RELA ? 3 : 2);
    const count = section.entsize === 0n ? 0n : section.size / section.entsize;
    output.write(
      `\nRelocation section${name} at offset 0x${hex(section.offset)} contains ${counted(count, 'entry', 'entries')}:\n`,
    );
    if (relr !== undefined) printPacked(file, relr);
    else {
      // Object files have thousands of relocation sections that share one symbol table.
      if (!linked.has(section.link)) linked.set(section.link, linkedSymbols(file, section));
      new RelocationWriter(file, section, stride, linked.get(section.link)).print();
    }
  }
  if (sections.length > 0) return;
  if (hasDynamicRelocations(elf)) {
    output.write('\nThere are no static relocations in this file.');
    output.write('\nTo see the dynamic relocations add --use-dynamic to the command line.\n');
  } else output.write('\nThere are no relocations in this file.\n');
}

function printPacked(file: ReadelfFile, table: RelrTable): void {
  const digits = 2 * file.elf.wordSize;
  const places = [...table];
  file.output.write(`  ${counted(places.length, 'offset', 'offsets')}\n`);
  for (const place of places) file.output.write(`${hex(place, digits)}\n`);
}

interface LinkedSymbols {
  readonly reader: ByteReader;
  readonly count: number;
  readonly names: NameTable;
  readonly versions: SymbolVersionNames | undefined;
}

class RelocationWriter {
  readonly #file: ReadelfFile;
  readonly #section: SectionHeader;
  readonly #stride: number;
  readonly #long: boolean;
  readonly #hasAddend: boolean;
  readonly #machine: number;
  readonly #typeNames: Readonly<Record<number, string>> | undefined;
  readonly #symbols: LinkedSymbols | undefined;

  constructor(file: ReadelfFile, section: SectionHeader, stride: number, symbols: LinkedSymbols | undefined) {
    this.#file = file;
    this.#section = section;
    this.#stride = stride;
    this.#long = is64(file);
    this.#hasAddend = section.type === SHT.RELA;
    this.#machine = file.elf.fileHeader.machine;
    this.#typeNames = relocationTypeNames(this.#machine);
    this.#symbols = symbols;
  }

  print(): void {
    const { output, elf } = this.#file;
    output.write(this.#title());
    const reader = elf.reader(elf.sectionData(this.#section));
    for (let at = 0; at + this.#stride <= reader.length; at += this.#stride)
      output.write(this.#long ? this.#line64(reader, at) : this.#line32(reader, at));
  }

  #title(): string {
    const addend = this.#hasAddend ? ' + Addend' : '';
    const { wide } = this.#file;
    if (!this.#long)
      return wide
        ? ` Offset     Info    Type                Sym. Value  Symbol's Name${addend}\n`
        : ` Offset     Info    Type            Sym.Value  Sym. Name${addend}\n`;
    return wide
      ? `    Offset             Info             Type               Symbol's Value  Symbol's Name${addend}\n`
      : `  Offset          Info           Type           Sym. Value    Sym. Name${addend}\n`;
  }

  #line32(reader: ByteReader, at: number): string {
    const info = reader.u32(at + 4);
    const start = `${hex(reader.u32(at), 8)}  ${hex(info, 8)} ${this.#type(info & 0xff)}`;
    return `${start}${this.#rest(info >>> 8, this.#hasAddend ? BigInt(reader.i32(at + 8)) : undefined)}\n`;
  }

  #line64(reader: ByteReader, at: number): string {
    const [high, low] = reader.littleEndian ? [4, 0] : [0, 4];
    let type = reader.u32(at + 8 + low);
    let symbol = reader.u32(at + 8 + high);
    let info = hex(symbol, 8) + hex(type, 8);
    if (this.#machine === EM_MIPS && reader.littleEndian) {
      // Little-endian MIPS64 keeps the symbol in the first four bytes and then four single bytes (MIPS ABI supplement).
      symbol = reader.u32(at + 8);
      const { bytes } = reader;
      const place = at + 12;
      type = ((bytes[place] << 24) | (bytes[place + 1] << 16) | (bytes[place + 2] << 8) | bytes[place + 3]) >>> 0;
      info = hex(symbol, 8) + hex(type, 8);
    }
    const width = this.#file.wide ? 16 : 12;
    const offset = hex(reader.u64(at), width);
    // Narrow output shows the low 48 bits of r_info's digits as one number.
    const shownInfo = this.#file.wide ? info : BigInt(`0x${info}`).toString(16).padStart(width, '0');
    const addend = this.#hasAddend ? reader.i64(at + 16) : undefined;
    const single = this.#machine === EM_MIPS || this.#machine === EM_SPARCV9 ? type & 0xff : type;
    const rest = this.#isLiteralUse(single, addend) ? literalUse(addend!, this.#file.wide) : this.#rest(symbol, addend);
    const second =
      this.#machine === EM_SPARCV9 && single === R_SPARC_OLO10 ? ` + ${(((type | 0) >> 8) >>> 0).toString(16)}` : '';
    const line = `${offset}  ${shownInfo} ${this.#type(single)}${rest}${second}\n`;
    return this.#machine === EM_MIPS ? `${line}${this.#mipsTypes(type)}` : line;
  }

  #isLiteralUse(type: number, addend: bigint | undefined): boolean {
    return this.#machine === EM_ALPHA && type === R_ALPHA_LITUSE && addend !== undefined;
  }

  #mipsTypes(type: number): string {
    const name = (number: number) => (this.#typeNames?.[number] ?? `unrecognized: ${hex(number)}`).padEnd(17);
    return `                    Type2: ${name((type >>> 8) & 0xff)}\n                    Type3: ${name((type >>> 16) & 0xff)}\n`;
  }

  #type(type: number): string {
    const name = this.#typeNames?.[type];
    if (name === undefined) return `unrecognized: ${hex(type).padEnd(7)}`;
    return this.#file.wide ? name.padEnd(22) : name.slice(0, 17).padEnd(17);
  }

  #rest(symbolIndex: number, addend: bigint | undefined): string {
    if (symbolIndex === 0) {
      if (addend === undefined) return '';
      const indent = this.#long ? 20 : 12;
      return ' '.repeat(indent) + signedHex(addend, '', '-');
    }
    const symbols = this.#symbols;
    if (symbols === undefined || symbolIndex >= symbols.count)
      return ` bad symbol index: ${hex(symbolIndex, 8)} in reloc`;
    const text = this.#symbolText(symbols, symbolIndex);
    return addend === undefined ? text : text + signedHex(addend, ' + ', ' - ');
  }

  #symbolText(symbols: LinkedSymbols, index: number): string {
    const { reader, names, versions } = symbols;
    const at = index * (this.#long ? 24 : 16);
    const rest = at + (this.#long ? 4 : 12);
    const nameOffset = reader.u32(at);
    const info = reader.u8(rest);
    const field = reader.u16(rest + 2);
    const name = nameOffset === 0 ? '' : names.at(nameOffset);
    const version = name === undefined ? undefined : versions?.of(index, field !== 0, name);
    const suffix = version === undefined ? '' : `${version.kind === 'public' ? '@@' : '@'}${version.name}`;
    let value: string;
    if ((info & 15) === STT_GNU_IFUNC) {
      // The value of an indirect function is what it returns: its name with () stands in the value's place.
      const width = this.#long ? 14 : 8;
      const shown = this.#fit(nameOffset === 0 || name === undefined ? '??' : name, width);
      value = `${shown}${suffix}()${' '.padEnd(shown.length <= width ? width + 1 - shown.length : 1)}`;
    } else {
      const word = this.#long ? reader.u64(at + 8) : BigInt(reader.u32(at + 4));
      value = this.#long ? `${hex(word, 16)} ` : `${hex(word, 8)}   `;
    }
    return ` ${value}${nameOffset === 0 ? this.#unnamed(info, field) : this.#named(name, nameOffset, suffix)}`;
  }

  #named(name: string | undefined, offset: number, suffix: string): string {
    return name === undefined
      ? `<corrupt string table index: ${hex(offset).padStart(3)}>`
      : this.#fit(name, 22) + suffix;
  }

  #unnamed(info: number, field: number): string {
    if ((info & 15) !== STT_SECTION) return '<null>';
    const section = this.#file.elf.section(field);
    if (field < 0xff00 && section !== undefined) return this.#fit(sectionName(this.#file, section), 22);
    if (field === 0xfff1) return 'ABS';
    return field === 0xfff2 ? 'COMMON' : `<section 0x${hex(field)}>`;
  }

  #fit(name: string, width: number): string {
    return this.#file.wide || name.length <= width ? name : `${name.slice(0, width - 5)}[...]`;
  }
}

function literalUse(addend: bigint, wide: boolean): string {
  const known = addend >= 0n && addend < 7n ? ALPHA_USES[Number(addend)] : undefined;
  if (known !== undefined) return ` (${known})${wide ? ' '.repeat(Math.max(0, 10 - known.length)) : ''}`;
  return ` <unknown addend: ${BigInt.asUintN(64, addend).toString(16)}>`;
}

function signedHex(value: bigint, plus: string, minus: string): string {
  return value < 0n ? `${minus}${(-value).toString(16)}` : `${plus}${value.toString(16)}`;
}

function linkedSymbols(file: ReadelfFile, section: SectionHeader): LinkedSymbols | undefined {
  const { elf } = file;
  const table = elf.section(section.link);
  if (table === undefined || (table.type !== SHT.SYMTAB && table.type !== SHT.DYNSYM)) return undefined;
  const reader = elf.reader(elf.sectionData(table));
  return {
    reader,
    count: Math.floor(reader.length / elf.layout.symbolSize),
    names: namesOf(file, table),
    versions: table.type === SHT.DYNSYM ? symbolVersionNames(elf) : undefined,
  };
}
