// What a dynamic linker looks names up in: symbols, their hash tables and their versions (gABI, Dynamic Linking; LSB, Symbol Versioning).
import { integers, integersOf, padded, zeroTerminated } from './byte-layout.ts';

const STB = { global: 1, weak: 2 } as const;
const STT = { object: 1, function: 2 } as const;
const SHN_ABS = 0xfff1;
const VER_FLG_BASE = 1;
/** The first definition is the object itself; versions of symbols count on from there. */
const FIRST_VERSION = 2;

/** A name of the image. */
export interface ImageSymbol {
  readonly name: string;
  readonly isWeak?: boolean;
  readonly version: string;
  /** Absent: the symbol that stands for a version. */
  readonly code?: { readonly address: number; readonly lengthInBytes: number };
}

/** A string table: the empty string first. */
export class StringTable {
  readonly #offsets = new Map<string, number>();
  readonly bytes: number[] = [0];

  constructor(strings: readonly string[]) {
    for (const text of strings) {
      if (this.#offsets.has(text)) continue;
      this.#offsets.set(text, this.bytes.length);
      this.bytes.push(...zeroTerminated(text));
    }
  }

  /** Where a string is; 0, the empty one, for a string it was not made with. */
  offsetOf(text: string): number {
    return this.#offsets.get(text) ?? 0;
  }
}

/** .dynsym. */
export function symbolTable(
  wordBytes: 4 | 8,
  symbols: readonly ImageSymbol[],
  strings: StringTable,
  textSection: number,
): number[] {
  const rows = symbols.map(({ name, isWeak, code }) => {
    const kind = ((isWeak ? STB.weak : STB.global) << 4) | (code ? STT.function : STT.object);
    const section = code ? textSection : SHN_ABS;
    const [address, size] = [code?.address ?? 0, code?.lengthInBytes ?? 0];
    return wordBytes === 8
      ? integers([4, strings.offsetOf(name)], [1, kind], [1, 0], [2, section], [8, address], [8, size])
      : integers([4, strings.offsetOf(name)], [4, address], [4, size], [1, kind], [1, 0], [2, section]);
  });
  return [...new Array<number>(wordBytes === 8 ? 24 : 16).fill(0), ...rows.flat()];
}

/** .hash with a single bucket: a dozen symbols are looked up a few times in a process's life. musl knows no other table. */
export function hashTable(symbols: readonly ImageSymbol[]): number[] {
  const count = symbols.length + 1;
  const chain = Array.from({ length: count }, (_, index) => (index > 0 && index + 1 < count ? index + 1 : 0));
  return integersOf(4, [1, count, count > 1 ? 1 : 0, ...chain]);
}

/** .gnu.hash with a single bucket: the filter of one word, then the hashes, the last one marked. */
export function gnuHashTable(wordBytes: 4 | 8, symbols: readonly ImageSymbol[]): number[] {
  const shift = 6;
  const hashes = symbols.map(({ name }) => gnuHash(name));
  const bits = BigInt(wordBytes * 8);
  let filter = 0n;
  for (const hash of hashes) filter |= (1n << (BigInt(hash) % bits)) | (1n << (BigInt(hash >>> shift) % bits));
  const half = (at: number) => Number((filter >> BigInt(at * 32)) & 0xffff_ffffn);
  const words = Array.from({ length: wordBytes / 4 }, (_, at) => half(at));
  const last = hashes.length - 1;
  const chain = hashes.map((hash, index) => (index === last ? hash | 1 : hash & ~1) >>> 0);
  return integersOf(4, [1, 1, 1, shift, ...words, 1, ...chain]);
}

/** .gnu.version: a number for each symbol, 0 for the empty first one. */
export function symbolVersions(symbols: readonly ImageSymbol[], versions: readonly string[]): number[] {
  return integersOf(2, [0, ...symbols.map(({ version }) => FIRST_VERSION + versions.indexOf(version))]);
}

/** .gnu.version_d: the object's own name, then its versions. */
export function versionDefinitions(soname: string, versions: readonly string[], strings: StringTable): number[] {
  const names = [soname, ...versions];
  return names.flatMap((name, index) => {
    const isLast = index + 1 === names.length;
    return integers(
      ...([
        [2, 1],
        [2, index === 0 ? VER_FLG_BASE : 0],
        [2, index + 1],
        [2, 1],
        [4, elfHash(name)],
      ] as const),
      ...([
        [4, 20],
        [4, isLast ? 0 : 28],
        [4, strings.offsetOf(name)],
        [4, 0],
      ] as const),
    );
  });
}

/** A note. */
export function note(name: string, kind: number, words: readonly number[]): number[] {
  const text = zeroTerminated(name);
  return [...integersOf(4, [text.length, words.length * 4, kind]), ...padded(text, 4), ...integersOf(4, words)];
}

/** The hash of the System V tables (gABI, Hash Table). */
function elfHash(name: string): number {
  let hash = 0;
  for (const character of name) {
    hash = (hash << 4) + character.charCodeAt(0);
    const high = hash & 0xf000_0000;
    hash = (hash ^ (high >>> 24)) & ~high;
  }
  return hash >>> 0;
}

/** The hash of .gnu.hash: 5381, then times 33 plus each character. */
function gnuHash(name: string): number {
  let hash = 5381;
  for (const character of name) hash = (Math.imul(hash, 33) + character.charCodeAt(0)) >>> 0;
  return hash;
}
