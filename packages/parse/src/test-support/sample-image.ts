// One image that holds every structure the parser knows; the seed of the unit tests and of the fuzzer.
import { gnuHashOf } from '../formats/elf/gnu-hash.ts';
import { sysvHashOf } from '../formats/elf/sysv-hash.ts';
import { ByteWriter } from './byte-writer.ts';
import { buildImage, type ImageShape, type Lookup, type SectionPlan, type SegmentPlan } from './elf-image.ts';

const NAMES = [
  '',
  'puts',
  'beta',
  'alpha',
  'gamma',
  'libsample.so',
  'libc.so.6',
  'SAMPLE_1.0',
  'SAMPLE_2.0',
  'GLIBC_2.2.5',
  '/opt/lib',
];

const nameOffset = (name: string) =>
  NAMES.slice(0, NAMES.indexOf(name)).reduce((sum, text) => sum + text.length + 1, 0);

function symbol(writer: ByteWriter, name: number, info: number, section: number, value: bigint, size: number): void {
  if (writer.wordSize === 8) writer.u32(name).u8(info, 0).u16(section).words(value, size);
  else writer.u32(name).words(value, size).u8(info, 0).u16(section);
}

/** alpha is a function at the start of .text, gamma a weak one behind it, beta an object in .data; puts is undefined. */
function symbols(writer: ByteWriter, lookup: Lookup): void {
  const text = lookup.address('.text');
  symbol(writer, 0, 0, 0, 0n, 0);
  symbol(writer, nameOffset('puts'), 0x12, 0, 0n, 0);
  const defined = {
    alpha: () => symbol(writer, nameOffset('alpha'), 0x12, lookup.index('.text'), text, 16),
    beta: () => symbol(writer, nameOffset('beta'), 0x11, lookup.index('.data'), lookup.address('.data'), 8),
    gamma: () => symbol(writer, nameOffset('gamma'), 0x22, lookup.index('.text'), text + 16n, 16),
  };
  for (const name of HASHED) defined[name]();
}

const BUCKETS = 2;
/** DT_GNU_HASH demands symbols sorted by bucket. */
const HASHED = (['alpha', 'beta', 'gamma'] as const).toSorted(
  (a, b) => (gnuHashOf(a) % BUCKETS) - (gnuHashOf(b) % BUCKETS),
);

function gnuHash(writer: ByteWriter): void {
  const bits = 8 * writer.wordSize;
  let bloom = 0n;
  for (const name of HASHED)
    bloom |= (1n << BigInt(gnuHashOf(name) % bits)) | (1n << BigInt((gnuHashOf(name) >>> 5) % bits));
  writer.u32(BUCKETS, 2, 1, 5).words(bloom);
  const bucketOf = HASHED.map((name) => gnuHashOf(name) % BUCKETS);
  for (let bucket = 0; bucket < BUCKETS; bucket++)
    writer.u32(bucketOf.includes(bucket) ? bucketOf.indexOf(bucket) + 2 : 0);
  for (const [index, name] of HASHED.entries())
    writer.u32((gnuHashOf(name) & ~1) | (bucketOf[index + 1] === bucketOf[index] ? 0 : 1));
}

function sysvHash(writer: ByteWriter): void {
  const names = ['', 'puts', ...HASHED];
  const buckets = [0, 0, 0];
  const chains = names.map(() => 0);
  for (let index = 1; index < names.length; index++) {
    const bucket = sysvHashOf(names[index]) % buckets.length;
    chains[index] = buckets[bucket];
    buckets[bucket] = index;
  }
  writer.u32(buckets.length, chains.length, ...buckets, ...chains);
}

