// readelf -s and --dyn-syms: symbol tables, decoded in place and written line by line.
import { type ByteReader, type SectionHeader, SHT } from '@elf/parse';
import {
  GNU_IFUNC_OSABI,
  MACHINE_SYMBOL_TYPE_NAME,
  SYMBOL_BINDING_NAME,
  SYMBOL_TYPE_NAME,
  SYMBOL_VISIBILITY_NAME,
} from '@elf/parse/names';
import { NameTable } from './name-table.ts';
import { counted, hex } from './number-text.ts';
import { is64, quotedName, type ReadelfFile, sectionName } from './readelf-file.ts';
import { symbolOtherText } from './symbol-other.ts';
import { type SymbolVersionNames, symbolVersionNames } from './symbol-version-names.ts';

const SHN_XINDEX = 0xffff;
const STT_SECTION = 3;
const STT_GNU_IFUNC = 10;
const STB_GNU_UNIQUE = 10;
const OSABI_GNU = 3;

/** Type of a symbol as readelf words it. */
export function symbolTypeText(type: number, machine: number, osabi: number): string {
  const known = SYMBOL_TYPE_NAME[type] ?? MACHINE_SYMBOL_TYPE_NAME[machine]?.[type];
  if (type === STT_GNU_IFUNC && GNU_IFUNC_OSABI.includes(osabi)) return 'IFUNC';
  if (known !== undefined) return known;
  if (type >= 13) return `<processor specific>: ${type}`;
  return type >= 10 ? `<OS specific>: ${type}` : `<unknown>: ${type}`;
}

/** Binding of a symbol as readelf words it. */
export function symbolBindingText(binding: number, osabi: number): string {
  const known = SYMBOL_BINDING_NAME[binding];
  if (known !== undefined) return known;
  if (binding === STB_GNU_UNIQUE && osabi === OSABI_GNU) return 'UNIQUE';
  if (binding >= 13) return `<processor specific>: ${binding}`;
  return binding >= 10 ? `<OS specific>: ${binding}` : `<unknown>: ${binding}`;
}

/** The Ndx column. `field` is st_shndx, `index` what it means after SHN_XINDEX is resolved. */
export function symbolSectionText(field: number, index: number, machine: number, sectionCount: number): string {
  if (field === 0) return 'UND';
  if (field === 0xfff1) return 'ABS';
  if (field === 0xfff2) return 'COM';
  if (field === 0xff02 && (machine === 62 || machine === 180 || machine === 181)) return 'LARGE_COM';
  if (machine === 8 && field === 0xff03) return 'SCOM';
  if (machine === 8 && field === 0xff04) return 'SUND';
  if (field >= 0xff00 && field <= 0xff1f) return `PRC[0x${hex(field, 4)}]`;
  if (field >= 0xff20 && field <= 0xff3f) return `OS [0x${hex(field, 4)}]`;
  if (field >= 0xff00 && field !== SHN_XINDEX) return `RSV[0x${hex(field, 4)}]`;
  if (sectionCount > 0 && index >= sectionCount) return `bad section index[${`${index}`.padStart(3)}]`;
  return `${index}`.padStart(3);
}

/** Prints every table that the options ask for. */
export function printSymbolTables(file: ReadelfFile, all: boolean, dynamic: boolean): void {
  const { elf, output } = file;
  const wanted = ({ type }: SectionHeader) => (type === SHT.SYMTAB && all) || (type === SHT.DYNSYM && (all || dynamic));
  if (elf.sectionHeaders.length === 0) {
    output.write('\nDynamic symbol information is not available for displaying symbols.\n');
    return;
  }
  for (const section of elf.sectionHeaders.filter(wanted)) printSection(file, section);
}

function printSection(file: ReadelfFile, section: SectionHeader): void {
  const { elf, output } = file;
  const name = quotedName(file, section);
  if (section.entsize === 0n) {
    output.write(`\nSymbol table '${name}' has a sh_entsize of zero!\n`);
    return;
  }
  const bytes = elf.sectionData(section);
  const stride = elf.layout.symbolSize;
  const count = Math.floor(bytes.length / stride);
  output.write(`\nSymbol table '${name}' contains ${counted(count, 'entry', 'entries')}:\n`);
  const space = is64(file) ? '          ' : '  ';
  output.write(`   Num:    Value${space}Size Type    Bind   Vis      Ndx Name\n`);
  const extended = elf.sectionHeaders.find(({ type, link }) => type === SHT.SYMTAB_SHNDX && link === section.index);
  const writer = new SymbolWriter(
    file,
    elf.reader(bytes),
    namesOf(file, section),
    section.type === SHT.DYNSYM ? symbolVersionNames(elf) : undefined,
    extended && elf.reader(elf.sectionData(extended)),
  );
  for (let index = 0; index < count; index++) output.write(writer.line(index));
}

