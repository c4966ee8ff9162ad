// Builds small ELF files byte by byte, for cases no compiler on the test machine can produce.

/** A section: the name table and the header are made by the builder. */
export interface SectionPlan {
  readonly name: string | Uint8Array;
  readonly type: number;
  readonly data?: Uint8Array;
  readonly flags?: number;
  readonly address?: number;
  readonly link?: number;
  readonly info?: number;
  readonly alignment?: number;
  readonly entrySize?: number;
}

/** A segment; with `section` it covers that section's bytes (index into the plan). */
export interface SegmentPlan {
  readonly type: number;
  readonly flags?: number;
  readonly section?: number;
  readonly virtualAddress?: number;
  readonly memorySize?: number;
  readonly alignment?: number;
}

/** A file. */
export interface ElfPlan {
  readonly elfClass?: 32 | 64;
  readonly bigEndian?: boolean;
  readonly type?: number;
  readonly machine?: number;
  readonly osabi?: number;
  readonly flags?: number;
  readonly sections?: readonly SectionPlan[];
  readonly segments?: readonly SegmentPlan[];
}

/** Appends numbers of one byte order; `word` is 4 or 8 bytes by class. */
export class Bytes {
  readonly #parts: number[] = [];
  readonly #big: boolean;
  readonly #wordSize: 4 | 8;

  constructor(big = false, elfClass: 32 | 64 = 64) {
    this.#big = big;
    this.#wordSize = elfClass === 64 ? 8 : 4;
  }

  number(value: number | bigint, size: number): this {
    const bytes = Array.from({ length: size }, (_, index) => Number((BigInt(value) >> BigInt(8 * index)) & 0xffn));
    this.#parts.push(...(this.#big ? bytes.reverse() : bytes));
    return this;
  }
  u8(value: number): this {
    return this.number(value, 1);
  }
  u16(value: number): this {
    return this.number(value, 2);
  }
  u32(value: number): this {
    return this.number(value, 4);
  }
  u64(value: number | bigint): this {
    return this.number(value, 8);
  }
  word(value: number | bigint): this {
    return this.number(value, this.#wordSize);
  }
  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.#parts.push(byte);
    return this;
  }
  text(text: string): this {
    return this.raw(Buffer.from(text));
  }
  align(multiple: number): this {
    while (this.#parts.length % multiple !== 0) this.#parts.push(0);
    return this;
  }
  get length(): number {
    return this.#parts.length;
  }
  done(): Uint8Array {
    return Uint8Array.from(this.#parts);
  }
}

/** One note record, padded to four bytes. */
export function noteBytes(owner: string, type: number, description: Uint8Array, big = false): Uint8Array {
  const name = owner === '' ? '' : `${owner}\0`;
  return new Bytes(big)
    .u32(name.length)
    .u32(description.length)
    .u32(type)
    .text(name)
    .align(4)
    .raw(description)
    .align(4)
    .done();
}

/** The file's bytes. Section 0 and .shstrtab are added; section numbers in the plan start at 1. */
export function buildElf(plan: ElfPlan): Uint8Array {
  const { elfClass = 64, bigEndian = false, segments = [] } = plan;
  const long = elfClass === 64;
  const headerSize = long ? 64 : 52;
  const names = new Bytes().u8(0);
  const sections: SectionPlan[] = [...(plan.sections ?? []), { name: '.shstrtab', type: 3 }];
  const nameOffsets = sections.map(({ name }) => {
    const at = names.length;
    if (typeof name === 'string') names.text(name);
    else names.raw(name);
    names.u8(0);
    return at;
  });
  const body = new Bytes();
  const start = headerSize + segments.length * (long ? 56 : 32);
  const place = sections.map(({ name, data }) => {
    while ((start + body.length) % 8 !== 0) body.u8(0);
    const bytes = name === '.shstrtab' ? names.done() : (data ?? new Uint8Array(0));
    const offset = start + body.length;
    body.raw(bytes);
    return { offset, size: bytes.length };
  });
  while ((start + body.length) % 8 !== 0) body.u8(0);
  const sectionsAt = start + body.length;
  const file = new Bytes(bigEndian, elfClass);
  file.raw([0x7f, 0x45, 0x4c, 0x46, long ? 2 : 1, bigEndian ? 2 : 1, 1, plan.osabi ?? 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  file
    .u16(plan.type ?? 1)
    .u16(plan.machine ?? 62)
    .u32(1)
    .word(0);
  file
    .word(segments.length > 0 ? headerSize : 0)
    .word(sectionsAt)
    .u32(plan.flags ?? 0);
  file
    .u16(headerSize)
    .u16(long ? 56 : 32)
    .u16(segments.length);
  file
    .u16(long ? 64 : 40)
    .u16(sections.length + 1)
    .u16(sections.length);
  for (const segment of segments) writeSegment(file, segment, long, place);
  file.raw(body.done());
  file.raw(new Uint8Array(long ? 64 : 40));
  sections.forEach((section, index) => {
    file
      .u32(nameOffsets[index])
      .u32(section.type)
      .word(section.flags ?? 0)
      .word(section.address ?? 0);
    file
      .word(place[index].offset)
      .word(place[index].size)
      .u32(section.link ?? 0)
      .u32(section.info ?? 0);
    file.word(section.alignment ?? 1).word(section.entrySize ?? 0);
  });
  return file.done();
}

function writeSegment(
  file: Bytes,
  segment: SegmentPlan,
  long: boolean,
  place: ReadonlyArray<{ readonly offset: number; readonly size: number }>,
): void {
  const { offset, size } = segment.section === undefined ? { offset: 0, size: 0 } : place[segment.section - 1];
  const address = segment.virtualAddress ?? 0;
  file.u32(segment.type);
  if (long) file.u32(segment.flags ?? 4);
  file
    .word(offset)
    .word(address)
    .word(address)
    .word(size)
    .word(segment.memorySize ?? size);
  if (!long) file.u32(segment.flags ?? 4);
  file.word(segment.alignment ?? 1);
}