function dynamic(writer: ByteWriter, lookup: Lookup): void {
  const at = (name: string) => lookup.address(name);
  const entries: Array<[number, bigint | number]> = [
    [1, nameOffset('libc.so.6')],
    [14, nameOffset('libsample.so')],
    [29, nameOffset('/opt/lib')],
    [4, at('.hash')],
    [0x6ffffef5, at('.gnu.hash')],
    [5, at('.dynstr')],
    [6, at('.dynsym')],
    [10, lookup.size('.dynstr')],
    [11, writer.wordSize === 8 ? 24 : 16],
    [7, at('.rela.dyn')],
    [8, lookup.size('.rela.dyn')],
    [9, 3 * writer.wordSize],
    [23, at('.rel.plt')],
    [2, lookup.size('.rel.plt')],
    [20, 17],
    [36, at('.relr.dyn')],
    [35, lookup.size('.relr.dyn')],
    [37, writer.wordSize],
    [12, at('.text')],
    [13, at('.text') + 16n],
    [25, at('.init_array')],
    [27, lookup.size('.init_array')],
    [26, at('.fini_array')],
    [28, lookup.size('.fini_array')],
    [0x6ffffff0, at('.gnu.version')],
    [0x6ffffffc, at('.gnu.version_d')],
    [0x6ffffffd, 2],
    [0x6ffffffe, at('.gnu.version_r')],
    [0x6fffffff, 1],
    [0, 0],
  ];
  for (const [tag, value] of entries) writer.words(tag, value);
}

function note(writer: ByteWriter, owner: string, type: number, description: (writer: ByteWriter) => void): void {
  const start = writer.length;
  // The size is only known once the description is written: write it apart.
  const part = new ByteWriter(writer.wordSize, writer.littleEndian);
  description(part);
  writer.u32(owner.length + 1, part.length, type).text(owner);
  while ((writer.length - start) % 4 !== 0) writer.u8(0);
  writer.raw(part.bytes());
  while ((writer.length - start) % 4 !== 0) writer.u8(0);
}

function notes(writer: ByteWriter, lookup: Lookup): void {
  note(writer, 'GNU', 1, (w) => w.u32(0, 3, 2, 0));
  note(writer, 'GNU', 3, (w) => w.raw([0xde, 0xad, 0xbe, 0xef, 0x01]));
  note(writer, 'FreeBSD', 1, (w) => w.u32(1_400_097));
  note(writer, 'FreeBSD', 3, (w) => w.text('amd64'));
  note(writer, 'FreeBSD', 4, (w) => w.u32(2));
  note(writer, 'NetBSD', 1, (w) => w.u32(1_000_000_000));
  note(writer, 'PaX', 3, (w) => w.u32(0x20));
  note(writer, 'OpenBSD', 1, (w) => w.u32(0));
  note(writer, 'Android', 1, (w) =>
    w
      .u32(24)
      .raw(new Uint8Array(64).fill(0x72, 0, 3))
      .raw(new Uint8Array(64).fill(0x38, 0, 7)),
  );
  note(writer, 'Go', 4, (w) => w.raw([0x61, 0x2f, 0x62]));
  note(writer, 'FDO', 0xcafe1a7e, (w) => w.text('{"type":"deb"}'));
  note(writer, 'FDO', 0x407c0c0a, (w) => w.text('[{"soname":["libx.so.1"]}]'));
  note(writer, 'stapsdt', 3, (w) =>
    w.words(lookup.address('.text'), 0, lookup.address('.data')).text('prov').text('probe').text('4@%eax'),
  );
}

