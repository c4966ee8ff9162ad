// readelf -d: the dynamic section.
import { DT, type DynamicEntry, type ElfFile, findDynamic } from '@elf/parse';
import {
  DYNAMIC_FEATURE,
  DYNAMIC_FLAG,
  DYNAMIC_FLAG_1,
  DYNAMIC_POSITION_FLAG_1,
  DYNAMIC_TAG_NAME,
  MACHINE_DYNAMIC_TAG_NAME,
} from '@elf/parse/names';
import { NameTable } from './name-table.ts';
import { counted, hex, prefixed } from './number-text.ts';
import { dynamicStrings, is64, type ReadelfFile } from './readelf-file.ts';

// DT_GNU_FLAGS_1 (binutils' include/elf/common.h).
const GNU_FLAGS_1 = [[1, 'UNIQUE']] as const;

type Flags = readonly (readonly [bit: number, name: string])[];

/** d_tag as readelf words it. */
export function dynamicTagText(tag: bigint, machine: number): string {
  const number = Number(tag & 0xffff_ffffn);
  const known =
    tag >> 32n === 0n ? (DYNAMIC_TAG_NAME[number] ?? MACHINE_DYNAMIC_TAG_NAME[machine]?.[number]) : undefined;
  if (known !== undefined) return known;
  if (tag >= 0x7000_0000n && tag <= 0x7fff_ffffn) return `Processor Specific: ${hex(tag)}`;
  if (tag >= 0x6000_000dn && tag <= 0x6fff_f000n) return `Operating System specific: ${hex(tag)}`;
  return `<unknown>: ${hex(tag)}`;
}

const SIZES: readonly number[] = [
  2, 8, 9, 10, 11, 18, 19, 27, 28, 33, 35, 37, 0x6ffffdf6, 0x6ffffdf7, 0x6ffffdf9, 0x6ffffdfa, 0x6ffffdfb,
];
const COUNTS: readonly number[] = [0x6ffffff9, 0x6ffffffa, 0x6ffffffd, 0x6fffffff];
const DT_USED = 0x7ffffffe;
const STRINGS: Readonly<Record<number, string>> = {
  1: 'Shared library',
  14: 'Library soname',
  15: 'Library rpath',
  29: 'Library runpath',
  [0x6ffffefa]: 'Configuration file',
  [0x6ffffefb]: 'Dependency audit library',
  [0x6ffffefc]: 'Audit library',
  [0x7ffffffd]: 'Auxiliary library',
  [0x7ffffffe]: 'Not needed object',
  [0x7fffffff]: 'Filter library',
};
const FLAG_ENTRIES: Readonly<Record<number, Flags>> = {
  [0x6ffffdfc]: DYNAMIC_FEATURE,
  [0x6ffffdfd]: DYNAMIC_POSITION_FLAG_1,
  [0x6ffffffb]: DYNAMIC_FLAG_1,
};
// MIPS tags that are counts (decimal) rather than addresses.
const MIPS_COUNTS = [0x01, 0x0a, 0x0b, 0x10, 0x11, 0x12, 0x14, 0x18, 0x1a, 0x1c, 0x1e, 0x21, 0x2f];

/** The entries up to and with DT_NULL, as readelf counts them. */
export function allDynamicEntries(elf: ElfFile): readonly DynamicEntry[] {
  const entries = elf.dynamicEntries();
  return findDynamic(elf) === undefined || entries.length === 0 ? entries : [...entries, { tag: 0n, value: 0n }];
}

/** Prints the section, or the sentence that says there is none. */
export function printDynamicSection(file: ReadelfFile): void {
  const { elf, output } = file;
  const location = findDynamic(elf);
  const entries = allDynamicEntries(elf);
  if (location === undefined || entries.length === 0) {
    output.write('\nThere is no dynamic section in this file.\n');
    return;
  }
  output.write(
    `\nDynamic section at offset 0x${hex(location.offset)} contains ${counted(entries.length, 'entry', 'entries')}:\n`,
  );
  output.write('  Tag        Type                         Name/Value\n');
  const names = new NameTable(dynamicStrings(file) ?? new Uint8Array(0));
  const { machine } = elf.fileHeader;
  for (const { tag, value } of entries) {
    const type = dynamicTagText(tag, machine);
    // A name longer than the column turns the width negative, which C's %*s takes as padding on the right.
    const padding = Math.max(1, Math.abs((is64(file) ? 19 : 27) - type.length));
    const start = ` 0x${hex(tag, 2 * elf.wordSize)} (${type})${' '.repeat(padding)}`;
    output.write(`${start}${valueText(file, names, Number(tag & 0xffff_ffffn), value)}\n`);
  }
}

