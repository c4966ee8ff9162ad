// Symbols sorted by address, for "which function is this?" in crash reports and disassembly.
import type { ElfFile } from './elf.ts';
import { SHN_LORESERVE, SHN_XINDEX } from './file-header.ts';
import { SHF } from './section-header.ts';
import { type ElfSymbol, STB, STT } from './symbol.ts';
import type { SymbolTable } from './symbol-table.ts';

/** A symbol and how far behind its start the address lies. */
export interface NearestSymbol {
  readonly symbol: ElfSymbol;
  readonly offset: bigint;
}

/** Finds the symbol at an address. */
export interface SymbolIndex {
  at(address: bigint): NearestSymbol | undefined;
}

/**
 * Sorts the defined code and data symbols of both tables by address. Only addresses and positions are kept (16 bytes a symbol), names are
 * decoded when a symbol is found.
 */
export function buildSymbolIndex(elf: ElfFile): SymbolIndex {
  const tables = (['symtab', 'dynsym'] as const).flatMap((name) => elf.symbols(name) ?? []);
  // A position counts through both tables, the first table's symbols first.
  const firstCount = tables[0]?.count ?? 0;
  const place = (position: number): [SymbolTable, number] =>
    position < firstCount ? [tables[0], position] : [tables[1], position - firstCount];
  const positions = Uint32Array.from(
    tables.flatMap((table, which) => candidates(elf, table).map((index) => index + which * firstCount)),
  );
  const addresses = BigUint64Array.from(positions, (position) => {
    const [table, index] = place(position);
    return table.valueAt(index);
  });
  const ranks = Uint8Array.from(positions, (position) => {
    const [table, index] = place(position);
    return rank(table.infoAt(index));
  });
  // Of several symbols at one address the better one sorts last, where the search finds it first.
  const order = Uint32Array.from(positions.keys()).sort((a, b) => {
    if (addresses[a] !== addresses[b]) return addresses[a] < addresses[b] ? -1 : 1;
    return ranks[a] - ranks[b];
  });
  const sorted = { elf, order, addresses, place: (entry: number) => place(positions[order[entry]]) };
  return { at: (address) => nearest(sorted, address) };
}

// More than this many nested or zero-sized symbols are not walked back over: bounded time on hostile tables.
const LONGEST_WALK = 64;

/** Binary search: the last entry whose address is at or below, -1 when there is none. */
function lastAtOrBelow(addresses: BigUint64Array, order: Uint32Array, address: bigint): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (addresses[order[middle]] <= address) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

interface SortedSymbols {
  readonly elf: ElfFile;
  readonly order: Uint32Array;
  readonly addresses: BigUint64Array;
  /** Table and index of the n-th symbol in address order. */
  readonly place: (entry: number) => [SymbolTable, number];
}

function nearest({ elf, order, addresses, place }: SortedSymbols, address: bigint): NearestSymbol | undefined {
  let fallback: NearestSymbol | undefined;
  const last = lastAtOrBelow(addresses, order, address);
  for (let entry = last; entry >= 0 && entry > last - LONGEST_WALK; entry--) {
    const [table, index] = place(entry);
    const size = table.sizeAt(index);
    const offset = address - addresses[order[entry]];
    if (size > offset) return { symbol: table.at(index), offset };
    // Hand-written assembly has no sizes: such a symbol reaches to the end of its section.
    if (size !== 0n || fallback !== undefined) continue;
    const symbol = table.at(index);
    if (sectionHolds(elf, symbol, address)) fallback = { symbol, offset };
  }
  return fallback;
}

function sectionHolds(elf: ElfFile, symbol: ElfSymbol, address: bigint): boolean {
  const section = elf.section(symbol.sectionIndex);
  return section === undefined || (address >= section.addr && address - section.addr < section.size);
}

/** Indices of the symbols that name code or data at an address. */
function candidates(elf: ElfFile, table: SymbolTable): number[] {
  const indices: number[] = [];
  for (let index = 1; index < table.count; index++) {
    const type = table.infoAt(index) & 15;
    const section = table.shndxAt(index);
    if (type !== STT.FUNC && type !== STT.OBJECT && type !== STT.NOTYPE && type !== STT.GNU_IFUNC) continue;
    if (section === 0 || (section >= SHN_LORESERVE && section !== SHN_XINDEX)) continue;
    const header = elf.section(section);
    // Symbols of sections that are not in memory have values that are not addresses.
    if (header !== undefined && ((header.flags & SHF.ALLOC) === 0n || (header.flags & SHF.TLS) !== 0n)) continue;
    indices.push(index);
  }
  return indices;
}

/** Functions before objects before untyped labels, global before weak before local. */
function rank(info: number): number {
  const type = info & 15;
  const kind = type === STT.FUNC || type === STT.GNU_IFUNC ? 2 : type === STT.OBJECT ? 1 : 0;
  const binding = info >> 4;
  return kind * 4 + (binding === STB.GLOBAL || binding === STB.GNU_UNIQUE ? 2 : binding === STB.WEAK ? 1 : 0);
}
