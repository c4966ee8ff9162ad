// readelf -l: the segments and which sections lie in which.
import { type ProgramHeader, PT, sectionSegmentMap } from '@elf/parse';
import { MACHINE_SEGMENT_TYPE_NAME, SEGMENT_TYPE_NAME } from '@elf/parse/names';
import { fileTypeText } from './file-header-text.ts';
import { alternate, hex, prefixed } from './number-text.ts';
import { printable } from './printable-text.ts';
import { is64, type ReadelfFile, sectionName } from './readelf-file.ts';

/** p_type as readelf words it, before it is cut to the column. */
export function segmentTypeText(type: number, machine: number): string {
  const known = MACHINE_SEGMENT_TYPE_NAME[machine]?.[type] ?? SEGMENT_TYPE_NAME[type];
  if (known !== undefined) return known;
  if (type >= 0x7000_0000 && type <= 0x7fff_ffff) return `LOPROC+${offsetText(type - 0x7000_0000)}`;
  if (type >= 0x6000_0000 && type <= 0x6fff_ffff) return `LOOS+${offsetText(type - 0x6000_0000)}`;
  return `<unknown>: ${hex(type)}`;
}

function offsetText(offset: number): string {
  return offset === 0 ? '0' : `0x${hex(offset)}`;
}

/** Prints the table. `withHeader` says that -h was given, `withSections` that the caller wants nothing between for stripped files. */
export function printProgramHeaders(file: ReadelfFile, withHeader: boolean): void {
  const { elf, output, wide } = file;
  const headers = elf.programHeaders;
  const { entry, phoff } = elf.fileHeader;
  if (headers.length === 0) {
    output.write('\nThere are no program headers in this file.\n');
    return;
  }
  if (!withHeader) {
    output.write(`\nElf file type is ${fileTypeText(elf)}\nEntry point 0x${hex(entry)}\n`);
    const verb = headers.length === 1 ? 'There is 1 program header' : `There are ${headers.length} program headers`;
    output.write(`${verb}, starting at offset ${phoff}\n`);
  }
  output.write('\nProgram Headers:\n');
  if (!is64(file)) {
    output.write('  Type           Offset   VirtAddr   PhysAddr   FileSiz MemSiz  Flg Align\n');
  } else if (wide) {
    output.write('  Type           Offset   VirtAddr           PhysAddr           FileSiz  MemSiz   Flg Align\n');
  } else {
    output.write('  Type           Offset             VirtAddr           PhysAddr\n');
    output.write('                 FileSiz            MemSiz              Flags  Align\n');
  }
  for (const header of headers) {
    output.write(!is64(file) ? line32(file, header) : wide ? wideLine(file, header) : twoLines(file, header));
    if (header.type === PT.INTERP && elf.interpreter !== undefined)
      output.write(`\n      [Requesting program interpreter: ${printable(elf.interpreter)}]`);
    output.write('\n');
  }
  if (elf.sectionHeaders.length > 0) printMapping(file);
}

function typeColumn(file: ReadelfFile, header: ProgramHeader): string {
  return segmentTypeText(header.type, file.elf.fileHeader.machine).slice(0, 14).padEnd(14);
}

function flagsText({ flags }: ProgramHeader): string {
  return `${flags & 4 ? 'R' : ' '}${flags & 2 ? 'W' : ' '}${flags & 1 ? 'E' : ' '}`;
}

function line32(file: ReadelfFile, header: ProgramHeader): string {
  const place = `${prefixed(header.offset, 6)} ${prefixed(header.vaddr, 8)} ${prefixed(header.paddr, 8)}`;
  const sizes = `${prefixed(header.filesz, 5)} ${prefixed(header.memsz, 5)}`;
  return `  ${typeColumn(file, header)} ${place} ${sizes} ${flagsText(header)} ${alternate(header.align)}`;
}

function wideLine(file: ReadelfFile, header: ProgramHeader): string {
  const place = `${prefixed(header.offset, 6)} ${prefixed(header.vaddr, 16)} ${prefixed(header.paddr, 16)}`;
  const sizes = `${prefixed(header.filesz, 6)} ${prefixed(header.memsz, 6)}`;
  return `  ${typeColumn(file, header)} ${place} ${sizes} ${flagsText(header)} ${alternate(header.align)}`;
}

function twoLines(file: ReadelfFile, header: ProgramHeader): string {
  const place = `${prefixed(header.offset, 16)} ${prefixed(header.vaddr, 16)} ${prefixed(header.paddr, 16)}`;
  const sizes = `${prefixed(header.filesz, 16)} ${prefixed(header.memsz, 16)}`;
  return `  ${typeColumn(file, header)} ${place}\n                 ${sizes}  ${flagsText(header)}    ${prefixed(header.align)}`;
}

function printMapping(file: ReadelfFile): void {
  const { elf, output } = file;
  output.write('\n Section to Segment mapping:\n  Segment Sections...\n');
  sectionSegmentMap(elf).forEach((sections, index) => {
    const names = sections.map((section) => `${printable(sectionName(file, section))} `).join('');
    output.write(`   ${`${index}`.padStart(2, '0')}     ${names}\n`);
  });
}
