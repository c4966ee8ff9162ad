// Relocation tables as typed views: REL, RELA and the packed RELR, from sections or from the dynamic section.
import type { ByteReader } from '../../byte-reader.ts';
import { ParseError } from '../../parse-error.ts';
import { DT, dynamicOffset, dynamicValue } from './dynamic.ts';
import type { ElfFile } from './elf.ts';
import { type SectionHeader, SHT } from './section-header.ts';

/** One relocation. */
export interface Relocation {
  /** Where: an address in programs and shared objects, an offset into the section in object files. */
  readonly offset: bigint;
  /** r_info as it is in the file. */
  readonly info: bigint;
  /** Index into the symbol table that belongs to the relocation table; 0 for none. */
  readonly symbolIndex: number;
  /** The machine's relocation type. */
  readonly type: number;
  /** r_addend (signed); undefined in a REL table, where the addend is in the place itself. */
  readonly addend: bigint | undefined;
}

// Machines whose r_info is not (symbol << 32 | type) or (symbol << 8 | type).
const EM_MIPS = 8;
const EM_SPARCV9 = 43;

/** A view of one REL or RELA table. */
export class RelocationTable implements Iterable<Relocation> {
  readonly kind: 'rel' | 'rela';
  readonly count: number;
  /** The section, undefined when the table was found through the dynamic section. */
  readonly section: SectionHeader | undefined;
  /** File offset of the table. */
  readonly fileOffset: bigint;
  readonly #reader: ByteReader;
  readonly #stride: number;
  readonly #wordSize: 4 | 8;
  readonly #machine: number;

