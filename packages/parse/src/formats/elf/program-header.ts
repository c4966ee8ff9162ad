// Program headers (Elf32_Phdr, Elf64_Phdr): decoding and the numbers of the types this package gives a meaning to.
import type { ByteReader } from '../../byte-reader.ts';

/** p_type values with a meaning in this package (gABI chapter 5; include/uapi/linux/elf.h for the GNU ones). */
export const PT = {
  NULL: 0,
  LOAD: 1,
  DYNAMIC: 2,
  INTERP: 3,
  NOTE: 4,
  SHLIB: 5,
  PHDR: 6,
  TLS: 7,
  GNU_EH_FRAME: 0x6474e550,
  GNU_STACK: 0x6474e551,
  GNU_RELRO: 0x6474e552,
  GNU_PROPERTY: 0x6474e553,
  GNU_SFRAME: 0x6474e554,
} as const;

/** p_flags bits. */
export const PF = { X: 1, W: 2, R: 4 } as const;

/** One program header, 32-bit files widened. Names are the gABI's without `p_`. */
export interface ProgramHeader {
  readonly index: number;
  readonly type: number;
  readonly flags: number;
  readonly offset: bigint;
  readonly vaddr: bigint;
  readonly paddr: bigint;
  readonly filesz: bigint;
  readonly memsz: bigint;
  readonly align: bigint;
}

/** Decodes the entry at `position`; the caller has checked that the whole entry is there. */
export function decodeProgramHeader(
  reader: ByteReader,
  position: number,
  index: number,
  wordSize: 4 | 8,
): ProgramHeader {
  if (wordSize === 8) {
    return {
      index,
      type: reader.u32(position),
      flags: reader.u32(position + 4),
      offset: reader.u64(position + 8),
      vaddr: reader.u64(position + 16),
      paddr: reader.u64(position + 24),
      filesz: reader.u64(position + 32),
      memsz: reader.u64(position + 40),
      align: reader.u64(position + 48),
    };
  }
  return {
    index,
    type: reader.u32(position),
    flags: reader.u32(position + 24),
    offset: BigInt(reader.u32(position + 4)),
    vaddr: BigInt(reader.u32(position + 8)),
    paddr: BigInt(reader.u32(position + 12)),
    filesz: BigInt(reader.u32(position + 16)),
    memsz: BigInt(reader.u32(position + 20)),
    align: BigInt(reader.u32(position + 28)),
  };
}
