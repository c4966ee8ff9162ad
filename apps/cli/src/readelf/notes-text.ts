// readelf -n: notes of sections, or of segments in core files.
import { decodeText, type ElfNote, type NoteRange, notesIn, PT, SHT } from '@elf/parse';
import {
  COMMON_NOTE_NAME,
  CORE_NOTE_NAME,
  FREEBSD_CORE_NOTE_NAME,
  FREEBSD_NOTE_NAME,
  GNU_NOTE_NAME,
  NETBSD_CORE_NOTE_NAME,
  OPENBSD_NOTE_NAME,
} from '@elf/parse/names';
import { BuildAttributeRegions, buildAttributeText } from './build-attribute-text.ts';
import { gnuPropertyText } from './gnu-property-text.ts';
import { mappedFilesText } from './mapped-files-text.ts';
import { netbsdNoteText } from './netbsd-note-text.ts';
import { noteRelocator } from './note-relocator.ts';
import { hex } from './number-text.ts';
import { printable } from './printable-text.ts';
import { type ReadelfFile, sectionName } from './readelf-file.ts';

const ET_CORE = 4;

/** Prints the notes; nothing when there are none, except where readelf has a sentence for it (its grammar is kept). */
export function printNotes(file: ReadelfFile): void {
  const { elf } = file;
  // Build attributes of one section may continue the region that another section's note began.
  const regions = new BuildAttributeRegions(elf);
  const sections = elf.sectionHeaders.filter(({ type, size }) => type === SHT.NOTE && size !== 0n);
  if (elf.fileHeader.type !== ET_CORE && sections.length > 0) {
    for (const section of sections) {
      const title = `\nDisplaying notes found in: ${printable(sectionName(file, section))}\n`;
      const range = { offset: section.offset, size: section.size, align: section.addralign };
      printRange(file, title, range, regions, noteRelocator(elf, section));
    }
    return;
  }
  const bySegments = elf.fileHeader.type === ET_CORE || elf.sectionHeaders.length === 0;
  if (bySegments && elf.programHeaders.length === 0) file.output.write('No notes found file.\n');
  for (const { type, offset, filesz, align } of elf.programHeaders) {
    if (type !== PT.NOTE || filesz === 0n) continue;
    const title = `\nDisplaying notes found at file offset 0x${hex(offset, 8)} with length 0x${hex(filesz, 8)}:\n`;
    printRange(file, title, { offset, size: filesz, align }, regions);
  }
}

function printRange(
  file: ReadelfFile,
  title: string,
  range: NoteRange,
  regions: BuildAttributeRegions,
  relocated?: (note: ElfNote) => ElfNote,
): void {
  const { elf, output } = file;
  output.write(`${title}  ${'Owner'.padEnd(20)} Data size \tDescription\n`);
  // The last note's padding may be missing from a section's size; a table ends only where a whole note no longer fits.
  const whole = { ...range, size: ((range.size + 3n) / 4n) * 4n };
  for (const note of notesIn(elf, whole)) output.write(noteText(file, relocated?.(note) ?? note, regions));
}

const isBuildAttribute = (note: ElfNote) => note.type === 0x100 || note.type === 0x101;

function noteText(file: ReadelfFile, note: ElfNote, regions: BuildAttributeRegions): string {
  const { elf, wide } = file;
  const { owner, type, description } = note;
  const size = `0x${hex(description.length, 8)}`;
  // The owner's text ends where the kind of note begins, wide; a line of its own otherwise.
  const separator = wide ? '\t' : '\n';
  if (owner === 'NetBSD') return `  NetBSD\t\t${size}\t${netbsdNoteText(elf.reader(description), type)}\n`;
  if (isBuildAttribute(note) && owner.startsWith('GA')) {
    const nameAt = Number(note.offset) + 12;
    const name = buildAttributeText(elf.source.read(nameAt, note.nameSize));
    if (name !== undefined)
      return `  ${name.padEnd(28)} ${size}\t${type === 0x100 ? 'OPEN' : 'func'}${separator}${regions.text(note)}`;
  }
  const start = `  ${(note.nameSize === 0 ? '(NONE)' : printable(owner)).padEnd(20)} ${size}\t${noteTypeText(file, note)}${separator}`;
  const body = bodyText(file, note);
  if (body !== undefined) return start + body;
  if (description.length === 0) return wide ? `${start}\n` : start;
  return `${start}   description data: ${bytesText(description)}\n`;
}

function bytesText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `${hex(byte, 2)} `).join('');
}

