// readelf -A: build attributes in the sections that ARM, RISC-V and GNU tools write.
import { type ByteReader, decodeText, type SectionHeader } from '@elf/parse';
import { ARM_ATTRIBUTES, type AttributeTag, RISCV_ATTRIBUTES } from './attribute-tags.ts';
import { printMipsAbiFlags } from './mips-abi-flags.ts';
import type { ReadelfFile } from './readelf-file.ts';

const SHT_GNU_ATTRIBUTES = 0x6ffffff5;
const SHT_PROCESSOR_ATTRIBUTES = 0x70000003;
const SHT_MIPS_ABIFLAGS = 0x7000002a;
const EM_MIPS = 8;
const EM_ARM = 40;
const EM_RISCV = 243;

/** Prints the attributes; nothing for machines that have none. */
export function printArchitecture(file: ReadelfFile): void {
  const { machine } = file.elf.fileHeader;
  const own: Readonly<Record<number, Readonly<Record<number, AttributeTag>>>> = {
    [EM_ARM]: ARM_ATTRIBUTES,
    [EM_RISCV]: RISCV_ATTRIBUTES,
  };
  for (const section of file.elf.sectionHeaders) {
    if (section.type === SHT_PROCESSOR_ATTRIBUTES && own[machine] !== undefined)
      printAttributes(file, section, machine === EM_ARM ? 'aeabi' : 'riscv', own[machine]);
    if (section.type === SHT_MIPS_ABIFLAGS && machine === EM_MIPS) printMipsAbiFlags(file, section);
    if (section.type === SHT_GNU_ATTRIBUTES) printAttributes(file, section, 'gnu', {});
  }
}

function printAttributes(
  file: ReadelfFile,
  section: SectionHeader,
  vendor: string,
  tags: Readonly<Record<number, AttributeTag>>,
): void {
  const { elf, output } = file;
  const reader = elf.reader(elf.sectionData(section));
  if (reader.length === 0 || reader.u8(0) !== 0x41) {
    file.warn(
      `Unknown attributes version '${reader.length === 0 ? '' : String.fromCharCode(reader.u8(0))}' - expecting 'A'`,
    );
    return;
  }
  let position = 1;
  while (position + 4 <= reader.length) {
    const size = reader.u32(position);
    if (size < 6 || position + size > reader.length) {
      file.warn('An attribute section is shorter than it says.');
      return;
    }
    const nameEnd = reader.bytes.indexOf(0, position + 4);
    const name = decodeText(reader.bytes, position + 4, nameEnd);
    output.write(`Attribute Section: ${name}\n`);
    const decoded = name === vendor ? tags : {};
    printSubsections(file, reader, nameEnd + 1, position + size, decoded);
    position += size;
  }
}

function printSubsections(
  file: ReadelfFile,
  reader: ByteReader,
  start: number,
  end: number,
  tags: Readonly<Record<number, AttributeTag>>,
): void {
  const { output } = file;
  let position = start;
  while (position + 5 <= end) {
    const tag = reader.u8(position);
    const size = reader.u32(position + 1);
    if (size < 5 || position + size > end) return;
    const title = { 1: 'File Attributes', 2: 'Section Attributes:', 3: 'Symbol Attributes:' }[tag];
    output.write(`${title ?? `Unknown tag: ${tag}`}\n`);
    let at = position + 5;
    const limit = position + size;
    // Sections and symbols are listed first, up to a zero.
    if (tag === 2 || tag === 3) {
      let number: number;
      do [number, at] = leb128(reader, at, limit);
      while (number !== 0 && at < limit);
    }
    while (at < limit) at = printAttribute(file, reader, at, limit, tags);
    position = limit;
  }
}

function printAttribute(
  file: ReadelfFile,
  reader: ByteReader,
  start: number,
  limit: number,
  tags: Readonly<Record<number, AttributeTag>>,
): number {
  const { output } = file;
  const [tag, at] = leb128(reader, start, limit);
  const known = tags[tag];
  // Unknown tags follow the rule of the ABI: even ones are numbers, odd ones strings.
  const isText = known === undefined ? (tag & 1) === 1 : known.kind === 'text';
  const label = known === undefined ? `Tag_unknown_${tag}` : `Tag_${known.name}`;
  if (isText) {
    const end = reader.bytes.indexOf(0, at);
    const stop = end === -1 || end >= limit ? limit : end;
    output.write(`  ${label}: "${decodeText(reader.bytes, at, stop)}"\n`);
    return stop + 1;
  }
  const [value, next] = leb128(reader, at, limit);
  const word = known?.words?.[value];
  output.write(
    known === undefined
      ? `  ${label}: ${value} (0x${value.toString(16)})\n`
      : `  ${label}: ${word ?? known.other?.(value) ?? `??? (${value})`}\n`,
  );
  return next;
}

function leb128(reader: ByteReader, start: number, limit: number): [value: number, next: number] {
  let value = 0;
  let position = start;
  let scale = 1;
  while (position < limit) {
    const byte = reader.u8(position++);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
    scale *= 128;
  }
  return [value, position];
}
