// The GNU symbol hash table (DT_GNU_HASH, SHT_GNU_HASH).
import type { ByteReader } from '../../byte-reader.ts';
import { ParseError } from '../../parse-error.ts';
import { encodeText } from '../../text.ts';
import { DT, dynamicOffset, dynamicValue } from './dynamic.ts';
import type { ElfFile } from './elf.ts';
import { SHT } from './section-header.ts';
import type { ElfSymbol } from './symbol.ts';
import type { SymbolTable } from './symbol-table.ts';

/** The table's parts (binutils' bfd/elflink.c; Ulrich Drepper's description of 2006). */
export interface GnuHash {
  /** Index of the first symbol the table knows. */
  readonly symbolOffset: number;
  readonly bloomShift: number;
  /** Bloom filter words of the file's word size. */
  readonly bloom: BigUint64Array;
  readonly buckets: Uint32Array;
  /** Hash values with the low bit as end mark; entry i belongs to symbol `symbolOffset + i`. */
  readonly chains: Uint32Array;
  /** One more than the highest symbol index that a chain reaches. */
  readonly symbolCount: number;
}

/**
 * Reads the table through DT_GNU_HASH, else through SHT_GNU_HASH. Undefined when the file has neither.
 *
 * @throws ParseError `truncated`, `malformed` (strict mode).
 */
export function readGnuHash(elf: ElfFile): GnuHash | undefined {
  const offset = findTable(elf);
  if (offset === undefined) return undefined;
  const head = elf.reader(elf.readBytes(offset, 16n, 'the GNU hash table header'));
  if (head.length < 16) return undefined;
  const [bucketCount, symbolOffset, bloomCount, bloomShift] = [head.u32(0), head.u32(4), head.u32(8), head.u32(12)];
  const bloomAt = offset + 16n;
  const bloom = readBloom(elf, bloomAt, bloomCount);
  const bucketsAt = bloomAt + BigInt(bloomCount) * BigInt(elf.wordSize);
  const buckets = words(elf.reader(elf.readBytes(bucketsAt, 4n * BigInt(bucketCount), 'the GNU hash buckets')));
  const chains = readChains(elf, bucketsAt + 4n * BigInt(bucketCount), buckets, symbolOffset);
  return { symbolOffset, bloomShift, bloom, buckets, chains, symbolCount: symbolOffset + chains.length };
}

function findTable(elf: ElfFile): bigint | undefined {
  const address = dynamicValue(elf, DT.GNU_HASH);
  if (address !== undefined) return dynamicOffset(elf, address, 'DT_GNU_HASH');
  return elf.sectionHeaders.find(({ type }) => type === SHT.GNU_HASH)?.offset;
}

function readBloom(elf: ElfFile, offset: bigint, count: number): BigUint64Array {
  const reader = elf.reader(elf.readBytes(offset, BigInt(count) * BigInt(elf.wordSize), 'the GNU hash bloom filter'));
  const bloom = new BigUint64Array(Math.floor(reader.length / elf.wordSize));
  for (let index = 0; index < bloom.length; index++) bloom[index] = reader.word(index * elf.wordSize, elf.wordSize);
  return bloom;
}

function words(reader: ByteReader): Uint32Array {
  const result = new Uint32Array(Math.floor(reader.length / 4));
  for (let index = 0; index < result.length; index++) result[index] = reader.u32(4 * index);
  return result;
}

// Chains are read in pieces, because only their own end marks say how long they are.
const PIECE = 4096n; // not a page size: bytes a read

