// The hand-made files of the readelf corpus: every named number at least once, and the corners of the format.
import { Bytes, buildElf, type ElfPlan, noteBytes, type SectionPlan } from './build-elf.ts';

/** A file by name. */
export interface HandmadeFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const NOTE_SEGMENT = 4;
const ET_CORE = 4;

/** Machines whose own section, segment and dynamic types we name. */
const MACHINES = [3, 62, 183, 243, 258, 40, 8, 20, 21, 22, 43];
/** Machines whose relocation types we name, and whether the file is 64-bit. */
const RELOCATION_MACHINES: ReadonlyArray<readonly [machine: number, elfClass: 32 | 64, last: number]> = [
  [62, 64, 255],
  [3, 32, 255],
  [183, 64, 1100],
  [243, 64, 255],
  [258, 64, 255],
  [40, 32, 255],
  [20, 32, 255],
  [21, 64, 255],
  [22, 64, 255],
  [8, 32, 255],
  [43, 64, 255],
  [4, 32, 255],
  [247, 64, 255],
  [0x9026, 64, 255],
];

function sectionTypes(machine: number): ElfPlan {
  const types = [
    ...range(0, 1),
    7,
    ...range(10, 10),
    ...range(12, 16),
    ...range(20, 31),
    ...range(0x6000_0000, 0x6000_0008),
    0x6fff_4700,
    ...range(0x6fff_fff1, 0x6fff_fffc),
    ...range(0x7000_0000, 0x7000_002d),
    ...range(0x7fff_fffc, 0x7fff_ffff),
    0x8000_0000,
    0x8000_0001,
  ];
  return { machine, sections: types.map((type) => ({ name: `s${type.toString(16)}`, type })) };
}

function sectionFlags(machine: number, osabi: number): ElfPlan {
  const sections = range(0, 31).map((bit) => ({ name: `bit${bit}`, type: 1, flags: 2 ** bit }));
  return { machine, osabi, sections: [...sections, { name: 'all', type: 1, flags: 0xffff_ffff }] };
}

function segmentTypes(machine: number): ElfPlan {
  const types = [
    ...range(0, 9),
    ...range(0x6000_0000, 0x6000_0003),
    ...range(0x6474_e54f, 0x6474_e556),
    ...range(0x65a3_dbe5, 0x65a3_dbe8),
    0x65a4_1be6,
    ...range(0x7000_0000, 0x7000_0004),
    0x7fff_ffff,
    0x8000_0000,
  ].filter((type) => type !== 2 && type !== 3);
  return {
    machine,
    type: 2,
    segments: types.map((type, index) => ({ type, flags: index % 8, virtualAddress: 0x1000 * index })),
  };
}

function dynamicTags(machine: number, value: number): ElfPlan {
  const data = new Bytes();
  const tags = [
    ...range(1, 40),
    ...range(0x6000_000d, 0x6000_0013),
    0x6fff_efff,
    0x6fff_f000,
    0x6fff_f001,
    ...range(0x6fff_fdf0, 0x6fff_fe03),
    ...range(0x6fff_fef3, 0x6fff_ff02),
    ...range(0x6fff_ffef, 0x7000_0037),
    ...range(0x7fff_fffb, 0x7fff_ffff),
    0x8000_0000,
  ];
  // Tags that make readelf follow the value into other tables would test those tables instead.
  const followed = new Set([
    4, 5, 6, 7, 8, 10, 11, 17, 18, 22, 23, 36, 0x6ffffef5, 0x6ffffeff, 0x6ffffdf8, 0x6ffffdfe, 0x6ffffdff,
  ]);
  for (const tag of tags) if (!followed.has(tag)) data.word(tag).word(value);
  data.word(0).word(0);
  const sections: SectionPlan[] = [
    { name: '.dynamic', type: 6, data: data.done(), link: 2, entrySize: 16, alignment: 8 },
    { name: '.dynstr', type: 3, data: new Bytes().text('\0a.so\0').done() },
  ];
  return { machine, type: 3, sections, segments: [{ type: 2, section: 1 }] };
}

/** Symbols with every type, binding and visibility and with odd names and section numbers. */
function symbols(machine: number, osabi: number): ElfPlan {
  const names = new Bytes().text('\0n\0tab\there\0del\x7f\0').raw([0x62, 0xc3, 0xa9, 0x6e, 0x0a, 0]);
  const data = new Bytes();
  const one = (name: number, info: number, other: number, section: number, size: number) =>
    data.u32(name).u8(info).u8(other).u16(section).u64(0x1_2345_6789_abcdn).u64(size);
  one(0, 0, 0, 0, 0);
  for (const type of range(0, 15)) one(1, type, 0, 1, 99_999 + type);
  for (const binding of range(0, 15)) one(3, binding * 16, 0, 1, binding);
  for (const bit of range(0, 7)) one(1, 0x12, 1 << bit, 1, bit);
  for (const section of [0, 3, 4, 0xff00, 0xff02, 0xff03, 0xff04, 0xff20, 0xff3f, 0xff40, 0xfff1, 0xfff2, 0xfff3])
    one(12, 0x11, 0, section, 1);
  one(0, 3, 0, 2, 0);
  return {
    machine,
    osabi,
    sections: [
      { name: '.symtab', type: 2, data: data.done(), link: 2, info: 1, entrySize: 24, alignment: 8 },
      { name: '.strtab', type: 3, data: names.done() },
    ],
  };
}