/** The names that a symbol section uses. */
export function namesOf(file: ReadelfFile, section: SectionHeader): NameTable {
  const { elf } = file;
  const linked = elf.section(section.link);
  return new NameTable(linked?.type === SHT.STRTAB ? elf.sectionData(linked) : new Uint8Array(0));
}

// Widths above the columns' own are legal: padEnd leaves longer words alone.
class SymbolWriter {
  readonly #file: ReadelfFile;
  readonly #reader: ByteReader;
  readonly #names: NameTable;
  readonly #versions: SymbolVersionNames | undefined;
  readonly #extended: ByteReader | undefined;
  readonly #kinds = new Map<number, string>();
  readonly #sections = new Map<number, string>();
  readonly #long: boolean;

  constructor(
    file: ReadelfFile,
    reader: ByteReader,
    names: NameTable,
    versions: SymbolVersionNames | undefined,
    extended: ByteReader | undefined,
  ) {
    this.#file = file;
    this.#reader = reader;
    this.#names = names;
    this.#versions = versions;
    this.#extended = extended;
    this.#long = is64(file);
  }

  line(index: number): string {
    const reader = this.#reader;
    const at = index * (this.#long ? 24 : 16);
    const rest = this.#long ? at + 4 : at + 12;
    const info = reader.u8(rest);
    const other = reader.u8(rest + 1);
    const field = reader.u16(rest + 2);
    return (
      `${`${index}`.padStart(6)}: ${this.#valueAndSize(at)} ${this.#kind((info << 8) | other)} ` +
      `${this.#section(index, field).padStart(4)} ${this.#name(index, reader.u32(at), info, field)}\n`
    );
  }

  #valueAndSize(at: number): string {
    const reader = this.#reader;
    if (!this.#long) return `${hex(reader.u32(at + 4), 8)} ${sizeText(0, reader.u32(at + 8))}`;
    const [first, second] = reader.littleEndian ? [4, 0] : [0, 4];
    const value = hex(reader.u32(at + 8 + first), 8) + hex(reader.u32(at + 8 + second), 8);
    return `${value} ${sizeText(reader.u32(at + 16 + first), reader.u32(at + 16 + second))}`;
  }

  #kind(key: number): string {
    let text = this.#kinds.get(key);
    if (text === undefined) {
      text = this.#kindText(key >> 8, key & 0xff);
      this.#kinds.set(key, text);
    }
    return text;
  }

  #kindText(info: number, other: number): string {
    const { machine, osabi, type } = this.#file.elf.fileHeader;
    const visibility = SYMBOL_VISIBILITY_NAME[other & 3].padEnd(7);
    const words =
      `${symbolTypeText(info & 15, machine, osabi).padEnd(7)} ` +
      `${symbolBindingText(info >> 4, osabi).padEnd(6)} ${visibility}`;
    const rest = other & ~3;
    return rest === 0 ? words : `${words} ${symbolOtherText(machine, type, rest).padEnd(10)} `;
  }

  #section(index: number, field: number): string {
    const { elf } = this.#file;
    const count = elf.sectionHeaders.length;
    const { machine } = elf.fileHeader;
    if (field === SHN_XINDEX && this.#extended !== undefined && 4 * index + 4 <= this.#extended.length)
      return symbolSectionText(field, this.#extended.u32(4 * index), machine, count);
    let text = this.#sections.get(field);
    if (text === undefined) {
      text = symbolSectionText(field, field, machine, count);
      this.#sections.set(field, text);
    }
    return text;
  }

  #name(index: number, offset: number, info: number, field: number): string {
    const { elf } = this.#file;
    let name = this.#names.at(offset) ?? '<corrupt>';
    if (offset === 0 && (info & 15) === STT_SECTION && field > 0 && field < elf.sectionHeaders.length)
      name = sectionName(this.#file, elf.sectionHeaders[field]);
    const version = this.#versions?.of(index, field !== 0, name);
    if (version === undefined) return this.#fit(name, 21);
    const number = ` (${version.index})`;
    const mark = version.kind === 'public' ? '@@' : '@';
    const suffix = mark + version.name + (version.kind === 'needed' ? number : '');
    return this.#fit(name, 21 - suffix.length) + suffix;
  }

  #fit(name: string, width: number): string {
    if (this.#file.wide) return name;
    // readelf's field can become negative, which pads instead of cutting.
    const columns = Math.abs(width);
    const text = name.length > columns ? `${name.slice(0, Math.max(0, columns - 5))}[...]` : name;
    return width < 0 ? text.padEnd(columns) : text;
  }
}

/** Decimal up to five digits, hexadecimal above. */
function sizeText(high: number, low: number): string {
  if (high === 0) return low <= 99999 ? `${low}`.padStart(5) : `0x${low.toString(16)}`;
  return `0x${high.toString(16)}${hex(low, 8)}`;
}
