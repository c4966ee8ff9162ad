// readelf -x and -p: a section as bytes or as strings.
import { decodeText, type SectionHeader, SHT } from '@elf/parse';
import { hex } from './number-text.ts';
import { quotedName, type ReadelfFile, sectionName } from './readelf-file.ts';

/** Finds sections by number or by name; every section of a name is meant. */
export function sectionsNamed(file: ReadelfFile, numberOrName: string): readonly SectionHeader[] {
  const { elf } = file;
  if (/^(0x[0-9a-fA-F]+|\d+)$/.test(numberOrName)) {
    const section = elf.section(Number(numberOrName));
    return section === undefined ? [] : [section];
  }
  return elf.sectionHeaders.filter((section) => sectionName(file, section) === numberOrName);
}

/** Prints 16 bytes a line in four groups, with the address and the characters. */
export function printHexDump(file: ReadelfFile, section: SectionHeader): void {
  const { elf, output } = file;
  const name = quotedName(file, section);
  if (section.size === 0n || section.type === SHT.NOBITS) {
    output.write(`Section '${name}' has no data to dump.\n`);
    return;
  }
  output.write(`\nHex dump of section '${name}':\n`);
  if (hasRelocations(file, section))
    output.write(' NOTE: This section has relocations against it, but these have NOT been applied to this dump.\n');
  const bytes = elf.sectionData(section);
  for (let start = 0; start < bytes.length; start += 16) {
    const line = bytes.subarray(start, start + 16);
    let digits = '';
    let characters = '';
    for (let index = 0; index < 16; index++) {
      digits += index < line.length ? hex(line[index], 2) : '  ';
      if (index % 4 === 3) digits += ' ';
      const byte = line[index];
      if (byte !== undefined) characters += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
    }
    output.write(`  0x${hex(section.addr + BigInt(start), 8)} ${digits}${characters}\n`);
  }
  output.write('\n');
}

/** Prints every run of printable characters with its offset. */
export function printStringDump(file: ReadelfFile, section: SectionHeader): void {
  const { elf, output } = file;
  const name = quotedName(file, section);
  if (section.size === 0n || section.type === SHT.NOBITS) {
    output.write(`Section '${name}' has no data to dump.\n`);
    return;
  }
  output.write(`\nString dump of section '${name}':\n`);
  if (hasRelocations(file, section))
    output.write('  Note: This section has relocations against it, but these have NOT been applied to this dump.\n');
  const bytes = elf.sectionData(section);
  let found = false;
  let continues = false;
  let position = 0;
  while (true) {
    while (position < bytes.length && !isPrintable(bytes[position])) position++;
    if (position >= bytes.length) break;
    const end = lineEnd(bytes, position);
    // A string with a line feed goes on in the next line without an offset of its own.
    const start = continues ? ' '.repeat(12) : `  [${hex(position).padStart(6)}]  `;
    const isLine = bytes[end] === LINE_FEED;
    continues = isLine && bytes[end + 1] !== 0;
    output.write(`${start}${visible(decodeText(bytes, position, end))}${isLine ? '\\n' : ''}\n`);
    found = true;
    position = end + 1;
  }
  output.write(found ? '\n' : '  No strings found in this section.\n\n');
}

const LINE_FEED = 0x0a;

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}

function lineEnd(bytes: Uint8Array, start: number): number {
  let end = start;
  while (end < bytes.length && bytes[end] !== 0 && bytes[end] !== LINE_FEED) end++;
  return end;
}

/** Control characters as ^X; bytes that are no UTF-8 as the replacement character. */
function visible(text: string): string {
  return text
    .replace(/[\u0000-\u001f]/g, (control) => `^${String.fromCharCode(control.charCodeAt(0) + 0x40)}`)
    .replace(/[\udc80-\udcff](?<![\ud800-\udbff].)/g, '\ufffd');
}

function hasRelocations(file: ReadelfFile, section: SectionHeader): boolean {
  return file.elf.sectionHeaders.some(
    ({ type, info, size }) =>
      (type === SHT.REL || type === SHT.RELA) && info === section.index && size !== 0n && section.index !== 0,
  );
}