function relocations(machine: number, elfClass: 32 | 64, last: number): ElfPlan {
  const data = new Bytes(false, elfClass);
  for (const type of range(0, last))
    data
      .word(type)
      .word(type)
      .word(type % 2 === 0 ? 0x10 : 0xffff_ffff);
  const sections = [
    { name: '.rela.all', type: 4, data: data.done(), entrySize: elfClass === 64 ? 24 : 12, alignment: 4 },
  ];
  return { machine, elfClass, sections };
}

function notes(): Uint8Array {
  const u32 = (...values: number[]) => values.reduce((bytes, value) => bytes.u32(value), new Bytes()).done();
  const text = (words: string) => new Bytes().text(words).done();
  const records: Uint8Array[] = [];
  const add = (owner: string, type: number, description: Uint8Array) =>
    records.push(noteBytes(owner, type, description));
  for (const system of range(0, 7)) add('GNU', 1, u32(system, 3, 2, 0));
  add('GNU', 2, u32(1, 1, 0));
  add('GNU', 3, u32(0x1234_5678));
  add('GNU', 4, text('gold 1.16\0'));
  add('GNU', 9, text('abcd'));
  add('Go', 4, text('abc/def'));
  add('FDO', 0xcafe_1a7e, text('{"type":"deb"}\0'));
  add('NetBSD', 1, u32(900_000_000));
  add('NetBSD', 1, u32(105_010_100));
  add('NetBSD', 3, u32(5));
  add('NetBSD', 5, text('arm\0'));
  add('OpenBSD', 1, u32(0));
  for (const type of range(1, 4)) add('FreeBSD', type, u32(1_300_139));
  add('Android', 1, u32(21));
  add('Xen', 6, text('generic\0'));
  add('stapsdt', 3, new Bytes().u64(0x1234).u64(0x5678).u64(0x9abc).text('libc\0setjmp\x008@%rdi -4@%esi\0').done());
  add('XYZ', 99, text('ab'));
  add('', 3, text('abcd'));
  add('AMDGPU', 32, text('ab'));
  return joined(records);
}

function coreNotes(big: boolean): Uint8Array {
  const types = [
    1, 2, 3, 4, 6, 0x100, 0x10f, 0x200, 0x202, 0x300, 0x30c, 0x400, 0x40a, 0x600, 0x900, 0x46e62b7f, 0x53494749,
    0xff000000, 0x777,
  ];
  const data = new Bytes(big).u32(7).done();
  return joined([
    ...types.flatMap((type) => [noteBytes('CORE', type, data, big), noteBytes('LINUX', type, data, big)]),
    ...range(7, 17).map((type) => noteBytes('FreeBSD', type, data, big)),
    ...[1, 2, 33, 35, 40].map((type) => noteBytes('NetBSD-CORE', type, data, big)),
    ...[10, 11, 20, 21, 23].map((type) => noteBytes('OpenBSD', type, data, big)),
  ]);
}

/** NT_FILE in a 32-bit core: the form that binutils 2.40 decodes. */
function mappedFiles32(): ElfPlan {
  const description = new Bytes(false, 32)
    .u32(2)
    .u32(4096)
    .u32(0x8048000)
    .u32(0x8049000)
    .u32(0)
    .u32(0xf7d0_0000)
    .u32(0xf7d2_0000)
    .u32(3)
    .text('/bin/program\0/lib/libc.so.6\0')
    .done();
  const data = noteBytes('CORE', 0x46494c45, description);
  return {
    elfClass: 32,
    machine: 3,
    type: ET_CORE,
    sections: [{ name: 'note0', type: 1, data }],
    segments: [{ type: NOTE_SEGMENT, section: 1 }],
  };
}

function properties(machine: number, elfClass: 32 | 64): ElfPlan {
  const data = new Bytes(false, elfClass);
  const word = elfClass === 64 ? 8 : 4;
  const note = new Bytes(false, elfClass);
  const one = (type: number, bytes: Uint8Array) => note.u32(type).u32(bytes.length).raw(bytes).align(word);
  const bits = (value: number) => new Bytes().u32(value).done();
  one(1, new Bytes(false, elfClass).word(0x1000).done());
  one(2, new Uint8Array(0));
  one(0xb0008000, bits(1));
  one(0xb0000001, bits(3));
  for (const type of [
    0xc0000000, 0xc0000001, 0xc0000002, 0xc0008000, 0xc0008001, 0xc0008002, 0xc0010000, 0xc0010001, 0xc0010002,
  ])
    for (const value of [0, 1, 0x4000_0003, 0xffff_ffff]) one(type, bits(value));
  one(0xc0000099, bits(3));
  one(0xe0000099, bits(3));
  data.raw(noteBytes('GNU', 5, note.done()));
  return { machine, elfClass, sections: [{ name: '.note.gnu.property', type: 7, data: data.done(), alignment: word }] };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Bytes();
  for (const part of parts) bytes.raw(part);
  return bytes.done();
}

