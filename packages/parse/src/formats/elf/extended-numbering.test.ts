// PN_XNUM, more than 65279 sections, SHN_XINDEX: the numbers that do not fit their fields.
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../byte-source.ts';
import { ByteWriter } from '../../test-support/byte-writer.ts';
import { SHAPES } from '../../test-support/sample-image.ts';
import { parseElf } from './elf.ts';

const SECTIONS = 65_400;
const SEGMENTS = 65_600;

/** A file of nothing but headers: names in the last section, one symbol table with its index table. */
function hugeTables(wordSize: 4 | 8, littleEndian: boolean): Uint8Array {
  const wide = wordSize === 8;
  const [phentsize, shentsize, ehsize, symbolSize] = wide ? [56, 64, 64, 24] : [32, 40, 52, 16];
  const programs = new Uint8Array(SEGMENTS * phentsize);
  const sections = new ByteWriter(wordSize, littleEndian);
  const names = new ByteWriter(wordSize, littleEndian).u8(0).text('.last').bytes();
  const symbols = new ByteWriter(wordSize, littleEndian).raw(new Uint8Array(symbolSize));
  if (wide) symbols.u32(1).u8(2, 0).u16(0xffff).words(0x1234, 4);
  else symbols.u32(1).words(0x1234, 4).u8(2, 0).u16(0xffff);
  const indices = new ByteWriter(wordSize, littleEndian).u32(0, SECTIONS - 1);
  const at = { programs: ehsize, names: ehsize + programs.length, symbols: 0, indices: 0, sections: 0 };
  at.symbols = Math.ceil((at.names + names.length) / 8) * 8;
  at.indices = at.symbols + symbols.length;
  at.sections = at.indices + 8;
  const section = (
    name: number,
    type: number,
    offset: number,
    size: number,
    link: number,
    info: number,
    entsize: number,
  ) => sections.u32(name, type).words(0, 0, offset, size).u32(link, info).words(1, entsize);
  section(0, 0, 0, SECTIONS, SECTIONS - 1, SEGMENTS, 0);
  section(0, 2, at.symbols, symbols.length, SECTIONS - 1, 1, symbolSize);
  section(0, 18, at.indices, 8, 1, 0, 4);
  sections.raw(new Uint8Array((SECTIONS - 4) * shentsize));
  section(1, 3, at.names, names.length, 0, 0, 0);
  const header = new ByteWriter(wordSize, littleEndian);
  header.raw([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, littleEndian ? 1 : 2, 1, 0]).raw(new Uint8Array(8));
  header.u16(2, 62).u32(1).words(0, at.programs, at.sections).u32(0);
  header.u16(ehsize, phentsize, 0xffff, shentsize, 0, 0xffff);
  return header
    .raw(programs)
    .raw(names)
    .align(8)
    .raw(symbols.bytes())
    .raw(indices.bytes())
    .raw(sections.bytes())
    .bytes();
}

describe('extended numbering', () => {
  it.each(SHAPES.map((shape) => [shape.elfClass, shape.littleEndian] as const))(
    'ELF%i, little-endian %s',
    (elfClass, little) => {
      const image = hugeTables(elfClass === 64 ? 8 : 4, little);
      const elf = parseElf(bytesSource(image));
      expect(elf.programHeaders).toHaveLength(SEGMENTS);
      expect(elf.sectionHeaders).toHaveLength(SECTIONS);
      expect(elf.sectionNameTableIndex).toBe(SECTIONS - 1);
      expect(elf.sectionName(SECTIONS - 1)).toBe('.last');
      expect(elf.symbols('symtab')!.at(1)).toMatchObject({ name: '.last', shndx: 0xffff, sectionIndex: SECTIONS - 1 });
    },
  );
});
