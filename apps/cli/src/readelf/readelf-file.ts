// One file being printed: the parsed headers, where text goes, and the few look-ups that several printers share.
import { DT, dynamicOffset, dynamicValue, type ElfFile, type SectionHeader, SHT } from '@elf/parse';
import { NameTable } from './name-table.ts';
import type { Output } from './output.ts';

/** What every printer gets. */
export interface ReadelfFile {
  readonly elf: ElfFile;
  readonly output: Output;
  /** The names of the sections, undefined when the file has none. */
  readonly names: NameTable | undefined;
  /** -W: one line an entry, names never cut. */
  readonly wide: boolean;
  warn(sentence: string): void;
  error(sentence: string): void;
}

/** A section's name, printable, or readelf's words for a missing one. */
export function sectionName({ names }: ReadelfFile, section: SectionHeader): string {
  return names === undefined ? '<no-strings>' : (names.at(section.nameOffset) ?? '<corrupt>');
}

/** The section names of a file; undefined when it has none. */
export function sectionNamesOf(elf: ElfFile): NameTable | undefined {
  const index = elf.sectionNameTableIndex;
  if (index === 0 || elf.section(index) === undefined) return undefined;
  const { bytes } = elf.stringTable(index);
  return bytes.length === 0 ? undefined : new NameTable(bytes);
}

// readelf keeps a name that stands inside a sentence in a buffer of this many characters.
const SENTENCE_NAME = 256;

/** A section's name for a sentence: of limited length. */
export function quotedName(file: ReadelfFile, section: SectionHeader): string {
  return sectionName(file, section).slice(0, SENTENCE_NAME);
}

/** True for a 64-bit file. */
export function is64(file: ReadelfFile): boolean {
  return file.elf.wordSize === 8;
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
