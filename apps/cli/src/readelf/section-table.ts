// readelf -S: the section table.
import type { SectionHeader } from '@elf/parse';
import { MACHINE_SECTION_TYPE_NAME, SECTION_FLAG_LETTER, SECTION_TYPE_NAME } from '@elf/parse/names';
import { hex } from './number-text.ts';
import { fitted } from './printable-text.ts';
import { is64, type ReadelfFile, sectionName } from './readelf-file.ts';

const MASK_OS = 0x0ff0_0000n;
const MASK_PROCESSOR = 0xf000_0000n;
const EXCLUDE = 0x8000_0000n;
const RETAIN = 0x20_0000n;
const MBIND = 0x0100_0000n;
const X86_64_LARGE = 0x1000_0000n;
const ARM_PURECODE = 0x2000_0000n;
const PPC_VLE = 0x1000_0000n;
const X86_64_MACHINES = [62, 180, 181];
// EI_OSABI values under which the GNU bits in SHF_MASKOS have their meaning.
const GNU_OSABI = [0, 3, 9];

/** sh_type as readelf words it. */
export function sectionTypeText(type: number, machine: number): string {
  const known = MACHINE_SECTION_TYPE_NAME[machine]?.[type] ?? SECTION_TYPE_NAME[type];
  if (known !== undefined) return known;
  if (type >= 0x7000_0000 && type <= 0x7fff_ffff) return `LOPROC+${offsetText(type - 0x7000_0000)}`;
  if (type >= 0x6000_0000 && type <= 0x6fff_ffff) return `LOOS+${offsetText(type - 0x6000_0000)}`;
  if (type >= 0x8000_0000) return `LOUSER+${offsetText(type - 0x8000_0000)}`;
  return `${hex(type, 8)}: <unknown>`;
}

function offsetText(offset: number): string {
  return offset === 0 ? '0' : `0x${hex(offset)}`;
}

/** sh_flags as letters. */
export function sectionFlagText(file: ReadelfFile, flags: bigint): string {
  const { machine, osabi } = file.elf.fileHeader;
  let rest = flags;
  let letters = '';
  while (rest !== 0n) {
    const bit = rest & -rest;
    rest &= ~bit;
    const known = SECTION_FLAG_LETTER.find(([value]) => value === bit)?.[1];
    if (known !== undefined) letters += known;
    else if (bit === X86_64_LARGE && X86_64_MACHINES.includes(machine)) letters += 'l';
    else if (bit === ARM_PURECODE && machine === 40) letters += 'y';
    else if (bit === PPC_VLE && machine === 20) letters += 'v';
    else if (bit === EXCLUDE) letters += 'E';
    else if (bit === RETAIN && osabi !== 0 && GNU_OSABI.includes(osabi)) letters += 'R';
    else if (bit === MBIND && GNU_OSABI.includes(osabi)) letters += 'D';
    else if ((bit & MASK_OS) !== 0n) {
      letters += 'o';
      rest &= ~MASK_OS;
    } else if ((bit & MASK_PROCESSOR) !== 0n) {
      letters += 'p';
      rest &= ~MASK_PROCESSOR;
    } else letters += 'x';
  }
  return letters;
}

/** Prints the table; `withHeader` says that -h was given, which already names the count and the offset. */
export function printSectionTable(file: ReadelfFile, withHeader: boolean): void {
  const { elf, output, wide } = file;
  const sections = elf.sectionHeaders;
  if (sections.length === 0) {
    output.write('\nThere are no sections in this file.\n');
    return;
  }
  if (!withHeader) {
    const { shoff } = elf.fileHeader;
    const verb = sections.length === 1 ? 'There is 1 section header' : `There are ${sections.length} section headers`;
    output.write(`${verb}, starting at offset 0x${hex(shoff)}:\n`);
  }
  output.write(sections.length > 1 ? '\nSection Headers:\n' : '\nSection Header:\n');
  const long = is64(file) && !wide;
  if (!is64(file)) {
    output.write('  [Nr] Name              Type            Addr     Off    Size   ES Flg Lk Inf Al\n');
  } else if (wide) {
    output.write('  [Nr] Name              Type            Address          Off    Size   ES Flg Lk Inf Al\n');
  } else {
    output.write('  [Nr] Name              Type             Address           Offset\n');
    output.write('       Size              EntSize          Flags  Link  Info  Align\n');
  }
  for (const section of sections) output.write(long ? twoLines(file, section) : oneLine(file, section));
  output.write(keyToFlags(file));
}

