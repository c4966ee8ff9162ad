// .gnu_debuglink and .gnu_debugaltlink: where separate debug information is.
import { ParseError } from '../../parse-error.ts';
import { decodeText, toHex } from '../../text.ts';
import type { ElfFile } from './elf.ts';

/** The file that holds the debug information, and the CRC-32 of its whole content. */
export interface DebugLink {
  readonly file: string;
  readonly checksum: number;
}

/**
 * Reads .gnu_debuglink (GDB manual, "Separate Debug Files"); undefined without one.
 *
 * @throws ParseError `malformed` (strict mode).
 */
export function debugLink(elf: ElfFile): DebugLink | undefined {
  const section = elf.sectionNamed('.gnu_debuglink');
  if (section === undefined) return undefined;
  const bytes = elf.sectionData(section);
  const end = bytes.indexOf(0);
  // The checksum follows the name at the next multiple of 4.
  const checksumAt = (end + 4) & ~3;
  if (end < 1 || checksumAt + 4 > bytes.length) {
    elf.complain(
      new ParseError('malformed', section.offset, 'elf', '.gnu_debuglink does not hold a name and a checksum.'),
    );
    return undefined;
  }
  return { file: decodeText(bytes, 0, end), checksum: elf.reader(bytes).u32(checksumAt) };
}

/** The file that holds debug information shared by several files (written by dwz), and that file's build id. */
export function debugAlternateLink(elf: ElfFile): { readonly file: string; readonly buildId: string } | undefined {
  const section = elf.sectionNamed('.gnu_debugaltlink');
  if (section === undefined) return undefined;
  const bytes = elf.sectionData(section);
  const end = bytes.indexOf(0);
  if (end < 1) {
    elf.complain(new ParseError('malformed', section.offset, 'elf', '.gnu_debugaltlink does not hold a name.'));
    return undefined;
  }
  return { file: decodeText(bytes, 0, end), buildId: toHex(bytes.subarray(end + 1)) };
}

/** CRC-32 (ISO-HDLC, polynomial 0xEDB88320 reflected), as .gnu_debuglink uses it. Give the previous value to continue over pieces. */
export function debugLinkChecksum(bytes: Uint8Array, previous = 0): number {
  const table = checksumTable();
  let value = ~previous;
  for (const byte of bytes) value = table[(value ^ byte) & 0xff] ^ (value >>> 8);
  return ~value >>> 0;
}

function checksumTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value >>> 0;
  });
}
