// The ELF file header (Elf32_Ehdr, Elf64_Ehdr).
import { ByteReader } from '../../byte-reader.ts';
import type { ByteSource } from '../../byte-source.ts';
import { ParseError } from '../../parse-error.ts';
import { type ElfLayout, LAYOUT_32, LAYOUT_64 } from './layout.ts';

/** e_phnum value that says the real count is in section header 0 (gABI, "PN_XNUM"). */
export const PN_XNUM = 0xffff;
/** First reserved section index; st_shndx at or above it names no section. */
export const SHN_LORESERVE = 0xff00;
/** The real section index is elsewhere: section header 0 for e_shstrndx, SHT_SYMTAB_SHNDX for symbols. */
export const SHN_XINDEX = 0xffff;

/**
 * The file header, 32-bit files widened. The names are the ones of the gABI without `e_`. Addresses and offsets are bigint; counts, sizes of
 * entries and flags are numbers. `phnum`, `shnum` and `shstrndx` are the raw fields: use `ElfFile` for the extended numbering.
 */
export interface FileHeader {
  /** The 16 bytes of e_ident. */
  readonly ident: Uint8Array;
  readonly elfClass: 32 | 64;
  readonly littleEndian: boolean;
  readonly identVersion: number;
  readonly osabi: number;
  readonly abiversion: number;
  readonly type: number;
  readonly machine: number;
  readonly version: number;
  readonly entry: bigint;
  readonly phoff: bigint;
  readonly shoff: bigint;
  readonly flags: number;
  readonly ehsize: number;
  readonly phentsize: number;
  readonly phnum: number;
  readonly shentsize: number;
  readonly shnum: number;
  readonly shstrndx: number;
}

/** What may be told about a file instead of believing e_ident (Linux, for instance, never reads EI_CLASS and EI_DATA). */
export interface FileHeaderAssumptions {
  readonly elfClass?: 32 | 64;
  readonly littleEndian?: boolean;
}

/** Reports a broken rule: throws in strict mode, remembers in permissive mode. */
export type Complain = (error: ParseError) => void;

/** True when the bytes start with 7f 45 4c 46. */
export function hasElfMagic(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/**
 * Reads the file header with one read of 64 bytes.
 *
 * @throws ParseError `bad-magic`, `truncated`; `bad-header` through `complain`.
 */
export function readFileHeader(source: ByteSource, assume: FileHeaderAssumptions, complain: Complain): FileHeader {
  const bytes = source.read(0, LAYOUT_64.fileHeaderSize);
  if (!hasElfMagic(bytes)) {
    if (bytes.length < 4) throw new ParseError('truncated', 0, 'elf', 'The input is too short to hold the ELF magic.');
    throw new ParseError('bad-magic', 0, 'elf', 'The input does not start with the ELF magic 7f 45 4c 46.');
  }
  if (bytes.length < LAYOUT_32.fileHeaderSize)
    throw new ParseError(
      'truncated',
      0,
      'elf',
      `The file ends after ${bytes.length} bytes, inside the ELF file header.`,
    );
  const bad = (offset: number, sentence: string) => complain(new ParseError('bad-header', offset, 'elf', sentence));
  if (assume.elfClass === undefined && bytes[4] !== 1 && bytes[4] !== 2)
    bad(4, `EI_CLASS is ${bytes[4]}; only 1 (32-bit) and 2 (64-bit) exist.`);
  if (assume.littleEndian === undefined && bytes[5] !== 1 && bytes[5] !== 2)
    bad(5, `EI_DATA is ${bytes[5]}; only 1 (little-endian) and 2 (big-endian) exist.`);
  if (bytes[6] !== 1) bad(6, `EI_VERSION is ${bytes[6]}; only version 1 exists.`);
  const elfClass = assume.elfClass ?? (bytes[4] === 1 ? 32 : 64);
  const littleEndian = assume.littleEndian ?? bytes[5] !== 2;
  if (elfClass === 64 && bytes.length < LAYOUT_64.fileHeaderSize)
    throw new ParseError(
      'truncated',
      0,
      'elf',
      `The file ends after ${bytes.length} bytes, inside the ELF file header.`,
    );
  return decodeFileHeader(new ByteReader(bytes, littleEndian), elfClass);
}

function decodeFileHeader(reader: ByteReader, elfClass: 32 | 64): FileHeader {
  const word = elfClass === 64 ? 8 : 4;
  const tail = 24 + 3 * word;
  return {
    ident: reader.bytes.slice(0, 16),
    elfClass,
    littleEndian: reader.littleEndian,
    identVersion: reader.u8(6),
    osabi: reader.u8(7),
    abiversion: reader.u8(8),
    type: reader.u16(16),
    machine: reader.u16(18),
    version: reader.u32(20),
    entry: reader.word(24, word),
    phoff: reader.word(24 + word, word),
    shoff: reader.word(24 + 2 * word, word),
    flags: reader.u32(tail),
    ehsize: reader.u16(tail + 4),
    phentsize: reader.u16(tail + 6),
    phnum: reader.u16(tail + 8),
    shentsize: reader.u16(tail + 10),
    shnum: reader.u16(tail + 12),
    shstrndx: reader.u16(tail + 14),
  };
}

/** The structure sizes that go with a header's class. */
export function layoutOf(header: FileHeader): ElfLayout {
  return header.elfClass === 64 ? LAYOUT_64 : LAYOUT_32;
}
