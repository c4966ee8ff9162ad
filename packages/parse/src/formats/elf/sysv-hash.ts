// The System V symbol hash table (DT_HASH, SHT_HASH).
import { ParseError } from '../../parse-error.ts';
import { encodeText } from '../../text.ts';
import { DT, dynamicOffset, dynamicValue } from './dynamic.ts';
import type { ElfFile } from './elf.ts';
import { SHT } from './section-header.ts';
import type { ElfSymbol } from './symbol.ts';
import type { SymbolTable } from './symbol-table.ts';

/** Buckets and chains as symbol indices (gABI chapter 5, "Hash Table"). */
export interface SysvHash {
  readonly buckets: Uint32Array | readonly number[];
  readonly chains: Uint32Array | readonly number[];
}

// Machines whose DT_HASH words have 64 bits (Alpha and 64-bit S/390: binutils' elf64-alpha.c and elf64-s390.c).
const EM_S390 = 22;
const EM_ALPHA = 0x9026;

/**
 * Reads the table through DT_HASH, else through SHT_HASH. Undefined when the file has neither.
 *
 * @throws ParseError `truncated` (strict mode).
 */
export function readSysvHash(elf: ElfFile): SysvHash | undefined {
  const offset = findTable(elf);
  if (offset === undefined) return undefined;
  const { machine, elfClass } = elf.fileHeader;
  const wide = elfClass === 64 && (machine === EM_S390 || machine === EM_ALPHA);
  const width = wide ? 8 : 4;
  const head = elf.reader(elf.readBytes(offset, BigInt(2 * width), 'the hash table header'));
  if (head.length < 2 * width) return { buckets: [], chains: [] };
  const [bucketCount, chainCount] = [head.word(0, width), head.word(width, width)];
  const size = (bucketCount + chainCount) * BigInt(width);
  const body = elf.reader(elf.readBytes(offset + BigInt(2 * width), size, 'the hash table'));
  const words = new Uint32Array(Math.floor(body.length / width));
  for (let index = 0; index < words.length; index++)
    words[index] = Number(body.word(index * width, width) & 0xffff_ffffn);
  const split = Math.min(words.length, Number(bucketCount));
  return { buckets: words.subarray(0, split), chains: words.subarray(split) };
}

function findTable(elf: ElfFile): bigint | undefined {
  const address = dynamicValue(elf, DT.HASH);
  if (address !== undefined) return dynamicOffset(elf, address, 'DT_HASH');
  return elf.sectionHeaders.find(({ type }) => type === SHT.HASH)?.offset;
}

/** The hash function of the gABI. */
export function sysvHashOf(name: string): number {
  let hash = 0;
  for (const byte of encodeText(name)) {
    hash = ((hash << 4) + byte) >>> 0;
    const high = hash & 0xf000_0000;
    hash = (hash ^ (high >>> 24) ^ high) >>> 0;
  }
  return hash;
}

/**
 * The length of the chain of every bucket: what `readelf -I` prints as a histogram.
 *
 * @throws ParseError `cycle` when a chain is longer than the table, `bad-index` (strict mode).
 */
export function sysvChainLengths(elf: ElfFile, hash: SysvHash): Uint32Array {
  const lengths = new Uint32Array(hash.buckets.length);
  // Every symbol is in at most one chain, so the total work is bounded by the number of symbols.
  let budget = hash.chains.length;
  for (let bucket = 0; bucket < hash.buckets.length; bucket++) {
    for (let symbol = hash.buckets[bucket]; symbol !== 0; symbol = hash.chains[symbol]) {
      if (symbol >= hash.chains.length) {
        elf.complain(
          new ParseError(
            'bad-index',
            0,
            'elf',
            `Hash bucket ${bucket} names symbol ${symbol} of ${hash.chains.length}.`,
          ),
        );
        break;
      }
      if (budget-- === 0) {
        elf.complain(new ParseError('cycle', 0, 'elf', `The chain of hash bucket ${bucket} never ends.`));
        return lengths;
      }
      lengths[bucket]++;
    }
  }
  return lengths;
}

/** Looks a name up as the dynamic linker does, without versions. */
export function sysvLookup(elf: ElfFile, hash: SysvHash, symbols: SymbolTable, name: string): ElfSymbol | undefined {
  if (hash.buckets.length === 0) return undefined;
  let symbol = hash.buckets[sysvHashOf(name) % hash.buckets.length];
  for (let steps = 0; symbol !== 0; symbol = hash.chains[symbol], steps++) {
    if (symbol >= symbols.count || symbol >= hash.chains.length) return undefined;
    if (steps > hash.chains.length) {
      elf.complain(new ParseError('cycle', 0, 'elf', 'A hash chain never ends.'));
      return undefined;
    }
    const candidate = symbols.at(symbol);
    if (candidate.name === name) return candidate;
  }
  return undefined;
}
