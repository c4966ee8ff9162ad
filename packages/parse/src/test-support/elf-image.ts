// Lays sections, segments and headers out as a linker does, so that tests can build an ELF file of either class and byte order.
import { ByteWriter } from './byte-writer.ts';

/** Class, byte order and header fields of an image. */
export interface ImageShape {
  readonly elfClass: 32 | 64;
  readonly littleEndian: boolean;
  readonly type?: number;
  readonly machine?: number;
  readonly entry?: bigint;
  /** Leave the section headers out. */
  readonly sectionless?: boolean;
}

/** Addresses and sizes of sections while others are written. */
export interface Lookup {
  address(section: string): bigint;
  size(section: string): bigint;
  index(section: string): number;
}

/** A section to lay out. `write` runs twice: the second time with the final addresses. */
export interface SectionPlan {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly link?: string;
  readonly info?: number;
  readonly align?: number;
  readonly entsize?: number;
  /** For SHT_NOBITS: the size in memory. */
  readonly memorySize?: number;
  readonly write: (writer: ByteWriter, lookup: Lookup) => void;
}

/** A segment over one section, or over everything when `section` is left out. */
export interface SegmentPlan {
  readonly type: number;
  readonly flags: number;
  readonly section?: string;
  readonly align?: number;
}

/** Address of file offset 0 in every image. */
export const IMAGE_BASE = 0x10000n;

const SHT_NOBITS = 8;

interface Placed {
  readonly plan: SectionPlan;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Builds the file: header, program headers, sections, section headers. */
export function buildImage(
  shape: ImageShape,
  sections: readonly SectionPlan[],
  segments: readonly SegmentPlan[],
): Uint8Array {
  const wordSize = shape.elfClass === 64 ? 8 : 4;
  const start = (wordSize === 8 ? 64 : 52) + segments.length * (wordSize === 8 ? 56 : 32);
  const all = [...sections, sectionNames(sections)];
  const first = place(all, start, shape, wordSize, []);
  const placed = place(all, start, shape, wordSize, first);
  const last = placed[placed.length - 1];
  const loadEnd = last.offset + last.bytes.length;
  const tableAt = Math.ceil(loadEnd / 8) * 8;
  const file = new ByteWriter(wordSize, shape.littleEndian);
  writeFileHeader(file, shape, segments.length, all.length + 1, tableAt);
  for (const segment of segments) writeSegment(file, segment, placed, loadEnd);
  for (const { offset, bytes } of placed) {
    while (file.length < offset) file.u8(0);
    file.raw(bytes);
  }
  if (shape.sectionless) return file.bytes();
  file.align(8);
  writeSection(file, undefined, 0, all);
  for (const section of placed) writeSection(file, section, offsetOfName(all, section.plan.name), all);
  return file.bytes();
}

function sectionNames(sections: readonly SectionPlan[]): SectionPlan {
  const names = [...sections.map(({ name }) => name), '.shstrtab'];
  return {
    name: '.shstrtab',
    type: 3,
    align: 1,
    write: (writer) => names.reduce((w, name) => w.text(name), writer.u8(0)),
  };
}

function offsetOfName(all: readonly SectionPlan[], name: string): number {
  let offset = 1;
  for (const plan of all) {
    if (plan.name === name) return offset;
    offset += plan.name.length + 1;
  }
  throw new Error(`no section ${name}`);
}

function place(
  plans: readonly SectionPlan[],
  start: number,
  shape: ImageShape,
  wordSize: 4 | 8,
  previous: readonly Placed[],
): Placed[] {
  const find = (name: string) => previous.find(({ plan }) => plan.name === name);
  const lookup: Lookup = {
    address: (name) => IMAGE_BASE + BigInt(find(name)?.offset ?? 0),
    size: (name) => BigInt(find(name)?.bytes.length ?? 0),
    index: (name) => plans.findIndex((plan) => plan.name === name) + 1,
  };
  let offset = start;
  return plans.map((plan) => {
    const align = plan.align ?? 8;
    offset = Math.ceil(offset / align) * align;
    const writer = new ByteWriter(wordSize, shape.littleEndian);
    plan.write(writer, lookup);
    const placed = { plan, offset, bytes: writer.bytes() };
    offset += placed.bytes.length;
    return placed;
  });
}

function writeFileHeader(file: ByteWriter, shape: ImageShape, phnum: number, shnum: number, shoff: number): void {
  const wide = shape.elfClass === 64;
  file.raw([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, shape.littleEndian ? 1 : 2, 1, 0]).raw(new Uint8Array(8));
  file.u16(shape.type ?? 3, shape.machine ?? 62).u32(1);
  file.words(shape.entry ?? 0n, wide ? 64 : 52, shape.sectionless ? 0 : shoff).u32(0);
  file.u16(wide ? 64 : 52, wide ? 56 : 32, phnum, wide ? 64 : 40);
  file.u16(shape.sectionless ? 0 : shnum, shape.sectionless ? 0 : shnum - 1);
}

function writeSegment(file: ByteWriter, segment: SegmentPlan, placed: readonly Placed[], loadEnd: number): void {
  const section = placed.find(({ plan }) => plan.name === segment.section);
  const offset = section?.offset ?? 0;
  const size = segment.section === undefined ? loadEnd : (section?.bytes.length ?? 0);
  const address = IMAGE_BASE + BigInt(offset);
  const memory = section?.plan.memorySize ?? size;
  file.u32(segment.type);
  if (file.wordSize === 8) file.u32(segment.flags);
  file.words(offset, address, address, size, memory);
  if (file.wordSize === 4) file.u32(segment.flags);
  file.words(segment.align ?? 8);
}

function writeSection(file: ByteWriter, section: Placed | undefined, name: number, all: readonly SectionPlan[]): void {
  if (section === undefined) {
    file.raw(new Uint8Array(file.wordSize === 8 ? 64 : 40));
    return;
  }
  const { plan, offset, bytes } = section;
  const link = plan.link === undefined ? 0 : all.findIndex((other) => other.name === plan.link) + 1;
  const allocated = ((plan.flags ?? 0) & 2) !== 0;
  file.u32(name, plan.type).words(plan.flags ?? 0, allocated ? IMAGE_BASE + BigInt(offset) : 0n, offset);
  file.words(plan.type === SHT_NOBITS ? (plan.memorySize ?? 0) : bytes.length).u32(link, plan.info ?? 0);
  file.words(plan.align ?? 8, plan.entsize ?? 0);
}
