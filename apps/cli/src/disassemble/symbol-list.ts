// The symbols a disassembly prints, in objdump's order, and its choice of a name for an address.
import {
  type ElfFile,
  readSymbolVersions,
  type SectionHeader,
  SHN,
  STB,
  STT,
  type SymbolTable,
  type SymbolVersions,
} from '@elf/parse';

/** Kinds of symbol that the order and the listing ask for. */
export const SymbolFlag = { Function: 1, Object: 2, Global: 4, Local: 8, Section: 16, Synthetic: 32 } as const;

/** One symbol. Addresses are relative to the listing's origin, so that they are exact as numbers. */
export interface ListedSymbol {
  readonly address: number;
  readonly name: string;
  /** Appended where a name is printed: `@VERSION` or `@@VERSION`. */
  readonly version: string;
  /** Index of its section; reserved indices as they are. */
  readonly section: number;
  readonly flags: number;
  readonly size: number;
  readonly isUndefined: boolean;
}

/** Every symbol worth a name: of `.symtab`, or of `.dynsym` when there is none. Empty names, files and most sections are not. */
export function readSymbols(elf: ElfFile, origin: bigint): ListedSymbol[] {
  const table = elf.symbols('symtab');
  const symbols =
    table !== undefined && table.count > 1 ? fromTable(elf, table, origin, undefined) : fromDynamic(elf, origin);
  return symbols.filter(({ isUndefined }) => !isUndefined);
}

/** The dynamic symbols by index, the undefined ones too, as relocations name them. */
export function dynamicSymbols(elf: ElfFile, origin: bigint): (index: number) => ListedSymbol | undefined {
  const table = elf.symbols('dynsym');
  if (table === undefined) return () => undefined;
  const versions = readSymbolVersions(elf);
  return (index) => (index > 0 && index < table.count ? listed(elf, table, index, origin, versions) : undefined);
}

function fromDynamic(elf: ElfFile, origin: bigint): ListedSymbol[] {
  const table = elf.symbols('dynsym');
  return table === undefined ? [] : fromTable(elf, table, origin, readSymbolVersions(elf));
}

function fromTable(elf: ElfFile, table: SymbolTable, origin: bigint, versions?: SymbolVersions): ListedSymbol[] {
  const symbols: ListedSymbol[] = [];
  for (let index = 1; index < table.count; index += 1) {
    const type = table.infoAt(index) & 15;
    const shndx = table.shndxAt(index);
    if (type === STT.FILE || shndx === SHN.UNDEF || shndx === SHN.COMMON) continue;
    const symbol = listed(elf, table, index, origin, versions);
    if (symbol !== undefined) symbols.push(symbol);
  }
  return symbols;
}

function listed(
  elf: ElfFile,
  table: SymbolTable,
  index: number,
  origin: bigint,
  versions?: SymbolVersions,
): ListedSymbol | undefined {
  const { name: plain, value, size, type, binding, sectionIndex } = table.at(index);
  const isSection = type === STT.SECTION;
  const name = isSection && plain === '' ? elf.sectionName(sectionIndex) : plain;
  if (name === '' || (isSection && !/^\.(plt|got)/.test(name))) return undefined;
  let flags = isSection ? SymbolFlag.Section : 0;
  if (type === STT.FUNC) flags |= SymbolFlag.Function;
  if (type === STT.OBJECT || type === STT.COMMON) flags |= SymbolFlag.Object;
  if (binding === STB.LOCAL) flags |= SymbolFlag.Local;
  const isUndefined = sectionIndex === SHN.UNDEF || sectionIndex === SHN.COMMON;
  if (binding === STB.GLOBAL && !isUndefined) flags |= SymbolFlag.Global;
  return {
    address: Number(value - origin) + sectionBase(elf, sectionIndex),
    name,
    version: isSection || versions === undefined ? '' : versionText(versions, index, isUndefined),
    section: sectionIndex,
    flags,
    size: Number(size),
    isUndefined,
  };
}

/** In objects that are not linked yet, values count from the section's address. */
function sectionBase(elf: ElfFile, index: number): number {
  const ET_REL = 1;
  if (elf.fileHeader.type !== ET_REL) return 0;
  return Number(elf.section(index)?.addr ?? 0n);
}

