// Program headers moved to the front: every way, every reason against one, and what may not change.
import { describe, expect, it } from 'vitest';
import { type ByteSource, bytesSource } from '../byte-source.ts';
import { type ElfFile, parseElf } from '../formats/elf/elf.ts';
import { PT } from '../formats/elf/program-header.ts';
import { ByteWriter } from '../test-support/byte-writer.ts';
import {
  BASE,
  INTERPRETER,
  injectedProgram,
  MOVED_SHAPES,
  type PlainOptions,
  plainProgram,
  type Shape,
} from '../test-support/moved-headers.ts';
import { placeElf } from '../test-support/placed-elf.ts';
import { compareLoaded } from './compare-loaded.ts';
import { movePhdrsFirst, type PhdrsFirst } from './phdrs-first.ts';
import { rewrittenSource } from './rewrite-plan.ts';

const WIDE: Shape = { elfClass: 64, littleEndian: true };
const NAMES = { 32: 'ELF32', 64: 'ELF64' };
const shapes = MOVED_SHAPES.map((shape) => ({
  shape,
  name: `${NAMES[shape.elfClass]} ${shape.littleEndian ? 'little' : 'big'}-endian`,
}));

const move = (bytes: Uint8Array) => movePhdrsFirst(bytesSource(bytes), { pageBytes: 4096 });

/** The rewritten file, after the checks that hold for all of them. */
function rewritten(bytes: Uint8Array, result: PhdrsFirst): { source: ByteSource; bytes: Uint8Array; elf: ElfFile } {
  if (result.kind !== 'rewritten') throw new Error(`not rewritten: ${JSON.stringify(result)}`);
  const { plan, tableOffset } = result;
  const source = rewrittenSource(bytesSource(bytes), plan);
  const content = source.read(0, source.size);
  expect(content.length).toBe(plan.size);
  const elf = parseElf(bytesSource(content));
  expect(elf.fileHeader.phoff).toBe(BigInt(tableOffset));
  expect(tableOffset % 8).toBe(0);
  const end = tableOffset + elf.fileHeader.phnum * elf.fileHeader.phentsize;
  expect(end).toBeLessThanOrEqual(4096);
  const holder = elf.programHeaders.find(
    ({ type, offset, filesz }) => type === PT.LOAD && offset <= BigInt(tableOffset) && BigInt(end) <= offset + filesz,
  );
  const own = elf.programHeaders.find(({ type }) => type === PT.PHDR);
  expect(own).toMatchObject({
    offset: BigInt(tableOffset),
    vaddr: holder && holder.vaddr + BigInt(tableOffset) - holder.offset,
    filesz: BigInt(end - tableOffset),
    memsz: BigInt(end - tableOffset),
  });
  const compared = compareLoaded(bytesSource(bytes), source, plan.changes);
  expect(compared).toMatchObject({ differences: [], mismatches: [] });
  expect(compared.comparedBytes).toBeGreaterThan(0x1000);
  expect(movePhdrsFirst(source, { pageBytes: 4096 }).kind).toBe('unchanged');
  return { source, bytes: content, elf };
}

/** Offsets at which two files of one size differ. */
function differing(before: Uint8Array, after: Uint8Array): number[] {
  expect(after.length).toBe(before.length);
  return [...before.keys()].filter((offset) => before[offset] !== after[offset]);
}