/** Sections in file order. Flags: 1 write, 2 in memory, 4 execute, 0x400 thread-local, 0x800 compressed. */
const SECTIONS: readonly SectionPlan[] = [
  { name: '.interp', type: 1, flags: 2, align: 1, write: (w) => w.text('/lib64/ld-linux-x86-64.so.2') },
  { name: '.note.sample', type: 7, flags: 2, align: 4, write: notes },
  {
    name: '.note.gnu.property',
    type: 7,
    flags: 2,
    align: 8,
    write: (w) =>
      w
        .u32(4, w.wordSize === 8 ? 16 : 12, 5)
        .text('GNU')
        .u32(0xc0000002, 4, 3)
        .align(w.wordSize),
  },
  { name: '.hash', type: 5, flags: 2, link: '.dynsym', entsize: 4, write: sysvHash },
  { name: '.gnu.hash', type: 0x6ffffff6, flags: 2, link: '.dynsym', write: gnuHash },
  { name: '.dynsym', type: 11, flags: 2, link: '.dynstr', info: 1, write: symbols },
  {
    name: '.dynstr',
    type: 3,
    flags: 2,
    align: 1,
    write: (w) => {
      for (const name of NAMES) w.text(name);
    },
  },
  {
    name: '.gnu.version',
    type: 0x6fffffff,
    flags: 2,
    link: '.dynsym',
    entsize: 2,
    align: 2,
    write: (w) => w.u16(0, 4, 2, 3, 0x8003),
  },
  {
    name: '.gnu.version_d',
    type: 0x6ffffffd,
    flags: 2,
    link: '.dynstr',
    info: 2,
    write: (w) =>
      w
        .u16(1, 1, 1, 1)
        .u32(sysvHashOf('SAMPLE_1.0'), 20, 28)
        .u32(nameOffset('SAMPLE_1.0'), 0)
        .u16(1, 0, 3, 2)
        .u32(sysvHashOf('SAMPLE_2.0'), 20, 0)
        .u32(nameOffset('SAMPLE_2.0'), 8)
        .u32(nameOffset('SAMPLE_1.0'), 0),
  },
  {
    name: '.gnu.version_r',
    type: 0x6ffffffe,
    flags: 2,
    link: '.dynstr',
    info: 1,
    write: (w) =>
      w
        .u16(1, 1)
        .u32(nameOffset('libc.so.6'), 16, 0)
        .u32(sysvHashOf('GLIBC_2.2.5'))
        .u16(0, 4)
        .u32(nameOffset('GLIBC_2.2.5'), 0),
  },
  {
    name: '.rela.dyn',
    type: 4,
    flags: 2,
    link: '.dynsym',
    write: (w, at) => {
      for (const slot of [0, 1])
        w.words(at.address('.init_array') + BigInt(slot * w.wordSize), 8, at.address('.text') + BigInt(16 * slot));
    },
  },
  {
    name: '.rel.plt',
    type: 9,
    flags: 2,
    link: '.dynsym',
    write: (w, at) => w.words(at.address('.data'), w.wordSize === 8 ? (1n << 32n) | 7n : (1n << 8n) | 7n),
  },
  { name: '.relr.dyn', type: 19, flags: 2, write: (w, at) => w.words(at.address('.data'), 0b1011) },
  { name: '.text', type: 1, flags: 6, align: 16, write: (w) => w.raw(new Uint8Array(32).fill(0x90)) },
  {
    name: '.eh_frame_hdr',
    type: 1,
    flags: 2,
    align: 4,
    write: (w, at) =>
      w
        .u8(1, 0x1b, 0x03, 0x3b)
        .u32(64, 2)
        .u32(
          at.address('.text') - at.address('.eh_frame_hdr'),
          72,
          at.address('.text') - at.address('.eh_frame_hdr') + 16n,
          96,
        ),
  },
  { name: '.tdata', type: 1, flags: 0x403, write: (w) => w.raw([1, 2, 3, 4]) },
  { name: '.tbss', type: 8, flags: 0x403, memorySize: 64, write: () => {} },
  { name: '.init_array', type: 14, flags: 3, write: (w) => w.words(0, 0) },
  { name: '.fini_array', type: 15, flags: 3, write: (w, at) => w.words(at.address('.text') + 16n) },
  { name: '.dynamic', type: 6, flags: 3, link: '.dynstr', write: dynamic },
  { name: '.data', type: 1, flags: 3, write: (w) => w.raw(new Uint8Array(40)) },
  { name: '.comment', type: 1, align: 1, write: (w) => w.text('GCC: (Sample) 12.2.0').text('Linker: LLD 17.0.6') },
  {
    name: '.debug_info',
    type: 1,
    flags: 0x800,
    align: 1,
    write: (w) => (w.wordSize === 8 ? w.u32(1, 0) : w.u32(1)).words(26, 1).raw([1, 2, 3]),
  },
  {
    name: '.zdebug_line',
    type: 1,
    align: 1,
    write: (w) => w.raw([0x5a, 0x4c, 0x49, 0x42, 0, 0, 0, 0, 0, 0, 0, 9, 7, 7]),
  },
  { name: '.gnu_debuglink', type: 1, align: 4, write: (w) => w.text('sample.debug').align(4).u32(0x1234_5678) },
  { name: '.gnu_debugaltlink', type: 1, align: 1, write: (w) => w.text('shared.debug').raw([0xab, 0xcd]) },
  { name: '.symtab', type: 2, link: '.strtab', info: 1, write: symbols },
  { name: '.symtab_shndx', type: 18, link: '.symtab', entsize: 4, write: (w) => w.u32(0, 0, 0, 0, 0) },
  {
    name: '.strtab',
    type: 3,
    align: 1,
    write: (w) => {
      for (const name of NAMES) w.text(name);
    },
  },
];