/** The chain of the highest bucket is the last: its end mark is the end of the table. */
function readChains(elf: ElfFile, offset: bigint, buckets: Uint32Array, symbolOffset: number): Uint32Array {
  let highest = 0;
  for (const bucket of buckets) if (bucket > highest) highest = bucket;
  if (highest < symbolOffset || highest === 0) return new Uint32Array(0);
  const start = highest - symbolOffset;
  const known = elf.readBytes(offset, 4n * BigInt(start), 'the GNU hash chains');
  if (known.length < 4 * start) return words(elf.reader(known));
  let position = offset + 4n * BigInt(start);
  let count = start;
  for (;;) {
    const left = BigInt(elf.source.size) - position;
    const reader = elf.reader(
      elf.readBytes(position, left < 4n ? 4n : left < PIECE ? left & ~3n : PIECE, 'the GNU hash chains'),
    );
    if (reader.length < 4) break;
    for (let at = 0; at + 4 <= reader.length; at += 4) {
      count++;
      if ((reader.u32(at) & 1) === 1)
        return words(elf.reader(elf.readBytes(offset, 4n * BigInt(count), 'the GNU hash chains')));
    }
    position += BigInt(reader.length & ~3);
  }
  return words(elf.reader(elf.readBytes(offset, 4n * BigInt(count), 'the GNU hash chains')));
}

/** Daniel Bernstein's hash, as DT_GNU_HASH uses it. */
export function gnuHashOf(name: string): number {
  let hash = 5381;
  for (const byte of encodeText(name)) hash = (Math.imul(hash, 33) + byte) >>> 0;
  return hash;
}

/**
 * The length of the chain of every bucket: what `readelf -I` prints as a histogram.
 *
 * @throws ParseError `bad-index`, `malformed` (strict mode).
 */
export function gnuChainLengths(elf: ElfFile, hash: GnuHash): Uint32Array {
  const lengths = new Uint32Array(hash.buckets.length);
  // A symbol is in one chain only; overlapping chains of a hostile file may not multiply the work.
  let budget = hash.chains.length;
  for (let bucket = 0; bucket < lengths.length; bucket++) {
    const first = hash.buckets[bucket];
    if (first === 0) continue;
    if (first < hash.symbolOffset || first - hash.symbolOffset >= hash.chains.length) {
      elf.complain(
        new ParseError('bad-index', 0, 'elf', `GNU hash bucket ${bucket} names symbol ${first}, which has no chain.`),
      );
      continue;
    }
    for (let index = first - hash.symbolOffset; index < hash.chains.length; index++) {
      if (budget-- === 0) {
        elf.complain(new ParseError('cycle', 0, 'elf', 'Two GNU hash buckets share a chain.'));
        return lengths;
      }
      lengths[bucket]++;
      if ((hash.chains[index] & 1) === 1) break;
    }
  }
  return lengths;
}

/** True when the bloom filter lets the name through: false means that the table surely does not hold it. */
export function gnuBloomAdmits(hash: GnuHash, name: string, wordSize: 4 | 8): boolean {
  if (hash.bloom.length === 0) return false;
  const value = gnuHashOf(name);
  const bits = 8 * wordSize;
  const word = hash.bloom[Math.floor(value / bits) % hash.bloom.length];
  const second = hash.bloomShift > 31 ? 0 : value >>> hash.bloomShift;
  return ((word >> BigInt(value % bits)) & (word >> BigInt(second % bits)) & 1n) === 1n;
}

/** Looks a name up as the dynamic linker does, without versions. */
export function gnuLookup(elf: ElfFile, hash: GnuHash, symbols: SymbolTable, name: string): ElfSymbol | undefined {
  if (hash.buckets.length === 0 || !gnuBloomAdmits(hash, name, elf.wordSize)) return undefined;
  const value = gnuHashOf(name);
  const first = hash.buckets[value % hash.buckets.length];
  if (first < hash.symbolOffset || first === 0) return undefined;
  for (let index = first - hash.symbolOffset; index < hash.chains.length; index++) {
    if ((hash.chains[index] | 1) >>> 0 === (value | 1) >>> 0 && hash.symbolOffset + index < symbols.count) {
      const candidate = symbols.at(hash.symbolOffset + index);
      if (candidate.name === name) return candidate;
    }
    if ((hash.chains[index] & 1) === 1) return undefined;
  }
  return undefined;
}