describe('free room in the first page', () => {
  it.each(shapes)('takes the table: $name', ({ shape }) => {
    const before = plainProgram(shape, { room: new Uint8Array(600) });
    const result = move(before);
    expect(result).toMatchObject({ kind: 'rewritten', strategy: 'free room' });
    const { bytes, elf } = rewritten(before, result);
    // Nothing but e_phoff and the table's own bytes.
    const { phoff, phnum, phentsize } = elf.fileHeader;
    const first = Number(phoff);
    const isTable = (offset: number) => offset >= first && offset < first + phnum * phentsize;
    const isField = (offset: number) => offset >= 24 && offset < 40;
    expect(differing(before, bytes).filter((offset) => !isTable(offset) && !isField(offset))).toEqual([]);
    // Every header but PT_PHDR is what it was.
    const others = (file: ElfFile) => file.programHeaders.filter(({ type }) => type !== PT.PHDR);
    expect(others(elf)).toEqual(others(parseElf(bytesSource(before))));
  });

  it('may be the filler of patchelf', () => {
    for (const byte of [0x58, 0x5a]) {
      const before = plainProgram(WIDE, { room: new Uint8Array(300).fill(byte) });
      expect(move(before)).toMatchObject({ strategy: 'free room', tableOffset: 64 });
      rewritten(before, move(before));
    }
  });

  it('is also found for a table that is in the page, but not aligned', () => {
    const before = plainProgram(WIDE, { room: new Uint8Array(300), tableOffset: 68 });
    expect(move(before)).toMatchObject({ strategy: 'free room', tableOffset: 64 });
    rewritten(before, move(before));
  });

  it('starts behind what cannot be aligned, and is not used when one byte is missing', () => {
    const room = (length: number) => {
      const bytes = new Uint8Array(length);
      bytes[0] = 7;
      return plainProgram(WIDE, { room: bytes, type: 3 });
    };
    expect(move(room(8 + 224))).toMatchObject({ kind: 'rewritten', tableOffset: 72 });
    expect(move(room(8 + 223))).toMatchObject({ kind: 'refused' });
  });

  it('is not taken from bytes that mean something, known or not', () => {
    // ET_DYN, so that no other way is open. Section 4 and 5 are a symbol table and its names, 6 a dynamic section.
    const room = new Uint8Array(600);
    const open: PlainOptions = { room, type: 3 };
    expect(move(plainProgram(WIDE, open))).toMatchObject({ kind: 'rewritten', tableOffset: 64 });
    const blocked: readonly [string, PlainOptions][] = [
      ['unknown bytes', { ...open, room: room.slice().fill(0x42) }],
      ['the entry point', { ...open, entry: BASE + 80 }],
      ['a note', { ...open, segments: [{ type: PT.NOTE, offset: 80, vaddr: BASE + 80, filesz: 500 }] }],
      ['a symbol', { ...open, sections: symbolSections(BASE + 80) }],
      ['a dynamic entry', withDynamic(open, [0x6ffffef5, BASE + 80])],
      ['a relocated word', withDynamic(open, [7, BASE + 0x2700, 8, 24, 9, 24], [BASE + 80, 8, 0])],
      [
        'the target of a relocation',
        withDynamic(open, [7, BASE + 0x2700, 8, 24, 9, 24], [BASE + 0x2600, 8, BASE + 80]),
      ],
      ['a packed relocation', withDynamic(open, [36, BASE + 0x2700, 35, 8, 37, 8], [BASE + 80])],
    ];
    for (const [what, options] of blocked)
      expect([what, move(plainProgram(WIDE, options)).kind]).toEqual([what, 'refused']);
    // The same structures that name other places block nothing: they are what is seen above.
    const harmless: readonly PlainOptions[] = [
      { ...open, sections: symbolSections(BASE + 0x2010) },
      withDynamic(open, [0x6ffffef5, BASE + 0x2010]),
      withDynamic(open, [7, BASE + 0x2700, 8, 24, 9, 24], [BASE + 0x2600, 8, BASE + 0x2610]),
    ];
    for (const options of harmless) expect(move(plainProgram(WIDE, options)).kind).toBe('rewritten');
  });

  it('needs section headers, because without them zeros may be data', () => {
    const before = plainProgram(WIDE, { room: new Uint8Array(600), type: 3 });
    const view = new DataView(before.buffer);
    view.setBigUint64(40, 0n, true);
    view.setUint32(60, 0, true);
    expect(move(before).kind).toBe('refused');
  });
});