function core(big: boolean): ElfPlan {
  const sections = [{ name: 'note0', type: 1, data: coreNotes(big) }];
  return {
    bigEndian: big,
    machine: big ? 22 : 62,
    type: ET_CORE,
    sections,
    segments: [{ type: NOTE_SEGMENT, section: 1 }],
  };
}

/** More sections than e_shnum can count, as `-ffunction-sections` on a large file makes them. */
function manySections(): Uint8Array {
  const count = 0xff05;
  const plain = buildElf({ sections: [] });
  const view = new DataView(plain.buffer);
  const sectionsAt = Number(view.getBigUint64(40, true));
  const file = new Uint8Array(sectionsAt + 64 * count);
  file.set(plain);
  const out = new DataView(file.buffer);
  // Section 1 (.shstrtab) becomes the last one; the rest stay SHT_NULL with size 1, so that nothing but numbering is tested.
  file.copyWithin(sectionsAt + 64 * (count - 1), sectionsAt + 64, sectionsAt + 128);
  file.fill(0, sectionsAt + 64, sectionsAt + 128);
  out.setUint16(60, 0, true);
  out.setUint16(62, 0xffff, true);
  out.setBigUint64(sectionsAt + 32, BigInt(count), true);
  out.setUint32(sectionsAt + 40, count - 1, true);
  return file;
}

const FLAG_VALUES: ReadonlyArray<readonly [machine: number, flags: readonly number[]]> = [
  [40, [0x5000200, 0x5000400, 0x5400402, 0x4800000, 0x3000001, 0x2000018, 0x1000004, 0x3, 0x20, 0x6000000]],
  [243, range(0, 31)],
  [258, [0x1, 0x2, 0x3, 0x41, 0x43, 0x81, 0x4]],
  [8, [0x1007, 0x70001007, 0x80000107, 0x2000, 0x008b0000, 0x00ff0000, 0xb0000000, 0x0e000000, 0x5000]],
  [20, [0x8000, 0x10000, 0x80000000]],
  [21, [0, 1, 2, 3]],
  [22, [1]],
  [43, [0x1, 0x2, 0x3, 0x300, 0x800, 0x400, 0x800000]],
];

/** All hand-made files. */
export function handmadeFiles(): readonly HandmadeFile[] {
  const plans: Array<readonly [name: string, plan: ElfPlan]> = [
    ...MACHINES.flatMap((machine) => [
      [`section-types-${machine}`, sectionTypes(machine)] as const,
      [`segment-types-${machine}`, segmentTypes(machine)] as const,
      [`dynamic-tags-${machine}`, dynamicTags(machine, 1)] as const,
    ]),
    ['dynamic-flags', dynamicTags(62, 0x7fff_ffff)],
    ...[0, 3, 9, 12].map((osabi) => [`section-flags-${osabi}`, sectionFlags(62, osabi)] as const),
    ['section-flags-arm', sectionFlags(40, 0)],
    ['section-flags-ppc', sectionFlags(20, 0)],
    ...[0, 3, 9].map((osabi) => [`symbols-${osabi}`, symbols(62, osabi)] as const),
    ...[183, 243, 40, 43, 0x9026].map((machine) => [`symbols-machine-${machine}`, symbols(machine, 0)] as const),
    ...RELOCATION_MACHINES.map(
      ([machine, elfClass, last]) => [`relocations-${machine}`, relocations(machine, elfClass, last)] as const,
    ),
    ['notes', { sections: [{ name: '.note.all', type: 7, data: notes(), alignment: 4 }] }],
    ['core-notes', core(false)],
    ['core-notes-big', core(true)],
    ['core-mapped-files-32', mappedFiles32()],
    ['properties-64', properties(62, 64)],
    ['properties-32', properties(3, 32)],
    ['properties-aarch64', properties(183, 64)],
    ...FLAG_VALUES.flatMap(([machine, values]) =>
      values.map((flags) => [`flags-${machine}-${flags.toString(16)}`, { machine, flags }] as const),
    ),
    ...range(0, 20).map((osabi) => [`osabi-${osabi}`, { osabi }] as const),
    ...[0, 4, 5, 0xfe01, 0xff02].map((type) => [`type-${type}`, { type }] as const),
    ...[...range(0, 260), 0x9026, 0xa390, 0xf00d].map((machine) => [`machine-${machine}`, { machine }] as const),
  ];
  const files = plans.map(([name, plan]) => ({ name, bytes: buildElf(plan) }));
  return [...files, { name: 'many-sections', bytes: manySections() }];
}
