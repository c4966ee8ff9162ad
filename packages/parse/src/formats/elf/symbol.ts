// One symbol (Elf32_Sym, Elf64_Sym).
import type { ByteReader } from '../../byte-reader.ts';

/** st_info types with a meaning in this package. */
export const STT = { NOTYPE: 0, OBJECT: 1, FUNC: 2, SECTION: 3, FILE: 4, COMMON: 5, TLS: 6, GNU_IFUNC: 10 } as const;
/** st_info bindings. */
export const STB = { LOCAL: 0, GLOBAL: 1, WEAK: 2, GNU_UNIQUE: 10 } as const;
/** Reserved st_shndx values. */
export const SHN = { UNDEF: 0, ABS: 0xfff1, COMMON: 0xfff2 } as const;

/** A symbol without its name: the fields as they are in the file, 32-bit files widened. */
export interface RawSymbol {
  readonly nameOffset: number;
  readonly value: bigint;
  readonly size: bigint;
  readonly info: number;
  readonly other: number;
  /** st_shndx as it is in the file. */
  readonly shndx: number;
}

/** One symbol with its name. */
export interface ElfSymbol extends RawSymbol {
  readonly index: number;
  readonly name: string;
  /** Low four bits of st_info (STT_...). */
  readonly type: number;
  /** High four bits of st_info (STB_...). */
  readonly binding: number;
  /** Low two bits of st_other (STV_...). */
  readonly visibility: number;
  /** The section's index with SHN_XINDEX resolved; reserved values (SHN_ABS, SHN_COMMON ...) are kept as they are. */
  readonly sectionIndex: number;
}

/** Decodes the symbol at `position`; the caller has checked that the whole entry is there. */
export function decodeSymbol(reader: ByteReader, position: number, wordSize: 4 | 8): RawSymbol {
  if (wordSize === 8) {
    return {
      nameOffset: reader.u32(position),
      value: reader.u64(position + 8),
      size: reader.u64(position + 16),
      info: reader.u8(position + 4),
      other: reader.u8(position + 5),
      shndx: reader.u16(position + 6),
    };
  }
  return {
    nameOffset: reader.u32(position),
    value: BigInt(reader.u32(position + 4)),
    size: BigInt(reader.u32(position + 8)),
    info: reader.u8(position + 12),
    other: reader.u8(position + 13),
    shndx: reader.u16(position + 14),
  };
}
