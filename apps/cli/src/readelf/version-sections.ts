// readelf -V: the three version sections.
import { readSymbolVersions, type SectionHeader, SHT, type SymbolVersions, VERSYM_HIDDEN } from '@elf/parse';
import { counted, hex } from './number-text.ts';
import { printable } from './printable-text.ts';
import { quotedName, type ReadelfFile, sectionName } from './readelf-file.ts';

const FLAG_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [1, 'BASE'],
  [2, 'WEAK'],
  [4, 'INFO'],
];

/** Version flags joined by " | ", `none` for zero. */
export function versionFlagText(flags: number): string {
  if (flags === 0) return 'none';
  const names = FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  if ((flags & ~7) !== 0) names.push('<unknown>');
  // A trailing separator belongs to readelf's format only between names.
  return names.join(' | ');
}

/** Prints the sections in file order, or the sentence that says there are none. */
export function printVersionSections(file: ReadelfFile): void {
  const { elf, output } = file;
  const types: readonly number[] = [SHT.GNU_VERSYM, SHT.GNU_VERDEF, SHT.GNU_VERNEED];
  const sections = elf.sectionHeaders.filter(({ type }) => types.includes(type));
  if (sections.length === 0) {
    output.write('\nNo version information found in this file.\n');
    return;
  }
  const versions = readSymbolVersions(elf);
  for (const section of sections) {
    if (section.type === SHT.GNU_VERSYM) printSymbols(file, section, versions);
    else if (section.type === SHT.GNU_VERDEF) printDefinitions(file, section, versions);
    else printNeeds(file, section, versions);
  }
}

function title(file: ReadelfFile, section: SectionHeader, kind: string, count: number): string {
  const linked = file.elf.section(section.link);
  const link = linked === undefined ? '<corrupt>' : sectionName(file, linked);
  return (
    `\nVersion ${kind} section '${quotedName(file, section)}' contains ${counted(count, 'entry', 'entries')}:\n` +
    ` Addr: 0x${hex(section.addr, 16)}  Offset: 0x${hex(section.offset, 8)}  Link: ${section.link} (${printable(link)})\n`
  );
}

function printDefinitions(file: ReadelfFile, section: SectionHeader, versions: SymbolVersions): void {
  const { output } = file;
  output.write(title(file, section, 'definition', section.info));
  for (const { offset, revision, flags, index, nameCount, names } of versions.definitions) {
    const name = names.length > 0 ? printable(names[0].name) : '<corrupt>';
    // readelf writes the first offset without 0x: %#06x leaves zero alone.
    output.write(
      `  ${padded(offset)}: Rev: ${revision}  Flags: ${versionFlagText(flags)}  Index: ${index}  Cnt: ${nameCount}  Name: ${name}\n`,
    );
    names.slice(1).forEach((parent, position) => {
      output.write(`  ${padded(parent.offset)}: Parent ${position + 1}: ${printable(parent.name)}\n`);
    });
  }
}

function printNeeds(file: ReadelfFile, section: SectionHeader, versions: SymbolVersions): void {
  const { output } = file;
  output.write(title(file, section, 'needs', section.info));
  for (const { offset, revision, file: other, entries, entryCount } of versions.needs) {
    output.write(`  ${padded(offset)}: Version: ${revision}  File: ${printable(other)}  Cnt: ${entryCount}\n`);
    for (const entry of entries)
      output.write(
        `  ${padded(entry.offset)}:   Name: ${printable(entry.name)}  Flags: ${versionFlagText(entry.flags)}  Version: ${entry.index}\n`,
      );
  }
}

function padded(offset: number): string {
  return offset === 0 ? '000000' : `0x${hex(offset, 4)}`;
}

function printSymbols(file: ReadelfFile, section: SectionHeader, versions: SymbolVersions): void {
  const { output } = file;
  const indices = versions.indices ?? new Uint16Array(0);
  output.write(title(file, section, 'symbols', indices.length));
  const names = new Map<number, string>();
  for (const { entries } of versions.needs) for (const { index, name } of entries) names.set(index, name);
  // A definition's own name wins over a needed version of the same index.
  for (const { index, names: own } of versions.definitions) if (own.length > 0) names.set(index, own[0].name);
  for (let start = 0; start < indices.length; start += 4) {
    let line = `  ${hex(start, 3)}:`;
    for (let index = start; index < Math.min(start + 4, indices.length); index++) line += column(indices[index], names);
    output.write(`${line}\n`);
  }
  // One more line feed stands between this section and the next in readelf's output only when something follows.
}

function column(field: number, names: ReadonlyMap<number, string>): string {
  if (field === 0) return '   0 (*local*)    ';
  if (field === 1) return '   1 (*global*)   ';
  const index = field & ~VERSYM_HIDDEN;
  const text = `${hex(index).padStart(4)}${(field & VERSYM_HIDDEN) !== 0 ? 'h' : ' '}`;
  const name = names.get(index) ?? '*invalid*';
  return `${text}(${printable(name)}${')'.padEnd(Math.abs(12 - name.length))}`;
}
