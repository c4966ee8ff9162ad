// Symbols sorted by address, for "which function is this?" in crash reports and disassembly.
import type { ElfFile } from './elf.ts';
import { SHN_LORESERVE } from './file-header.ts';
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
 * Sorts the defined code and data symbols of both tables by address. Only addresses and positions are kept (12 bytes a symbol), names are
 * decoded when a symbol is found.
 */
export function buildSymbolIndex(elf: ElfFile): SymbolIndex {
  const tables = (['symtab', 'dynsym'] as const).flatMap((name) => elf.symbols(name) ?? []);
  const entries = tables.flatMap((table, which) => candidates(elf, table).map((index) => ({ which, index })));
  const addresses = BigUint64Array.from(entries, ({ which, index }) => tables[which].valueAt(index));
  // Of several symbols at one address the better one sorts last, where the search finds it first.
  const order = Uint32Array.from(entries.keys()).sort((a, b) => {
    if (addresses[a] !== addresses[b]) return addresses[a] < addresses[b] ? -1 : 1;
    return rank(tables, entries[a]) - rank(tables, entries[b]);
  });
  return { at: (address) => nearest(elf, tables, entries, addresses, order, address) };
}

interface Position {
  readonly which: number;
  readonly index: number;
}

// More than this many nested or zero-sized symbols are not walked back over: bounded time on hostile tables.
const LONGEST_WALK = 64;

function nearest(
  elf: ElfFile,
  tables: readonly SymbolTable[],
  entries: readonly Position[],
  addresses: BigUint64Array,
  order: Uint32Array,
  address: bigint,
): NearestSymbol | undefined {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (addresses[order[middle]] <= address) low = middle + 1;
    else high = middle;
  }
  let fallback: NearestSymbol | undefined;
  for (let walk = low - 1; walk >= 0 && walk >= low - LONGEST_WALK; walk--) {
    const { which, index } = entries[order[walk]];
    const symbol = tables[which].at(index);
    const offset = address - symbol.value;
    if (symbol.size > offset) return { symbol, offset };
    // Hand-written assembly has no sizes: such a symbol reaches to the end of its section.
    if (symbol.size === 0n && fallback === undefined && sectionHolds(elf, symbol, address))
      fallback = { symbol, offset };
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
    if (section === 0 || section >= SHN_LORESERVE) continue;
    const header = elf.section(section);
    // Symbols of sections that are not in memory have values that are not addresses.
    if (header !== undefined && ((header.flags & SHF.ALLOC) === 0n || (header.flags & SHF.TLS) !== 0n)) continue;
    indices.push(index);
  }
  return indices;
}

/** Functions before objects before untyped labels, global before weak before local. */
function rank(tables: readonly SymbolTable[], { which, index }: Position): number {
  const info = tables[which].infoAt(index);
  const type = info & 15;
  const kind = type === STT.FUNC || type === STT.GNU_IFUNC ? 2 : type === STT.OBJECT ? 1 : 0;
  const binding = info >> 4;
  return kind * 4 + (binding === STB.GLOBAL || binding === STB.GNU_UNIQUE ? 2 : binding === STB.WEAK ? 1 : 0);
}