/** `@@` for the version a linker would take, `@` for hidden and undefined ones; `Base` is the file's own unnamed version. */
function versionText(versions: SymbolVersions, index: number, isUndefined: boolean): string {
  const HIDDEN = 0x8000;
  const raw = versions.indices?.[index];
  if (raw === undefined || (versions.definitions.length === 0 && versions.needs.length === 0)) return '';
  const number = raw & ~HIDDEN;
  if (number === 0) return '';
  const separator = isUndefined || (raw & HIDDEN) !== 0 ? '@' : '@@';
  const VER_FLG_BASE = 1;
  if (number === 1 && (versions.definitions.length === 0 || versions.definitions[0].flags === VER_FLG_BASE))
    return `${separator}Base`;
  const version = versions.versionOf(index);
  // A version that another file defines: this symbol is a copy.
  return version === undefined ? '' : (version.file === undefined ? separator : '@') + version.name;
}

/** Earlier in the list is better at the same address. */
function compareSymbols(left: ListedSymbol, right: ListedSymbol): number {
  if (left.address !== right.address) return left.address - right.address;
  const noise =
    rank(left, isNoise) - rank(right, isNoise) || rank(left, isArchiveMember) - rank(right, isArchiveMember);
  if (noise !== 0) return noise;
  const { Global } = SymbolFlag;
  const byFlag =
    (left.flags & SymbolFlag.Section) - (right.flags & SymbolFlag.Section) ||
    (right.flags & SymbolFlag.Function) - (left.flags & SymbolFlag.Function) ||
    (right.flags & SymbolFlag.Object) - (left.flags & SymbolFlag.Object);
  if (byFlag !== 0) return byFlag;
  if (left.size !== right.size) return right.size - left.size;
  if ((left.flags & Global) !== (right.flags & Global)) return (right.flags & Global) - (left.flags & Global);
  const dots = rank(left, startsWithDot) - rank(right, startsWithDot);
  if (dots !== 0) return dots;
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0;
}

const rank = ({ name }: ListedSymbol, test: (name: string) => boolean): number => (test(name) ? 1 : 0);
const isNoise = (name: string) => name.includes('gnu_compiled') || name.includes('gcc2_compiled');
const isArchiveMember = (name: string) => name.length > 2 && /\.[oa]$/.test(name);
const startsWithDot = (name: string) => name.startsWith('.');

/** Sorted symbols with objdump's look-ups. */
export class SymbolList {
  readonly symbols: readonly ListedSymbol[];
  readonly #addresses: Float64Array;
  /** Relocatable object: sections overlap, so a name must come from the section at hand. */
  readonly #isObject: boolean;

  constructor(symbols: ListedSymbol[], isObject: boolean) {
    this.symbols = symbols.sort(compareSymbols);
    this.#addresses = Float64Array.from(symbols, ({ address }) => address);
    this.#isObject = isObject;
  }

  /**
   * Position of the symbol that names an address seen from a section: the first of those at the nearest address at or below, one of this section
   * before the others; -1 when there is none. `inSection` accepts symbols of this section only, and one behind rather than none.
   */
  find(address: number, section: SectionHeader, range: AddressRange, inSection: boolean): number {
    const { symbols } = this;
    if (symbols.length === 0) return -1;
    let place = this.#lastAtOrBelow(address);
    let last = place;
    while (place > 0 && this.#addresses[place - 1] === this.#addresses[place]) place -= 1;
    for (last = place; last < symbols.length && this.#addresses[last] === this.#addresses[place]; last += 1)
      if (symbols[last].section === section.index) return last;
    const wanted = inSection || (this.#isObject && address >= range.start && address < range.end);
    if (!wanted || symbols[place].section === section.index) return place;
    return this.#inSection(Math.min(last, symbols.length - 1), place, section.index);
  }

  #inSection(from: number, place: number, section: number): number {
    const { symbols } = this;
    let found = -1;
    for (let at = from; at >= 0; at -= 1) {
      if (symbols[at].section !== section) continue;
      if (found >= 0 && this.#addresses[at] !== this.#addresses[found]) break;
      found = at;
    }
    if (found >= 0) return found;
    return symbols.findIndex((symbol, at) => at > place && symbol.section === section);
  }

  /** Position of the next symbol of a section behind the one at `place`; -1 when there is none. */
  next(place: number, section: number): number {
    const { symbols } = this;
    for (let at = place + 1; at < symbols.length; at += 1)
      if (symbols[at].section === section && this.#addresses[at] > this.#addresses[place]) return at;
    return -1;
  }

  #lastAtOrBelow(address: number): number {
    let low = 0;
    let high = this.#addresses.length;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (this.#addresses[middle] > address) high = middle;
      else low = middle;
    }
    return low;
  }
}

/** Addresses of a section, relative to the origin. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}