  /** Use {@link relocationTables} or {@link dynamicRelocations}. */
  constructor(
    elf: ElfFile,
    kind: 'rel' | 'rela',
    fileOffset: bigint,
    size: bigint,
    entrySize: bigint,
    section?: SectionHeader,
  ) {
    this.kind = kind;
    this.section = section;
    this.fileOffset = fileOffset;
    const needed = kind === 'rel' ? elf.layout.relSize : elf.layout.relaSize;
    if (entrySize !== BigInt(needed)) {
      const sentence = `A relocation table says that its entries have ${entrySize} bytes; they have ${needed}.`;
      elf.complain(new ParseError('bad-entry-size', fileOffset, 'elf', sentence));
    }
    this.#stride = needed;
    this.#reader = elf.reader(elf.readBytes(fileOffset, size, 'a relocation table'));
    this.#wordSize = elf.wordSize;
    this.#machine = elf.fileHeader.machine;
    this.count = Math.floor(this.#reader.length / needed);
  }

  /** The relocation at an index. */
  at(index: number): Relocation {
    if (!(index >= 0 && index < this.count)) {
      const sentence = `There is no relocation ${index}; the table holds ${this.count}.`;
      throw new ParseError('bad-index', this.fileOffset, 'elf', sentence);
    }
    const word = this.#wordSize;
    const position = index * this.#stride;
    const info = this.#info(position + word);
    return {
      offset: this.#reader.word(position, word),
      info,
      symbolIndex: Number(word === 8 ? info >> 32n : info >> 8n),
      type: this.#type(info),
      addend: this.kind === 'rela' ? this.#reader.signedWord(position + 2 * word, word) : undefined,
    };
  }

  *[Symbol.iterator](): Generator<Relocation> {
    for (let index = 0; index < this.count; index++) yield this.at(index);
  }

  /**
   * Little-endian MIPS64 stores r_info as a 32-bit symbol and four single bytes instead of one 64-bit number (MIPS ABI supplement); it
   * is put in the order of the big-endian form here.
   */
  #info(position: number): bigint {
    const info = this.#reader.word(position, this.#wordSize);
    if (this.#machine !== EM_MIPS || this.#wordSize !== 8 || !this.#reader.littleEndian) return info;
    const bytes = this.#reader.bytes;
    const type =
      ((bytes[position + 4] << 24) | (bytes[position + 5] << 16) | (bytes[position + 6] << 8) | bytes[position + 7]) >>>
      0;
    return (BigInt(this.#reader.u32(position)) << 32n) | BigInt(type);
  }

  #type(info: bigint): number {
    if (this.#wordSize === 4) return Number(info & 0xffn);
    const type = Number(info & 0xffff_ffffn);
    // SPARC V9 keeps a second addend in the upper 24 bits.
    return this.#machine === EM_SPARCV9 ? type & 0xff : type;
  }
}

/**
 * Every REL and RELA section of the file, opened when its turn comes.
 *
 * @throws ParseError as the table's constructor; `limit` when the sections overlap so much that they are longer than the file.
 */
export function* relocationTables(elf: ElfFile): Generator<RelocationTable> {
  let budget = BigInt(elf.source.size);
  for (const section of elf.sectionHeaders) {
    const { type, offset, size, entsize } = section;
    if (type !== SHT.REL && type !== SHT.RELA) continue;
    const table = new RelocationTable(elf, type === SHT.REL ? 'rel' : 'rela', offset, size, entsize, section);
    budget -= BigInt(table.count * elf.layout.relSize);
    if (budget < 0n) {
      elf.complain(
        new ParseError('limit', offset, 'elf', 'The relocation sections together are longer than the file.'),
      );
      return;
    }
    yield table;
  }
}

/** The tables the dynamic linker reads: DT_REL, DT_RELA and DT_JMPREL, whichever the file has. Needs no section headers. */
export function dynamicRelocations(elf: ElfFile): RelocationTable[] {
  const word = BigInt(elf.wordSize);
  const open = (kind: 'rel' | 'rela', address: bigint, size: bigint | undefined, entrySize: bigint | undefined) => {
    const offset = dynamicOffset(elf, address, kind === 'rel' ? 'DT_REL' : 'DT_RELA');
    if (offset === undefined || size === undefined || size === 0n) return [];
    return [new RelocationTable(elf, kind, offset, size, entrySize ?? (kind === 'rel' ? 2n : 3n) * word)];
  };
  const [rel, rela, plt] = [DT.REL, DT.RELA, DT.JMPREL].map((tag) => dynamicValue(elf, tag));
  const pltKind = dynamicValue(elf, DT.PLTREL) === DT.REL ? 'rel' : 'rela';
  return [
    ...(rel === undefined ? [] : open('rel', rel, dynamicValue(elf, DT.RELSZ), dynamicValue(elf, DT.RELENT))),
    ...(rela === undefined ? [] : open('rela', rela, dynamicValue(elf, DT.RELASZ), dynamicValue(elf, DT.RELAENT))),
    ...(plt === undefined ? [] : open(pltKind, plt, dynamicValue(elf, DT.PLTRELSZ), undefined)),
  ];
}

/** Addresses of a packed table of relative relocations, unpacked one by one. */
export interface RelrTable extends Iterable<bigint> {
  readonly section: SectionHeader | undefined;
  readonly fileOffset: bigint;
  /** The packed words as they are in the file. */
  readonly words: Iterable<bigint>;
  readonly wordCount: number;
}

/** Every SHT_RELR section, or the table of DT_RELR in a file without section headers (gABI, "Relative relocations"). */
export function relrTables(elf: ElfFile): RelrTable[] {
  const sections = elf.sectionHeaders.filter(({ type }) => type === SHT.RELR);
  if (sections.length > 0) return sections.map((section) => openRelr(elf, section.offset, section.size, section));
  const address = dynamicValue(elf, DT.RELR);
  const size = dynamicValue(elf, DT.RELRSZ);
  if (address === undefined || size === undefined) return [];
  const offset = dynamicOffset(elf, address, 'DT_RELR');
  return offset === undefined ? [] : [openRelr(elf, offset, size, undefined)];
}

function openRelr(elf: ElfFile, fileOffset: bigint, size: bigint, section: SectionHeader | undefined): RelrTable {
  const reader = elf.reader(elf.readBytes(fileOffset, size, 'the relative relocations'));
  const word = elf.wordSize;
  const wordCount = Math.floor(reader.length / word);
  const words = {
    *[Symbol.iterator]() {
      for (let index = 0; index < wordCount; index++) yield reader.word(index * word, word);
    },
  };
  return { section, fileOffset, words, wordCount, [Symbol.iterator]: () => unpackRelr(words, word) };
}

/** An even word is an address; an odd word is a bitmap of the next 31 or 63 places. */
function* unpackRelr(words: Iterable<bigint>, wordSize: 4 | 8): Generator<bigint> {
  const bits = 8 * wordSize;
  const step = BigInt(wordSize);
  let place = 0n;
  for (const word of words) {
    if ((word & 1n) === 0n) {
      yield word;
      place = word + step;
      continue;
    }
    for (let bit = 1; bit < bits; bit++)
      if (((word >> BigInt(bit)) & 1n) === 1n) yield BigInt.asUintN(bits, place + BigInt(bit - 1) * step);
    place = BigInt.asUintN(bits, place + BigInt(bits - 1) * step);
  }
}
