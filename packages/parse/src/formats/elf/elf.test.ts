// Every structure of the sample image, in both classes and both byte orders, with and without section headers.
import { deflateSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bytesSource, countingSource } from '../../byte-source.ts';
import type { ByteWriter } from '../../test-support/byte-writer.ts';
import { buildImage, IMAGE_BASE } from '../../test-support/elf-image.ts';
import { SHAPES, sampleImage } from '../../test-support/sample-image.ts';
import { sectionCompression, sectionContent } from './compressed-section.ts';
import { debugAlternateLink, debugLink, debugLinkChecksum } from './debug-link.ts';
import { DT, dynamicNames, neededLibraries, sharedObjectName } from './dynamic.ts';
import { type ElfFile, parseElf } from './elf.ts';
import { readExceptionFrameHeader } from './exception-frame-header.ts';
import { functionArrays } from './function-arrays.ts';
import { gnuBloomAdmits, gnuChainLengths, gnuLookup, readGnuHash } from './gnu-hash.ts';
import { dynamicRelocations, relocationTables, relrTables } from './relocation.ts';
import { sectionSegmentMap } from './section-segment-map.ts';
import { programProperties, relroRange, stackRequest, threadLocalTemplate } from './special-segments.ts';
import { readSymbolVersions } from './symbol-version.ts';
import { readSysvHash, sysvChainLengths, sysvLookup } from './sysv-hash.ts';

const label = (shape: (typeof SHAPES)[number]) => `ELF${shape.elfClass} ${shape.littleEndian ? 'LE' : 'BE'}`;