/** A symbol table with one object at an address, and its names. */
function symbolSections(address: number): PlainOptions['sections'] {
  const symbols = new ByteWriter(8, true).raw(new Uint8Array(24)).u32(1).u8(1, 0).u16(2).words(address, 4).bytes();
  return [
    { name: '.symtab', type: 2, offset: 0x2c00, bytes: symbols, link: 4, info: 1, entsize: 24 },
    { name: '.strtab', type: 3, offset: 0x2c40, bytes: Uint8Array.of(0, 0x61, 0) },
  ];
}

/** A dynamic section at 0x2780 with these tags and values, and words of data at 0x2700. */
function withDynamic(options: PlainOptions, entries: readonly number[], words: readonly number[] = []): PlainOptions {
  const dynamic = new ByteWriter(8, true).words(...entries, 0, 0).bytes();
  const code = new Uint8Array(0x800);
  code.set(new ByteWriter(8, true).words(...words).bytes(), 0x700);
  code.set(dynamic, 0x780);
  const segment = { type: PT.DYNAMIC, flags: 6, offset: 0x2780, vaddr: BASE + 0x2780, filesz: dynamic.length };
  return { ...options, code, segments: [segment] };
}

describe('room beside the interpreter path', () => {
  it.each(shapes)("is made where Node's injection tool was at work: $name", ({ shape }) => {
    const before = injectedProgram(shape);
    expect(parseElf(bytesSource(before)).fileHeader.phoff % 8n).toBe(4n);
    const result = move(before);
    expect(result).toMatchObject({ strategy: 'room beside the interpreter path' });
    const { elf, bytes } = rewritten(before, result);
    expect(elf.interpreter).toBe(INTERPRETER);
    const path = elf.programHeaders.find(({ type }) => type === PT.INTERP);
    expect(path?.vaddr).toBe(BigInt(BASE) + (path?.offset ?? 0n));
    expect(elf.sectionNamed('.interp')).toMatchObject({ offset: path?.offset, addr: path?.vaddr, size: path?.filesz });
    // All that differs is announced.
    const announced = result.kind === 'rewritten' ? result.plan.changes : [];
    for (const offset of differing(before, bytes)) {
      expect(announced.some((change) => offset >= change.offset && offset < change.offset + change.length)).toBe(true);
    }
    expect(announced.map(({ sentence }) => sentence)).toEqual([
      expect.stringMatching(/^e_phoff: 8452 becomes \d+$/),
      expect.stringContaining('in place of an outdated program header table, the former path of the interpreter'),
      expect.stringContaining('an outdated copy of section .note'),
      expect.stringContaining('section that holds the path'),
    ]);
  });

  it('is not made over notes that are still in use', () => {
    const before = injectedProgram(WIDE);
    const elf = parseElf(bytesSource(before));
    const note = elf.sectionNamed('.note');
    const at = Number(elf.fileHeader.shoff) + (note?.index ?? 0) * 64;
    // The section's content in the file is no longer what lies in the first page.
    before[Number(note?.offset)] ^= 1;
    expect(move(before)).toMatchObject({ strategy: 'page in front' });
    before[Number(note?.offset)] ^= 1;
    // The section itself lies there again.
    new DataView(before.buffer).setBigUint64(at + 24, BigInt(64 + 5 * 56 + INTERPRETER.length + 1), true);
    expect(move(before)).toMatchObject({ strategy: 'page in front' });
  });
});

