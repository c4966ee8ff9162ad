// ELF files whose program headers were moved away from the front, in the two ways that rewriting tools leave behind.
import { encodeText } from '../text.ts';
import { headerTable, type PlacedElf, type PlacedSection, type PlacedSegment, placeElf } from './placed-elf.ts';

const [PHDR, LOAD, INTERP, NOTE, STACK] = [6, 1, 3, 4, 0x6474e551];
const ALLOC = 2;

/** Class and byte order. */
export type Shape = Required<Pick<PlacedElf, 'elfClass' | 'littleEndian'>>;

export const MOVED_SHAPES: readonly Shape[] = [
  { elfClass: 64, littleEndian: true },
  { elfClass: 64, littleEndian: false },
  { elfClass: 32, littleEndian: true },
  { elfClass: 32, littleEndian: false },
];

export const BASE = 0x400000;
export const INTERPRETER = '/lib64/ld-linux-x86-64.so.2';

const entryBytes = ({ elfClass }: Shape) => (elfClass === 64 ? 56 : 32);
const headerBytes = ({ elfClass }: Shape) => (elfClass === 64 ? 64 : 52);
const code = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, index) => 1 + ((index * 11 + seed) % 250));

/**
 * A program as the injection tool of Node's single executables leaves it: one program header more than fit in front of the
 * interpreter's path, so the table went into the padding behind the code, 4 bytes off alignment; the notes went to the end of
 * the file; the old table and the old notes are where they were.
 */
export function injectedProgram(shape: Shape, changes: Partial<PlacedElf> = {}): Uint8Array {
  const start = headerBytes(shape);
  const size = entryBytes(shape);
  const interpreter = encodeText(`${INTERPRETER}\0`);
  const note = code(0x44, 77);
  const interpAt = start + 5 * size;
  const noteAt = interpAt + interpreter.length;
  const hashAt = noteAt + note.length;
  const tableOffset = 0x2104;
  const at = (offset: number) => ({ offset, vaddr: BASE + offset });
  const common: PlacedSegment[] = [
    { type: INTERP, flags: 4, ...at(interpAt), filesz: interpreter.length, align: 1 },
    { type: LOAD, flags: 4, ...at(0), filesz: 0x1900, align: 0x1000 },
    { type: LOAD, flags: 5, ...at(0x2000), filesz: 0x104 + 6 * size, align: 0x1000 },
  ];
  const oldSegments: PlacedSegment[] = [
    { type: PHDR, flags: 4, ...at(start), filesz: 5 * size, align: 8 },
    ...common,
    { type: NOTE, flags: 4, ...at(noteAt), filesz: note.length, align: 4 },
  ];
  const sections: PlacedSection[] = [
    { name: '.interp', type: 1, flags: ALLOC, addr: BASE + interpAt, offset: interpAt, bytes: interpreter },
    { name: '.gnu.hash', type: 1, flags: ALLOC, addr: BASE + hashAt, offset: hashAt, bytes: code(0x1900 - hashAt, 1) },
    { name: '.text', type: 1, flags: 6, addr: BASE + 0x2000, offset: 0x2000, bytes: code(0x104, 2) },
    { name: '.note', type: 7, flags: ALLOC, addr: 0x800000, offset: 0x3000, bytes: note },
  ];
  return placeElf({
    ...shape,
    entry: BASE + 0x2010,
    segments: [
      { type: PHDR, flags: 4, ...at(tableOffset), filesz: 0x400, align: 8 },
      ...common,
      { type: LOAD, flags: 4, offset: 0x3000, vaddr: 0x800000, filesz: note.length, align: 0x1000 },
      { type: NOTE, flags: 4, offset: 0x3000, vaddr: 0x800000, filesz: note.length, align: 4 },
    ],
    tableOffset,
    sections,
    contents: {
      [start]: headerTable({ ...shape, segments: oldSegments }),
      [noteAt]: note,
    },
    endOffset: 0x3100,
    ...changes,
  });
}

/** What {@link plainProgram} has in its first page. */
export interface PlainOptions {
  readonly type?: number;
  readonly base?: number;
  /** First page without the file header; the rest of the page is section content when it is shorter. */
  readonly room?: Uint8Array;
  /** p_align of the code. */
  readonly align?: number;
  readonly tableOffset?: number;
  readonly entry?: number;
  readonly sections?: readonly PlacedSection[];
  readonly segments?: readonly PlacedSegment[];
  /** The code's PT_LOAD, where it differs. */
  readonly load?: Partial<PlacedSegment>;
  readonly code?: Uint8Array;
}

/** A static program of two PT_LOADs whose table lies behind the code; `room` is what follows the file header. */
export function plainProgram(shape: Shape, options: PlainOptions = {}): Uint8Array {
  const { base = BASE, room = new Uint8Array(0), align = 0x1000, tableOffset = 0x2808 } = options;
  const contentAt = headerBytes(shape) + room.length;
  const text = new Uint8Array(0x800);
  text.set(options.code ?? code(0x800, 5));
  return placeElf({
    ...shape,
    type: options.type ?? 2,
    entry: options.entry ?? base + 0x2000,
    segments: [
      { type: PHDR, flags: 4, offset: tableOffset, vaddr: base + tableOffset, filesz: 4 * entryBytes(shape), align: 8 },
      { type: LOAD, flags: 4, offset: 0, vaddr: base, filesz: 0x1200, align: 0x1000 },
      { type: LOAD, flags: 5, offset: 0x2000, vaddr: base + 0x2000, filesz: 0xa00, align, ...options.load },
      { type: STACK, flags: 6, align: 16 },
      ...(options.segments ?? []),
    ],
    tableOffset,
    sections: [
      {
        name: '.rodata',
        type: 1,
        flags: ALLOC,
        addr: base + contentAt,
        offset: contentAt,
        bytes: code(0x1200 - contentAt, 3),
      },
      { name: '.text', type: 1, flags: 6, addr: base + 0x2000, offset: 0x2000, bytes: text },
      ...(options.sections ?? []),
    ],
    contents: { [headerBytes(shape)]: room },
    endOffset: 0x3000,
  });
}
