// One file being printed: the parsed headers, where text goes, and the few look-ups that several printers share.
import { DT, dynamicOffset, dynamicValue, type ElfFile, type SectionHeader, SHT } from '@elf/parse';
import type { Output } from './output.ts';
import { printable } from './printable-text.ts';

/** What every printer gets. */
export interface ReadelfFile {
  readonly elf: ElfFile;
  readonly output: Output;
  /** -W: one line an entry, names never cut. */
  readonly wide: boolean;
  warn(sentence: string): void;
  error(sentence: string): void;
}

/** A section's name, or `<none>`-like texts of readelf when the index has none. */
export function sectionName(file: ReadelfFile, section: SectionHeader): string {
  const { elf } = file;
  if (elf.sectionNameTableIndex === 0) return '<no-strings>';
  const names = elf.stringTable(elf.sectionNameTableIndex);
  if (names.bytes.length === 0) return '<no-strings>';
  return section.nameOffset >= names.bytes.length ? '<corrupt>' : names.at(section.nameOffset);
}

// readelf keeps a name that stands inside a sentence in a buffer of this many characters.
const SENTENCE_NAME = 256;

/** A section's name for a sentence: printable and of limited length. */
export function quotedName(file: ReadelfFile, section: SectionHeader): string {
  return printable(sectionName(file, section)).slice(0, SENTENCE_NAME);
}

/** True for a 64-bit file. */
export function is64(file: ReadelfFile): boolean {
  return file.elf.wordSize === 8;
}

/** An address in full width: 16 or 8 digits. */
export function fullAddress(file: ReadelfFile, value: bigint): string {
  return value.toString(16).padStart(2 * file.elf.wordSize, '0');
}

/** The bytes of the dynamic string table by the dynamic section, else of the section that `.dynamic` links to. */
export function dynamicStrings(file: ReadelfFile): Uint8Array | undefined {
  const { elf } = file;
  const address = dynamicValue(elf, DT.STRTAB);
  const size = dynamicValue(elf, DT.STRSZ);
  if (address !== undefined && size !== undefined) {
    const offset = dynamicOffset(elf, address, 'DT_STRTAB');
    if (offset !== undefined) return elf.readBytes(offset, size, 'the dynamic string table');
  }
  const section = elf.sectionHeaders.find(({ type }) => type === SHT.DYNAMIC);
  const linked = section && elf.section(section.link);
  return linked?.type === SHT.STRTAB ? elf.sectionData(linked) : undefined;
}