describe('a page in front', () => {
  it.each(shapes)('holds the table when nothing else can: $name', ({ shape }) => {
    const before = plainProgram(shape);
    const result = move(before);
    expect(result).toMatchObject({ strategy: 'page in front' });
    const { bytes, elf } = rewritten(before, result);
    expect(bytes.length).toBe(before.length + 0x1000);
    expect(bytes.subarray(0x1000, 0x1000 + 0x2f00)).toEqual(before.subarray(0, 0x2f00));
    const old = parseElf(bytesSource(before));
    expect(elf.fileHeader.entry).toBe(old.fileHeader.entry);
    const [, first, text, stack] = elf.programHeaders;
    expect(first).toMatchObject({ offset: 0n, vaddr: BigInt(BASE - 0x1000), filesz: 0x2200n, memsz: 0x2200n });
    expect(text).toMatchObject({ offset: 0x3000n, vaddr: BigInt(BASE + 0x2000) });
    expect(stack).toEqual(old.programHeaders[3]);
    // Sections keep names, addresses and contents.
    for (const section of old.sectionHeaders) {
      const fresh = elf.sectionHeaders[section.index];
      expect(elf.sectionName(fresh)).toBe(old.sectionName(section));
      expect(fresh.addr).toBe(section.addr);
      expect(elf.sectionData(fresh)).toEqual(old.sectionData(section));
    }
  });

  it('keeps offsets congruent with addresses for the largest alignment of all', () => {
    const before = plainProgram(WIDE, { base: 0x800000, load: { vaddr: 0x802000, align: 0x200000 } });
    const result = move(before);
    const { elf } = rewritten(before, result);
    const loads = elf.programHeaders.filter(({ type }) => type === PT.LOAD);
    expect(loads.map(({ vaddr, offset }) => (vaddr - offset) % 0x200000n)).toEqual([0n, 0n]);
    expect(loads[0].vaddr).toBe(0x600000n);
    expect(result.kind === 'rewritten' && result.plan.size).toBe(before.length + 0x200000);
  });

  const closed: readonly [string, PlainOptions, RegExp][] = [
    ['for a position-independent program', { type: 3 }, /fixed addresses/],
    [
      'below the lowest address that programs may have',
      { base: 0x10000 },
      /4096 bytes more below it would reach under 0x10000/,
    ],
    ['with an alignment that is no power of two', { load: { align: 3 } }, /power of two/],
    [
      'under a segment that starts behind the first page',
      { load: { vaddr: 0x30000 } },
      /offset 8192, behind the first page/,
    ],
    [
      'when the shift exceeds what a file may be long',
      { base: 2 ** 46, load: { align: 2 ** 53 } },
      /would reach under/,
    ],
  ];
  it.each(closed)('does not go %s', (_, options, reason) => {
    const result = move(plainProgram(WIDE, options));
    expect(result).toMatchObject({ kind: 'refused' });
    const ways = result.kind === 'refused' ? result.ways : [];
    expect(ways.map(({ way }) => way)).toEqual(['free room', 'room beside the interpreter path', 'page in front']);
    expect(ways[2].sentence).toMatch(reason);
    expect(ways[0].sentence).toContain('The table needs 224 bytes');
  });
});

describe('no rewriting', () => {
  it('when the table is first', () => {
    const bytes = plainProgram(WIDE, { room: new Uint8Array(224), tableOffset: 64 });
    expect(move(bytes)).toEqual({ kind: 'unchanged', sentence: expect.stringContaining('at offset 64') });
  });

  it('when there is no table, or one that fits no page', () => {
    const base = { tableOffset: 0x2000, endOffset: 0x8000 };
    expect(move(placeElf({ ...base, segments: [] }))).toMatchObject({
      ways: [{ sentence: 'The file has no program headers: it is not a program.' }],
    });
    const segments = Array.from({ length: 73 }, () => ({ type: 0 }));
    expect(move(placeElf({ ...base, segments }))).toMatchObject({
      ways: [{ sentence: 'The 73 program headers take 4088 bytes, too many for a page of 4096.' }],
    });
    const pages = movePhdrsFirst(bytesSource(placeElf({ ...base, segments })), { pageBytes: 16384 });
    expect(pages).toMatchObject({ kind: 'unchanged' });
  });

  it('of what is not ELF or contradicts itself: a located error', () => {
    expect(() => move(new Uint8Array(100))).toThrow(expect.objectContaining({ code: 'bad-magic', format: 'elf' }));
    const cut = plainProgram(WIDE).subarray(0, 0x2850);
    expect(() => move(cut)).toThrow(expect.objectContaining({ code: 'truncated', offset: 0x3020n }));
  });
});