function start(file: ReadelfFile, section: SectionHeader): string {
  const name = fitted(sectionName(file, section), -17, file.wide);
  return `  [${`${section.index}`.padStart(2)}] ${name}`;
}

function oneLine(file: ReadelfFile, section: SectionHeader): string {
  const words = sectionTypeText(section.type, file.elf.fileHeader.machine);
  const type = (file.wide ? words : words.slice(0, 15)).padEnd(15);
  const address = hex(section.addr, 2 * file.elf.wordSize);
  const place = `${hex(section.offset, 6)} ${hex(section.size, 6)} ${hex(section.entsize, 2)}`;
  const flags = sectionFlagText(file, section.flags).padStart(3);
  const link = `${section.link}`.padStart(2);
  const info = `${section.info}`.padStart(3);
  return `${start(file, section)} ${type} ${address} ${place} ${flags} ${link} ${info} ${`${section.addralign}`.padStart(2)}\n`;
}

function twoLines(file: ReadelfFile, section: SectionHeader): string {
  const type = sectionTypeText(section.type, file.elf.fileHeader.machine).slice(0, 15).padEnd(15);
  const offset = section.offset >> 32n === 0n ? hex(section.offset, 8) : hex(section.offset, 16);
  const flags = sectionFlagText(file, section.flags).padStart(3);
  const numbers = `${`${section.link}`.padStart(2)}   ${`${section.info}`.padStart(3)}     ${section.addralign}`;
  return (
    `${start(file, section)} ${type}  ${hex(section.addr, 16)}  ${offset}\n` +
    `       ${hex(section.size, 16)}  ${hex(section.entsize, 16)} ${flags}      ${numbers}\n`
  );
}

function keyToFlags(file: ReadelfFile): string {
  const { machine, osabi } = file.elf.fileHeader;
  const gnu = GNU_OSABI.includes(osabi);
  const last = [
    gnu && osabi !== 0 ? 'R (retain)' : '',
    gnu ? 'D (mbind)' : '',
    X86_64_MACHINES.includes(machine) ? 'l (large)' : '',
    machine === 40 ? 'y (purecode)' : '',
    machine === 20 ? 'v (VLE)' : '',
    'p (processor specific)',
  ].filter((words) => words !== '');
  return (
    'Key to Flags:\n  W (write), A (alloc), X (execute), M (merge), S (strings), I (info),\n' +
    '  L (link order), O (extra OS processing required), G (group), T (TLS),\n' +
    '  C (compressed), x (unknown), o (OS specific), E (exclude),\n' +
    `  ${last.join(', ')}\n`
  );
}

/** readelf -g: the section groups. */
export function printSectionGroups(file: ReadelfFile): void {
  const { elf, output } = file;
  const groups = elf.sectionHeaders.filter(({ type }) => type === 17);
  if (groups.length === 0) {
    output.write('\nThere are no section groups in this file.\n');
    return;
  }
  for (const group of groups) {
    const words = elf.reader(elf.sectionData(group));
    const members = Math.max(0, Math.floor(words.length / 4) - 1);
    const symbols = elf.section(group.link);
    const signature = symbols && elf.symbols(symbols);
    const symbol = signature && group.info < signature.count ? signature.at(group.info) : undefined;
    const name = symbol?.name || (symbol && elf.sectionName(symbol.sectionIndex)) || '<corrupt>';
    const kind = words.length >= 4 && words.u32(0) & 1 ? 'COMDAT ' : '';
    output.write(
      `\n${kind}group section [${`${group.index}`.padStart(5)}] \`${sectionName(file, group)}' [${name}] contains ${members} sections:\n`,
    );
    output.write('   [Index]    Name\n');
    for (let index = 1; index <= members; index++) {
      const member = elf.section(words.u32(4 * index));
      output.write(
        `   [${`${words.u32(4 * index)}`.padStart(5)}]   ${member ? sectionName(file, member) : '<corrupt>'}\n`,
      );
    }
  }
}