function valueText(file: ReadelfFile, names: NameTable, tag: number, value: bigint): string {
  const label = STRINGS[tag];
  if (label !== undefined) return stringText(file, names, tag, label, value);
  if (SIZES.includes(tag)) return `${value} (bytes)`;
  if (COUNTS.includes(tag)) return `${value}`;
  if (tag === 30) return flagText(value);
  const flags = FLAG_ENTRIES[tag];
  if (flags !== undefined) return `Flags: ${flagList(flags, value)}`;
  if (tag === 0x6ffffdf4) return `Flags: ${flagList(GNU_FLAGS_1, value)}`;
  if (tag === 0x6ffffdf5) return timeText(value);
  if (tag === 20) return dynamicTagText(value, file.elf.fileHeader.machine);
  if (tag === 24) return '';
  return machineValueText(file, names, tag, value);
}

function stringText(file: ReadelfFile, names: NameTable, tag: number, label: string, value: bigint): string {
  const name = value < BigInt(names.bytes.length) ? names.at(Number(value)) : undefined;
  // Entries that are rarely used keep their label even when the string is missing.
  if (name === undefined) return tag < 0x100 || tag === DT_USED ? prefixed(value) : `${label}: ${prefixed(value)}`;
  // readelf marks the needed library that is also the interpreter.
  const interpreter = tag === 1 && name === file.elf.interpreter ? ' program interpreter' : '';
  return `${label}: [${name}]${interpreter}`;
}

/** DT_FLAGS: names without a label; readelf calls every bit it does not know "unknown". */
function flagText(value: bigint): string {
  const names = DYNAMIC_FLAG.filter(([bit]) => (value & BigInt(bit)) !== 0n).map(([, name]) => name);
  const known = DYNAMIC_FLAG.reduce((bits, [bit]) => bits | BigInt(bit), 0n);
  for (let rest = value & ~known; rest !== 0n; rest &= rest - 1n) names.push('unknown');
  return names.join(' ');
}

function flagList(flags: Flags, value: bigint): string {
  if (value === 0n) return 'None';
  const names = flags.filter(([bit]) => (value & BigInt(bit)) !== 0n).map(([, name]) => name);
  const rest = flags.reduce((bits, [bit]) => bits & ~BigInt(bit), value);
  return [...names, ...(rest === 0n ? [] : [hex(rest)])].join(' ');
}

function timeText(value: bigint): string {
  return new Date(Number(value) * 1000).toISOString().slice(0, 19);
}

function machineValueText(file: ReadelfFile, names: NameTable, tag: number, value: bigint): string {
  const { machine } = file.elf.fileHeader;
  if (machine === 183 && (tag === 0x7000_0001 || tag === 0x7000_0003)) return '';
  if (machine !== 8 || tag < 0x7000_0000 || tag > 0x7000_0036) return prefixed(value);
  const own = tag - 0x7000_0000;
  if (MIPS_COUNTS.includes(own)) return `${value}`;
  if (own === 2) return `Time Stamp: ${timeText(value)}`;
  if (own === 4) return `Interface Version: ${names.at(Number(value)) ?? prefixed(value)}`;
  return own === 5 ? mipsFlags(value) : prefixed(value);
}

const MIPS_FLAG_NAMES = (
  'QUICKSTART NOTPOT NO_LIBRARY_REPLACEMENT NO_MOVE SGI_ONLY GUARANTEE_INIT DELTA_C_PLUS_PLUS GUARANTEE_START_INIT ' +
  'PIXIE DEFAULT_DELAY_LOAD REQUICKSTART REQUICKSTARTED CORD NO_UNRES_UNDEF RLD_ORDER_SAFE'
).split(' ');

function mipsFlags(value: bigint): string {
  if (value === 0n) return 'NONE';
  return MIPS_FLAG_NAMES.filter((_, bit) => ((value >> BigInt(bit)) & 1n) === 1n).join(' ');
}

/** True when the dynamic section has relocations by its size entries, for the hint that readelf gives. */
export function hasDynamicRelocations(elf: ElfFile): boolean {
  const sizes: readonly bigint[] = [DT.RELSZ, DT.RELASZ, DT.PLTRELSZ, DT.RELRSZ];
  return elf.dynamicEntries().some(({ tag, value }) => sizes.includes(tag) && value !== 0n);
}