const SEGMENTS: readonly SegmentPlan[] = [
  { type: 1, flags: 7, align: 0x10000 },
  { type: 3, flags: 4, section: '.interp' },
  { type: 2, flags: 6, section: '.dynamic' },
  { type: 4, flags: 4, section: '.note.sample', align: 4 },
  { type: 4, flags: 4, section: '.note.gnu.property' },
  { type: 0x6474e553, flags: 4, section: '.note.gnu.property' },
  { type: 0x6474e550, flags: 4, section: '.eh_frame_hdr' },
  { type: 7, flags: 4, section: '.tdata' },
  { type: 0x6474e551, flags: 6, section: 'none' },
  { type: 0x6474e552, flags: 4, section: '.dynamic' },
];

/** Entry sizes that depend on the class. */
function sized(plan: SectionPlan, wordSize: 4 | 8): SectionPlan {
  const sizes: Record<number, number> = {
    2: wordSize === 8 ? 24 : 16,
    11: wordSize === 8 ? 24 : 16,
    4: 3 * wordSize,
    9: 2 * wordSize,
    19: wordSize,
    6: 2 * wordSize,
  };
  return plan.entsize === undefined && sizes[plan.type] !== undefined ? { ...plan, entsize: sizes[plan.type] } : plan;
}

/** A shared object with all of it, for machine 62 unless the shape says otherwise. */
export function sampleImage(shape: ImageShape): Uint8Array {
  const wordSize = shape.elfClass === 64 ? 8 : 4;
  return buildImage(
    shape,
    SECTIONS.map((plan) => sized(plan, wordSize)),
    SEGMENTS,
  );
}

/** The four combinations of class and byte order. */
export const SHAPES: readonly ImageShape[] = [
  { elfClass: 64, littleEndian: true },
  { elfClass: 64, littleEndian: false },
  { elfClass: 32, littleEndian: true },
  { elfClass: 32, littleEndian: false },
];

/** A core file with one of each note, general registers counting up from 1. */
export function coreImage(shape: ImageShape): Uint8Array {
  const registers = shape.elfClass === 64 ? 27 : 17;
  const plan: SectionPlan = {
    name: 'note0',
    type: 7,
    align: 4,
    write: (writer) => {
      note(writer, 'CORE', 1, (w) => {
        w.u32(11, 1, 0).u16(11, 0).words(0x10, 0x20).u32(77, 1, 77, 77).words(1, 500_000, 0, 250_000, 0, 0, 0, 0);
        for (let index = 1; index <= registers; index++) w.words(index);
        w.u32(1).align(w.wordSize);
      });
      note(writer, 'CORE', 3, (w) => {
        w.u8(0, 0x52, 0, 5).align(w.wordSize).words(0x400600);
        if (w.wordSize === 8) w.u32(1000, 100);
        else w.u16(1000, 100);
        w.u32(77, 1, 77, 77).text('sample').raw(new Uint8Array(9)).text('sample --crash').raw(new Uint8Array(65));
      });
      note(writer, 'CORE', 6, (w) => w.words(6, 4096, 3, 0x10040, 0, 0));
      note(writer, 'CORE', 0x46494c45, (w) =>
        w.words(2, 4096, 0x1000, 0x3000, 0, 0x3000, 0x4000, 2).text('/bin/sample').text('/lib/ü.so'),
      );
      note(writer, 'CORE', 0x53494749, (w) => w.u32(11, 0, 1).align(w.wordSize).words(0xdead).raw(new Uint8Array(100)));
      note(writer, 'LINUX', 0x202, (w) => w.raw(new Uint8Array(64)));
    },
  };
  return buildImage(
    { type: 4, machine: shape.elfClass === 64 ? 62 : 3, sectionless: true, ...shape },
    [plan],
    [
      { type: 4, flags: 0, section: 'note0', align: 4 },
      { type: 1, flags: 5 },
    ],
  );
}
