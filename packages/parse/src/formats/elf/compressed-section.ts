// Compressed sections: SHF_COMPRESSED with its Elf_Chdr, and the older .zdebug_ form. The decompressor is the caller's.
import { ParseError } from '../../parse-error.ts';
import type { ElfFile } from './elf.ts';
import { type SectionHeader, SHF } from './section-header.ts';

/** How a section is compressed. */
export interface SectionCompression {
  readonly kind: 'zlib' | 'zstd' | 'unknown';
  /** ch_type; 0 for the .zdebug_ form, which has none. */
  readonly type: number;
  /** Size and alignment of the content once decompressed. */
  readonly size: bigint;
  readonly align: bigint;
  /** Bytes of the section before the compressed data. */
  readonly headerSize: number;
}

/** Decompressors, for instance Node's `zlib.inflateSync` and `zlib.zstdDecompressSync`, or fflate's. */
export interface Decompressors {
  /** Expands a zlib stream (RFC 1950) to `size` bytes. */
  readonly zlib?: (compressed: Uint8Array, size: number) => Uint8Array;
  /** Expands Zstandard frames (RFC 8878) to `size` bytes. */
  readonly zstd?: (compressed: Uint8Array, size: number) => Uint8Array;
  /** Refuse to expand beyond this many bytes. Default 1 GiB. */
  readonly maximumBytes?: number;
}

const ELFCOMPRESS_ZLIB = 1;
const ELFCOMPRESS_ZSTD = 2;

/**
 * Describes a section's compression, undefined when it is not compressed. Reads only the compression header.
 *
 * @throws ParseError `truncated`, `malformed` (strict mode).
 */
export function sectionCompression(elf: ElfFile, section: SectionHeader): SectionCompression | undefined {
  if ((section.flags & SHF.COMPRESSED) === 0n)
    return elf.sectionName(section).startsWith('.zdebug') ? legacyCompression(elf, section) : undefined;
  const headerSize = elf.layout.compressionHeaderSize;
  if (section.size < BigInt(headerSize)) {
    const sentence = `Section ${section.index} is marked compressed but has no room for the compression header.`;
    elf.complain(new ParseError('malformed', section.offset, 'elf', sentence));
    return undefined;
  }
  const reader = elf.reader(elf.readBytes(section.offset, BigInt(headerSize), 'a compression header'));
  if (reader.length < headerSize) return undefined;
  const word = elf.wordSize;
  const type = reader.u32(0);
  // ELF64 has four reserved bytes behind the type.
  const kind = type === ELFCOMPRESS_ZLIB ? 'zlib' : type === ELFCOMPRESS_ZSTD ? 'zstd' : 'unknown';
  return { kind, type, size: reader.word(word, word), align: reader.word(2 * word, word), headerSize };
}

/** "ZLIB" and the size as eight big-endian bytes, whatever the file's byte order. */
function legacyCompression(elf: ElfFile, section: SectionHeader): SectionCompression | undefined {
  if (section.size < 12n) return undefined;
  const bytes = elf.readBytes(section.offset, 12n, 'a .zdebug header');
  if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(0, 4)) !== 'ZLIB') return undefined;
  const size = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(4);
  return { kind: 'zlib', type: 0, size, align: section.addralign, headerSize: 12 };
}

/**
 * A section's content, decompressed when it is compressed.
 *
 * @throws ParseError `unsupported` without the decompressor it needs, `limit` above `maximumBytes`, `malformed` when the result has another
 * size than the header says or the decompressor fails.
 * @example
 * ```ts
 * const content = sectionContent(elf, elf.sectionNamed('.debug_info')!, { zlib: (data) => inflateSync(data) });
 * ```
 */
export function sectionContent(elf: ElfFile, section: SectionHeader, decompressors: Decompressors = {}): Uint8Array {
  const compression = sectionCompression(elf, section);
  if (compression === undefined) return elf.sectionData(section);
  const fail = (code: 'unsupported' | 'limit' | 'malformed', sentence: string) =>
    new ParseError(code, section.offset, 'elf', sentence);
  const decompress = compression.kind === 'unknown' ? undefined : decompressors[compression.kind];
  if (decompress === undefined) {
    const name = compression.kind === 'unknown' ? `type ${compression.type}` : compression.kind;
    throw fail(
      'unsupported',
      `Section ${section.index} is compressed with ${name} and no decompressor for it was given.`,
    );
  }
  const maximum = decompressors.maximumBytes ?? 2 ** 30;
  if (compression.size > BigInt(maximum))
    throw fail('limit', `Section ${section.index} expands to ${compression.size} bytes, more than ${maximum}.`);
  const packed = elf.sectionData(section).subarray(compression.headerSize);
  let content: Uint8Array;
  try {
    content = decompress(packed, Number(compression.size));
  } catch (error) {
    throw fail('malformed', `The compressed data of section ${section.index} is damaged: ${String(error)}`);
  }
  if (BigInt(content.length) !== compression.size)
    throw fail(
      'malformed',
      `Section ${section.index} expands to ${content.length} bytes instead of ${compression.size}.`,
    );
  return content;
}