/** The note's kind as readelf words it. */
export function noteTypeText(file: ReadelfFile, { owner, type }: ElfNote): string {
  const isCore = file.elf.fileHeader.type === ET_CORE;
  const unknown = `Unknown note type: (0x${hex(type, 8)})`;
  if (owner === 'GNU') return GNU_NOTE_NAME[type] ?? unknown;
  if (owner === 'FreeBSD')
    return FREEBSD_NOTE_NAME[type] ?? FREEBSD_CORE_NOTE_NAME[type] ?? fallback(isCore, type) ?? unknown;
  if (owner.startsWith('NetBSD-CORE')) return netbsdCore(type) ?? unknown;
  if (owner.startsWith('OpenBSD') && OPENBSD_NOTE_NAME[type] !== undefined) return OPENBSD_NOTE_NAME[type];
  if (owner.startsWith('SPU/')) return 'SPU';
  if (owner === 'stapsdt') return type === 3 ? 'NT_STAPSDT (SystemTap probe descriptors)' : unknown;
  if (owner === 'AMDGPU' && type === 32) return 'NT_AMDGPU_METADATA (code object metadata)';
  return fallback(isCore, type) ?? unknown;
}

function fallback(isCore: boolean, type: number): string | undefined {
  return (isCore ? CORE_NOTE_NAME : COMMON_NOTE_NAME)[type];
}

function netbsdCore(type: number): string | undefined {
  const known = NETBSD_CORE_NOTE_NAME[type];
  if (known !== undefined || type < 32) return known;
  // Machine dependent ptrace requests; this numbering is that of x86 and most others.
  if (type === 33) return 'PT_GETREGS (reg structure)';
  return type === 35 ? 'PT_GETFPREGS (fpreg structure)' : `PT_FIRSTMACH+${type - 32}`;
}

/** The decoded description, undefined for the notes that are shown as bytes. */
function bodyText(file: ReadelfFile, note: ElfNote): string | undefined {
  const { elf, wide } = file;
  const { owner, type, description } = note;
  if (owner === 'GNU') return gnuBody(file, note);
  if (owner === 'stapsdt') return probeText(file, description);
  if (owner === 'CORE') {
    if (type === 0x46494c45) return mappedFilesText(elf, description);
    return wide ? '\n' : '';
  }
  if (owner === 'FDO') {
    if (type !== 0xcafe1a7e) return wide ? '\n' : '';
    return `    Packaging Metadata: ${text(description)}\n`;
  }
  return undefined;
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(bytes, 0, end === -1 ? bytes.length : end);
}

const ABI_TAG_SYSTEMS = ['Linux', 'Hurd', 'Solaris', 'FreeBSD', 'NetBSD', 'Syllable', 'NaCl'];

function gnuBody(file: ReadelfFile, { type, description }: ElfNote): string {
  const reader = file.elf.reader(description);
  if (type === 3) return `    Build ID: ${Array.from(description, (byte) => hex(byte, 2)).join('')}\n`;
  if (type === 1) {
    if (description.length < 16) return '    <corrupt GNU_ABI_TAG>\n';
    const system = ABI_TAG_SYSTEMS[reader.u32(0)] ?? 'Unknown';
    return `    OS: ${system}, ABI: ${reader.u32(4)}.${reader.u32(8)}.${reader.u32(12)}\n`;
  }
  if (type === 4) return `    Version: ${text(description)}\n`;
  if (type === 5) return `      Properties: ${gnuPropertyText(file.elf, description, file.wide)}\n`;
  if (type === 2) return `      Hardware Capabilities: ${hardwareCapabilities(file, description)}`;
  return `    Description data: ${bytesText(description)}\n`;
}

function hardwareCapabilities(file: ReadelfFile, description: Uint8Array): string {
  if (description.length < 8) return '<corrupt GNU_HWCAP>\n';
  const reader = file.elf.reader(description);
  return `num entries: ${reader.u32(0)}, enabled mask: ${hex(reader.u32(4))}\n`;
}

function probeText(file: ReadelfFile, description: Uint8Array): string {
  const { elf } = file;
  const word = elf.wordSize;
  if (description.length < 3 * word) return '  <corrupt - note is too small>\n';
  const reader = elf.reader(description);
  const address = (index: number) => `0x${hex(reader.word(index * word, word), 2 * word)}`;
  const strings: string[] = [];
  let position = 3 * word;
  for (let index = 0; index < 3; index++) {
    const end = description.indexOf(0, position);
    if (end === -1) return '  <corrupt note>\n';
    strings.push(decodeText(description, position, end));
    position = end + 1;
  }
  const [provider, name, argumentsText] = strings;
  return (
    `    Provider: ${provider}\n    Name: ${name}\n` +
    `    Location: ${address(0)}, Base: ${address(1)}, Semaphore: ${address(2)}\n    Arguments: ${argumentsText}\n`
  );
}
