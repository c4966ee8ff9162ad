// Which sections and symbols of a file lie in damaged ranges.
import type { AddressRange } from '../load-segment.ts';
import { lowerOf, upperOf } from '../model/wide-rounding.ts';

/** What is asked of a file; every `ElfFile` of `@elf/parse` answers it. */
export interface NamedImage {
  readonly sectionHeaders: readonly NamedSection[];
  sectionName(index: number): string;
  /** Undefined when the file has no such table. */
  symbols(table: 'symtab' | 'dynsym'): NamedSymbols | undefined;
}

/** The fields of a section header that count. */
export interface NamedSection {
  readonly index: number;
  readonly type: number;
  readonly flags: bigint;
  readonly addr: bigint;
  readonly size: bigint;
}

/** A symbol table that decodes names only when asked. */
export interface NamedSymbols {
  readonly count: number;
  valueAt(index: number): bigint;
  sizeAt(index: number): bigint;
  infoAt(index: number): number;
  shndxAt(index: number): number;
  at(index: number): { readonly name: string };
}

/** A section or symbol and the part of it that lies in the range. */
export interface NamedRange extends AddressRange {
  readonly name: string;
}

/** The names in one damaged range. */
export interface DamagedNames {
  /** Sections in address order. */
  readonly sections: readonly NamedRange[];
  /** Functions and objects in address order, at most {@link NamesOptions.mostSymbols}. */
  readonly symbols: readonly NamedRange[];
  /** How many functions and objects there are in all. */
  readonly symbolCount: number;
}

/** Limits of {@link damagedNames}. */
export interface NamesOptions {
  /** Most symbols listed for one range; 64 when absent. */
  readonly mostSymbols?: number;
}

const SHT_NOBITS = 8;
const SHF_ALLOC = 0x2n;
const SHF_TLS = 0x400n;
const STT_OBJECT = 1;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const SHN_UNDEF = 0;

/**
 * Names what lies in damaged ranges, for each of them. A file without section headers and symbols has no names; that is no error.
 *
 * @param ranges disjoint and in address order, as `damage` answers them.
 * @throws ParseError of `@elf/parse` when the file was opened in strict mode and its tables are broken.
 * @example
 * ```ts
 * const [{ sections }] = damagedNames(damage(plan, loads), parseElf(source));
 * console.log(sections.map(({ name }) => name)); // ['.plt', '.iplt']
 * ```
 */
export function damagedNames(
  ranges: readonly AddressRange[],
  image: NamedImage,
  { mostSymbols = 64 }: NamesOptions = {},
): readonly DamagedNames[] {
  const sections = ranges.map((): NamedRange[] => []);
  const symbols = ranges.map((): NamedRange[] => []);
  const counts = ranges.map(() => 0);
  for (const { index, type, flags, addr, size } of image.sectionHeaders) {
    // Thread-local zeros have an address but no memory there.
    const hasMemory = (flags & SHF_ALLOC) !== 0n && !((flags & SHF_TLS) !== 0n && type === SHT_NOBITS);
    if (!hasMemory || size === 0n) continue;
    for (const { place, part } of meeting(ranges, addr, addr + size)) {
      sections[place].push({ name: image.sectionName(index), ...part });
    }
  }
  // A stripped file still has its dynamic symbols; the full table has them too.
  const table = image.symbols('symtab') ?? image.symbols('dynsym');
  for (const index of definedSymbols(table)) {
    const start = table!.valueAt(index);
    const size = table!.sizeAt(index);
    for (const { place, part } of meeting(ranges, start, start + (size === 0n ? 1n : size))) {
      counts[place]++;
      if (symbols[place].length < mostSymbols) symbols[place].push({ name: table!.at(index).name, ...part });
    }
  }
  return ranges.map((_, place) => ({
    sections: sections[place].sort(byStart),
    symbols: symbols[place].sort(byStart),
    symbolCount: counts[place],
  }));
}

/** Indices of the functions and objects that have an address. */
function* definedSymbols(table: NamedSymbols | undefined): Generator<number> {
  for (let index = 1; index < (table?.count ?? 0); index++) {
    const type = table!.infoAt(index) & 15;
    if (type !== STT_FUNC && type !== STT_OBJECT && type !== STT_GNU_IFUNC) continue;
    if (table!.shndxAt(index) !== SHN_UNDEF) yield index;
  }
}

/** The ranges that meet `[start, end)`, found by bisection. */
function* meeting(
  ranges: readonly AddressRange[],
  start: bigint,
  end: bigint,
): Generator<{ place: number; part: AddressRange }> {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle].end > start) high = middle;
    else low = middle + 1;
  }
  for (let place = low; place < ranges.length && ranges[place].start < end; place++) {
    yield { place, part: { start: upperOf(start, ranges[place].start), end: lowerOf(end, ranges[place].end) } };
  }
}

function byStart(a: AddressRange, b: AddressRange): number {
  if (a.start === b.start) return 0;
  return a.start < b.start ? -1 : 1;
}