describe.each(SHAPES.map((shape) => [label(shape), shape] as const))('%s', (_, shape) => {
  const wide = shape.elfClass === 64;
  const open = (sectionless = false): ElfFile =>
    parseElf(bytesSource(sampleImage({ ...shape, sectionless, entry: 0x10040n })));
  const address = (elf: ElfFile, name: string) => elf.sectionNamed(name)!.addr;

  it('reads the file header', () => {
    expect(open().fileHeader).toMatchObject({
      elfClass: shape.elfClass,
      littleEndian: shape.littleEndian,
      type: 3,
      machine: 62,
      version: 1,
      entry: 0x10040n,
      phoff: wide ? 64n : 52n,
      phentsize: wide ? 56 : 32,
      phnum: 10,
      shentsize: wide ? 64 : 40,
    });
  });

  it('reads program headers and the interpreter', () => {
    const elf = open();
    expect(elf.programHeaders[0]).toMatchObject({ type: 1, flags: 7, offset: 0n, vaddr: IMAGE_BASE, align: 0x10000n });
    expect(elf.programHeaders[0].filesz).toBe(elf.programHeaders[0].memsz);
    expect(elf.interpreter).toBe('/lib64/ld-linux-x86-64.so.2');
  });

  it('reads section headers and names', () => {
    const elf = open();
    expect(elf.sectionHeaders).toHaveLength(31);
    expect(elf.sectionName(0)).toBe('');
    expect(elf.sectionNamed('.tbss')).toMatchObject({ type: 8, flags: 0x403n, size: 64n });
    expect(elf.sectionData(elf.sectionNamed('.tbss')!)).toHaveLength(0);
    expect(elf.sectionData(elf.sectionNamed('.tdata')!)).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  it('lists sections under their segments', () => {
    const elf = open();
    const names = sectionSegmentMap(elf).map((list) => list.map((section) => elf.sectionName(section)));
    expect(names[0]).toContain('.data');
    expect(names[0]).not.toContain('.tbss');
    expect(names[0]).not.toContain('.comment');
    expect(names.slice(1, 5)).toEqual([['.interp'], ['.dynamic'], ['.note.sample'], ['.note.gnu.property']]);
    expect(names[7]).toEqual(['.tdata']);
    expect(names[8]).toEqual([]);
  });

  it.each([false, true])('reads the dynamic section (section headers left out: %s)', (sectionless) => {
    const elf = open(sectionless);
    expect(neededLibraries(elf)).toEqual(['libc.so.6']);
    expect(sharedObjectName(elf)).toBe('libsample.so');
    expect(dynamicNames(elf, DT.RUNPATH)).toEqual(['/opt/lib']);
  });

  it.each([false, true])('reads dynamic symbols and versions (section headers left out: %s)', (sectionless) => {
    const elf = open(sectionless);
    const symbols = [...elf.symbols('dynsym')!];
    const versions = readSymbolVersions(elf);
    expect(symbols.map(({ name }) => name).toSorted()).toEqual(['', 'alpha', 'beta', 'gamma', 'puts']);
    expect(symbols[1]).toMatchObject({ name: 'puts', type: 2, binding: 1, sectionIndex: 0, value: 0n });
    expect(symbols.find(({ name }) => name === 'gamma')).toMatchObject({ binding: 2, size: 16n });
    expect(versions.versionOf(1)).toEqual({ name: 'GLIBC_2.2.5', file: 'libc.so.6', hidden: false });
    expect(versions.versionOf(3)).toEqual({ name: 'SAMPLE_2.0', hidden: false });
    expect(versions.versionOf(4)).toEqual({ name: 'SAMPLE_2.0', hidden: true });
    expect(versions.versionOf(0)).toBeUndefined();
    expect(
      versions.definitions.map(({ index, flags, names }) => [index, flags, names.map(({ name }) => name)]),
    ).toEqual([
      [1, 1, ['SAMPLE_1.0']],
      [3, 0, ['SAMPLE_2.0', 'SAMPLE_1.0']],
    ]);
    expect(versions.needs[0]).toMatchObject({ file: 'libc.so.6', entryCount: 1 });
  });

  it.each([false, true])('looks names up in both hash tables (section headers left out: %s)', (sectionless) => {
    const elf = open(sectionless);
    const symbols = elf.symbols('dynsym')!;
    const gnu = readGnuHash(elf)!;
    const sysv = readSysvHash(elf)!;
    for (const name of ['alpha', 'beta', 'gamma']) {
      expect(gnuBloomAdmits(gnu, name, elf.wordSize)).toBe(true);
      expect(gnuLookup(elf, gnu, symbols, name)?.name).toBe(name);
      expect(sysvLookup(elf, sysv, symbols, name)?.name).toBe(name);
    }
    expect(gnuLookup(elf, gnu, symbols, 'puts')).toBeUndefined();
    expect(sysvLookup(elf, sysv, symbols, 'absent')).toBeUndefined();
    expect(gnu.symbolCount).toBe(5);
    expect([...gnuChainLengths(elf, gnu)].reduce((sum, length) => sum + length)).toBe(3);
    expect([...sysvChainLengths(elf, sysv)].reduce((sum, length) => sum + length)).toBe(4);
  });

  it('reads relocations of all three kinds', () => {
    const elf = open();
    const [rela, rel] = [...relocationTables(elf)];
    expect([rela.kind, rela.count, rel.kind, rel.count]).toEqual(['rela', 2, 'rel', 1]);
    expect(rela.at(1)).toMatchObject({
      offset: address(elf, '.init_array') + BigInt(elf.wordSize),
      type: 8,
      symbolIndex: 0,
      addend: address(elf, '.text') + 16n,
    });
    expect(rel.at(0)).toMatchObject({ offset: address(elf, '.data'), type: 7, symbolIndex: 1, addend: undefined });
    const data = address(elf, '.data');
    const word = BigInt(elf.wordSize);
    expect([...relrTables(elf)[0]]).toEqual([data, data + word, data + 3n * word]);
    expect([...relrTables(open(true))[0]]).toEqual([data, data + word, data + 3n * word]);
    expect(dynamicRelocations(open(true)).map(({ kind, count }) => [kind, count])).toEqual([
      ['rela', 2],
      ['rel', 1],
    ]);
  });

  it('applies relative relocations to the function arrays', () => {
    const elf = open();
    const text = address(elf, '.text');
    expect(functionArrays(elf)).toEqual({
      init: text,
      fini: text + 16n,
      preinitArray: [],
      initArray: [text, text + 16n],
      finiArray: [text + 16n],
    });
  });

  it('reads the exception frame table', () => {
    const elf = open();
    const table = readExceptionFrameHeader(elf)!;
    const start = address(elf, '.eh_frame_hdr');
    expect(table.frames).toBe(start + 4n + 64n);
    expect(table.count).toBe(2);
    expect(table.at(1)).toEqual({ start: address(elf, '.text') + 16n, description: start + 96n });
    expect(() => table.at(2)).toThrow(/no row 2/);
  });

  it('reads the segments that state one fact', () => {
    const elf = open();
    expect(stackRequest(elf)).toEqual({ executable: false, size: 0n });
    expect(relroRange(elf)!.start).toBe(address(elf, '.dynamic'));
    expect(programProperties(elf)).toMatchObject([{ type: 0xc0000002, value: 3n }]);
    expect(threadLocalTemplate(elf)!.image()).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  it('finds the symbol at an address', () => {
    const elf = open();
    const text = address(elf, '.text');
    expect(elf.symbolAt(text + 5n)).toMatchObject({ symbol: { name: 'alpha' }, offset: 5n });
    expect(elf.symbolAt(Number(text) + 16)).toMatchObject({ symbol: { name: 'gamma' }, offset: 0n });
    expect(elf.symbolAt(text + 32n)).toBeUndefined();
    expect(elf.symbolAt(0n)).toBeUndefined();
  });

  it('reads links to debug files', () => {
    const elf = open();
    expect(debugLink(elf)).toEqual({ file: 'sample.debug', checksum: 0x1234_5678 });
    expect(debugAlternateLink(elf)).toEqual({ file: 'shared.debug', buildId: 'abcd' });
  });

  it('describes compressed sections', () => {
    const elf = open();
    expect(sectionCompression(elf, elf.sectionNamed('.debug_info')!)).toMatchObject({
      kind: 'zlib',
      type: 1,
      size: 26n,
    });
    expect(sectionCompression(elf, elf.sectionNamed('.zdebug_line')!)).toMatchObject({
      kind: 'zlib',
      size: 9n,
      headerSize: 12,
    });
    expect(sectionCompression(elf, elf.sectionNamed('.text')!)).toBeUndefined();
    expect(() => sectionContent(elf, elf.sectionNamed('.debug_info')!)).toThrow(/no decompressor/);
  });

  it('decompresses with the decompressor it is given, and checks the size', () => {
    const content = new Uint8Array(1000).fill(7);
    const image = (claimed: number) =>
      buildImage(
        shape,
        [
          {
            name: '.debug_str',
            type: 1,
            flags: 0x800,
            write: (w: ByteWriter) => {
              w.u32(1);
              if (w.wordSize === 8) w.u32(0);
              w.words(claimed, 1).raw(deflateSync(content));
            },
          },
        ],
        [],
      );
    const expand = (claimed: number, maximumBytes?: number) => {
      const elf = parseElf(bytesSource(image(claimed)));
      return sectionContent(elf, elf.sectionNamed('.debug_str')!, { zlib: (data) => inflateSync(data), maximumBytes });
    };
    expect(new Uint8Array(expand(1000))).toEqual(content);
    expect(() => expand(999)).toThrow(expect.objectContaining({ code: 'malformed' }));
    expect(() => expand(1000, 10)).toThrow(expect.objectContaining({ code: 'limit' }));
  });
});

describe('laziness', () => {
  it('reads only the file header until asked', () => {
    const source = countingSource(bytesSource(sampleImage(SHAPES[0])));
    const elf = parseElf(source);
    expect([source.reads, source.bytesRead]).toEqual([1, 64]);
    expect(elf.programHeaders).toBe(elf.programHeaders);
    expect(source.reads).toBe(2);
  });
});

describe('debugLinkChecksum', () => {
  it('is CRC-32, over pieces too', () => {
    const text = new TextEncoder().encode('123456789');
    expect(debugLinkChecksum(text)).toBe(0xcbf43926);
    expect(debugLinkChecksum(text.subarray(4), debugLinkChecksum(text.subarray(0, 4)))).toBe(0xcbf43926);
  });
});
