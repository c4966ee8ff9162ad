// readelf -h: the file header.
import type { FileHeader } from '@elf/parse';
import { dynamicValue, type ElfFile } from '@elf/parse';
import { FILE_TYPE_NAME, MACHINE_NAME, MACHINE_OSABI_NAME, OSABI_NAME } from '@elf/parse/names';
import { machineFlagWords } from './machine-flags.ts';
import { hex, prefixed } from './number-text.ts';
import type { ReadelfFile } from './readelf-file.ts';

/** DF_1_PIE of DT_FLAGS_1, which tells an executable from a library where both are ET_DYN. */
const DF_1_PIE = 0x0800_0000n;
const DT_FLAGS_1 = 0x6fff_fffbn;

/** e_type as readelf words it. */
export function fileTypeText(elf: ElfFile): string {
  const { type } = elf.fileHeader;
  const known = FILE_TYPE_NAME[type];
  if (known !== undefined) {
    const pie = type === 3 && ((dynamicValue(elf, DT_FLAGS_1) ?? 0n) & DF_1_PIE) !== 0n;
    return `${known[0]} (${pie ? 'Position-Independent Executable file' : known[1]})`;
  }
  if (type >= 0xff00) return `Processor Specific: (${hex(type)})`;
  return type >= 0xfe00 ? `OS Specific: (${hex(type)})` : `<unknown>: ${hex(type)}`;
}

/** e_machine as readelf words it. */
export function machineText(machine: number): string {
  return MACHINE_NAME[machine] ?? `<unknown>: ${prefixed(machine)}`;
}

/** EI_OSABI as readelf words it. */
export function osabiText({ osabi, machine }: FileHeader): string {
  return MACHINE_OSABI_NAME[machine]?.[osabi] ?? OSABI_NAME[osabi] ?? `<unknown: ${hex(osabi)}>`;
}

function dataText(data: number): string {
  if (data === 1) return "2's complement, little endian";
  if (data === 2) return "2's complement, big endian";
  return data === 0 ? 'none' : `<unknown: ${hex(data)}>`;
}

function classText(value: number): string {
  return value === 1 ? 'ELF32' : value === 2 ? 'ELF64' : value === 0 ? 'none' : `<unknown: ${hex(value)}>`;
}

function versionText(version: number): string {
  return version === 1 ? '1 (current)' : version === 0 ? '0' : `${version} <unknown>`;
}

/** Prints the header. Counts that do not fit their fields show the field and, in parentheses, the real number. */
export function printFileHeader(file: ReadelfFile): void {
  const { elf, output } = file;
  const header = elf.fileHeader;
  const line = (label: string, value: string) => output.write(`  ${`${label}:`.padEnd(35)}${value}\n`);
  output.write(`ELF Header:\n  Magic:   ${Array.from(header.ident, (byte) => `${hex(byte, 2)} `).join('')}\n`);
  line('Class', classText(header.ident[4]));
  line('Data', dataText(header.ident[5]));
  line('Version', versionText(header.ident[6]));
  line('OS/ABI', osabiText(header));
  line('ABI Version', `${header.abiversion}`);
  line('Type', fileTypeText(elf));
  line('Machine', machineText(header.machine));
  line('Version', prefixed(header.version));
  line('Entry point address', prefixed(header.entry));
  line('Start of program headers', `${header.phoff} (bytes into file)`);
  line('Start of section headers', `${header.shoff} (bytes into file)`);
  line('Flags', [prefixed(header.flags), ...machineFlagWords(header.machine, header.flags)].join(', '));
  line('Size of this header', `${header.ehsize} (bytes)`);
  line('Size of program headers', `${header.phentsize} (bytes)`);
  line('Number of program headers', extended(header.phnum, 0xffff, elf.programHeaders.length));
  line('Size of section headers', `${header.shentsize} (bytes)`);
  line('Number of section headers', extended(header.shnum, 0, elf.sectionHeaders.length));
  line('Section header string table index', nameTableIndex(elf));
}

function extended(field: number, marker: number, real: number): string {
  return field === marker && real !== field ? `${field} (${real})` : `${field}`;
}

function nameTableIndex(elf: ElfFile): string {
  const field = elf.fileHeader.shstrndx;
  const real = elf.sectionNameTableIndex;
  if (field === 0xffff) return `${field} (${real})`;
  return field !== 0 && field >= elf.sectionHeaders.length ? `${field} <corrupt: out of range>` : `${field}`;
}
