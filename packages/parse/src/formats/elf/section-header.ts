// Section headers (Elf32_Shdr, Elf64_Shdr): decoding and the numbers of the types this package gives a meaning to.
import type { ByteReader } from '../../byte-reader.ts';

/** sh_type values with a meaning in this package (gABI chapter 4 and binutils' include/elf/common.h for the GNU ones). */
export const SHT = {
  NULL: 0,
  PROGBITS: 1,
  SYMTAB: 2,
  STRTAB: 3,
  RELA: 4,
  HASH: 5,
  DYNAMIC: 6,
  NOTE: 7,
  NOBITS: 8,
  REL: 9,
  DYNSYM: 11,
  INIT_ARRAY: 14,
  FINI_ARRAY: 15,
  PREINIT_ARRAY: 16,
  GROUP: 17,
  SYMTAB_SHNDX: 18,
  RELR: 19,
  GNU_HASH: 0x6ffffff6,
  GNU_VERDEF: 0x6ffffffd,
  GNU_VERNEED: 0x6ffffffe,
  GNU_VERSYM: 0x6fffffff,
} as const;

/** sh_flags bits with a meaning in this package. */
export const SHF = { WRITE: 0x1n, ALLOC: 0x2n, EXECINSTR: 0x4n, TLS: 0x400n, COMPRESSED: 0x800n } as const;

/** One section header, 32-bit files widened. Names are the gABI's without `sh_`; `nameOffset` is sh_name. */
export interface SectionHeader {
  readonly index: number;
  readonly nameOffset: number;
  readonly type: number;
  readonly flags: bigint;
  readonly addr: bigint;
  readonly offset: bigint;
  readonly size: bigint;
  readonly link: number;
  readonly info: number;
  readonly addralign: bigint;
  readonly entsize: bigint;
}

/** Decodes the entry at `position`; the caller has checked that the whole entry is there. */
export function decodeSectionHeader(
  reader: ByteReader,
  position: number,
  index: number,
  wordSize: 4 | 8,
): SectionHeader {
  const word = (field: number) => reader.word(position + 8 + field * wordSize, wordSize);
  // nameOffset and type, four words, link and info, two words.
  const link = position + 8 + 4 * wordSize;
  return {
    index,
    nameOffset: reader.u32(position),
    type: reader.u32(position + 4),
    flags: word(0),
    addr: word(1),
    offset: word(2),
    size: word(3),
    link: reader.u32(link),
    info: reader.u32(link + 4),
    addralign: reader.word(link + 8, wordSize),
    entsize: reader.word(link + 8 + wordSize, wordSize),
  };
}
