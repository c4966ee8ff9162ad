// Builds ELF files with every structure at a place the test chooses: what linkers never do and rewriting tools do.
import { ByteWriter } from './byte-writer.ts';

/** A program header to write; everything not said is 0. */
export interface PlacedSegment {
  readonly type: number;
  readonly flags?: number;
  readonly offset?: number;
  readonly vaddr?: number;
  readonly filesz?: number;
  readonly memsz?: number;
  readonly align?: number;
}

/** A section with its content. */
export interface PlacedSection {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly addr?: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly link?: number;
  readonly info?: number;
  readonly entsize?: number;
}

/** The file. */
export interface PlacedElf {
  readonly elfClass?: 32 | 64;
  readonly littleEndian?: boolean;
  /** e_type, 2 (ET_EXEC) by default. */
  readonly type?: number;
  readonly machine?: number;
  readonly entry?: number;
  readonly segments: readonly PlacedSegment[];
  readonly tableOffset: number;
  readonly sections?: readonly PlacedSection[];
  /** Further bytes by offset; written before sections and tables. */
  readonly contents?: Readonly<Record<number, Uint8Array>>;
  /** What bytes are that nobody writes. */
  readonly filler?: number;
  /** Where names and section headers go; the file ends behind them. Without sections: the size of the file. */
  readonly endOffset: number;
}

/** A table of program headers as bytes, for tables that are outdated on purpose. */
export function headerTable(elf: Pick<PlacedElf, 'elfClass' | 'littleEndian' | 'segments'>): Uint8Array {
  const wide = elf.elfClass !== 32;
  const writer = new ByteWriter(wide ? 8 : 4, elf.littleEndian !== false);
  for (const { type, flags = 0, offset = 0, vaddr = 0, filesz = 0, memsz = filesz, align = 0 } of elf.segments) {
    writer.u32(type);
    if (wide) writer.u32(flags);
    writer.words(offset, vaddr, vaddr, filesz, memsz);
    if (!wide) writer.u32(flags);
    writer.words(align);
  }
  return writer.bytes();
}

/** The file's bytes. */
export function placeElf(elf: PlacedElf): Uint8Array {
  const wide = elf.elfClass !== 32;
  const little = elf.littleEndian !== false;
  const writer = () => new ByteWriter(wide ? 8 : 4, little);
  const sections = elf.sections ?? [];
  const all = [...sections, { name: '.shstrtab', type: 3, offset: elf.endOffset, bytes: new Uint8Array(0) }];
  const names = all.reduce((text, { name }) => text.text(name), new ByteWriter(8, true).u8(0)).bytes();
  const shoff = Math.ceil((elf.endOffset + names.length) / 8) * 8;
  const headerBytes = wide ? 64 : 40;
  const hasSections = elf.sections !== undefined;
  const file = new Uint8Array(hasSections ? shoff + (all.length + 1) * headerBytes : elf.endOffset);
  file.fill(elf.filler ?? 0);
  for (const [offset, bytes] of Object.entries(elf.contents ?? {})) file.set(bytes, Number(offset));
  for (const { type, offset, bytes } of sections) if (type !== 8) file.set(bytes, offset);
  file.set(headerTable(elf), elf.tableOffset);

  const header = writer()
    .raw([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1])
    .raw(new Uint8Array(9));
  header.u16(elf.type ?? 2, elf.machine ?? 62).u32(1);
  header.words(elf.entry ?? 0, elf.tableOffset, hasSections ? shoff : 0).u32(0);
  header.u16(wide ? 64 : 52, wide ? 56 : 32, elf.segments.length, headerBytes);
  header.u16(hasSections ? all.length + 1 : 0, hasSections ? all.length : 0);
  file.set(header.bytes());
  if (!hasSections) return file;

  file.set(names, elf.endOffset);
  const table = writer().raw(new Uint8Array(headerBytes));
  let name = 1;
  for (const section of all as readonly PlacedSection[]) {
    const size = section.name === '.shstrtab' ? names.length : section.bytes.length;
    table.u32(name, section.type).words(section.flags ?? 0, section.addr ?? 0, section.offset, size);
    table.u32(section.link ?? 0, section.info ?? 0).words(1, section.entsize ?? 0);
    name += section.name.length + 1;
  }
  file.set(table.bytes(), shoff);
  return file;
}
