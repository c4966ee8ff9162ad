// What strict mode refuses, with code and offset, and what permissive mode makes of it.
import { describe, expect, it } from 'vitest';
import { type ByteSource, bytesSource } from '../../byte-source.ts';
import { ParseError } from '../../parse-error.ts';
import { buildImage } from '../../test-support/elf-image.ts';
import { SHAPES, sampleImage } from '../../test-support/sample-image.ts';
import { type ElfFile, parseElf } from './elf.ts';
import { readGnuHash } from './gnu-hash.ts';
import { sectionSegmentMap } from './section-segment-map.ts';
import { readSymbolVersions } from './symbol-version.ts';
import { readSysvHash, sysvChainLengths } from './sysv-hash.ts';

const SHAPE = SHAPES[0];
const image = () => sampleImage(SHAPE);

/** The sample with some bytes replaced; positions are ELF64's. */
function damaged(...patches: Array<readonly [at: number, bytes: readonly number[]]>): Uint8Array {
  const bytes = image();
  for (const [at, values] of patches) bytes.set(values, at);
  return bytes;
}

const problemOf = (bytes: Uint8Array, use: (elf: ElfFile) => unknown) => {
  try {
    use(parseElf(bytesSource(bytes)));
  } catch (error) {
    if (ParseError.isInstance(error)) return [error.code, error.offset, error.format];
    throw error;
  }
  return undefined;
};

const sectionOffset = (name: string) => Number(parseElf(bytesSource(image())).sectionNamed(name)!.offset);

describe('strict mode', () => {
  it.each([
    ['no bytes', new Uint8Array(0), ['truncated', 0n, 'elf']],
    ['another format', new Uint8Array(64), ['bad-magic', 0n, 'elf']],
    ['half a header', image().subarray(0, 60), ['truncated', 0n, 'elf']],
    ['class 3', damaged([4, [3]]), ['bad-header', 4n, 'elf']],
    ['byte order 0', damaged([5, [0]]), ['bad-header', 5n, 'elf']],
    ['version 2', damaged([6, [2]]), ['bad-header', 6n, 'elf']],
  ])('refuses %s', (_, bytes, expected) => {
    expect(problemOf(bytes, () => {})).toEqual(expected);
  });

  it.each<[string, Uint8Array, (elf: ElfFile) => unknown, unknown[]]>([
    [
      'short program header entries',
      damaged([54, [55, 0]]),
      (elf) => elf.programHeaders,
      ['bad-entry-size', 54n, 'elf'],
    ],
    [
      'short section header entries',
      damaged([58, [1, 0]]),
      (elf) => elf.sectionHeaders,
      ['bad-entry-size', 58n, 'elf'],
    ],
    [
      'program headers past the end',
      damaged([32, [0, 0, 0, 0, 1]]),
      (elf) => elf.programHeaders,
      ['truncated', 0x1_0000_0000n, 'elf'],
    ],
    [
      'an e_phoff of 2^64 - 1',
      damaged([32, Array(8).fill(255)]),
      (elf) => elf.programHeaders,
      ['truncated', 2n ** 64n - 1n, 'elf'],
    ],
    ['a reserved e_shstrndx', damaged([62, [1, 0xff]]), (elf) => elf.sectionName(1), ['bad-index', 62n, 'elf']],
    [
      'an interpreter without NUL',
      damaged([sectionOffset('.interp') + 27, [65]]),
      (elf) => elf.interpreter,
      ['malformed', BigInt(sectionOffset('.interp')), 'elf'],
    ],
    [
      'a note that is too long',
      damaged([sectionOffset('.note.sample') + 4, [255, 255]]),
      (elf) => elf.notes(),
      ['malformed', BigInt(sectionOffset('.note.sample')), 'elf'],
    ],
  ])('refuses %s', (_, bytes, use, expected) => {
    expect(problemOf(bytes, use)).toEqual(expected);
  });

  it('finds cycles in SysV hash chains', () => {
    const chains = sectionOffset('.hash') + 8 + 3 * 4;
    const cyclic = damaged(
      [chains + 4, [1, 0, 0, 0]],
      [chains + 8, [2, 0, 0, 0]],
      [chains + 12, [3, 0, 0, 0]],
      [chains + 16, [4, 0, 0, 0]],
    );
    expect(problemOf(cyclic, (elf) => sysvChainLengths(elf, readSysvHash(elf)!))).toEqual(['cycle', 0n, 'elf']);
  });

  it('bounds version chains that overlap', () => {
    // vd_next 1 and the largest count: entries at every byte.
    const at = sectionOffset('.gnu.version_d');
    expect(
      problemOf(
        damaged([at + 6, [255, 255]], [at + 12, [0, 0, 0, 0]], [at + 16, [1, 0, 0, 0]]),
        readSymbolVersions,
      )?.[0],
    ).toMatch(/limit|truncated|bad-index/);
  });

  it('does not allocate what a size field claims', () => {
    const requests: number[] = [];
    const bytes = damaged(
      [sectionOffset('.gnu.hash'), [255, 255, 255, 255]],
      [sectionOffset('.gnu.hash') + 8, [255, 255, 255, 255]],
    );
    const source: ByteSource = {
      size: bytes.length,
      read: (offset, length) => {
        requests.push(length);
        return bytes.subarray(offset, offset + length);
      },
    };
    expect(() => readGnuHash(parseElf(source))).toThrow(ParseError);
    readGnuHash(parseElf(source, { permissive: true }));
    expect(Math.max(...requests)).toBeLessThanOrEqual(bytes.length);
  });

  it('refuses to compare too many segments with too many sections', () => {
    const elf = parseElf(bytesSource(image()));
    const crowd = {
      programHeaders: Array(8192).fill(elf.programHeaders[0]),
      sectionHeaders: Array(8192).fill(elf.sectionHeaders[1]),
    };
    const crowded = Object.create(
      elf,
      Object.getOwnPropertyDescriptors({
        ...crowd,
        complain: (error: ParseError) => {
          throw error;
        },
      }),
    );
    expect(() => sectionSegmentMap(crowded)).toThrow(expect.objectContaining({ code: 'limit' }));
  });

  it('bounds names that overlap', () => {
    const names = new Uint8Array(300_000).fill(0x41);
    const bytes = buildImage(
      SHAPE,
      [
        {
          name: '.symtab',
          type: 2,
          link: '.strtab',
          entsize: 24,
          write: (w) => {
            for (let index = 0; index < 2000; index++) w.u32(index).raw(new Uint8Array(20));
          },
        },
        { name: '.strtab', type: 3, write: (w) => w.raw(names).u8(0) },
      ],
      [],
    );
    const start = performance.now();
    expect(problemOf(bytes, (elf) => [...elf.symbols('symtab')!])?.[0]).toBe('limit');
    const elf = parseElf(bytesSource(bytes), { permissive: true });
    expect([...elf.symbols('symtab')!]).toHaveLength(2000);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('permissive mode', () => {
  it('goes on and says what it has overlooked', () => {
    const elf = parseElf(bytesSource(damaged([5, [9]], [54, [1, 0]])), { permissive: true });
    expect(elf.fileHeader.littleEndian).toBe(true);
    expect(elf.programHeaders).toEqual([]);
    expect(elf.problems.map(({ code, offset }) => [code, offset])).toEqual([
      ['bad-header', 5n],
      ['bad-entry-size', 54n],
    ]);
  });

  it('gives the entries that are there when the table is cut', () => {
    const cut = image().subarray(0, 64 + 56 * 3 + 20);
    const elf = parseElf(bytesSource(cut), { permissive: true });
    expect(elf.programHeaders.map(({ type }) => type)).toEqual([1, 3, 2]);
  });

  it('still refuses what is not ELF', () => {
    expect(() => parseElf(bytesSource(new Uint8Array(100)), { permissive: true })).toThrow(
      expect.objectContaining({ code: 'bad-magic' }),
    );
  });

  it('keeps a bounded list of problems', () => {
    const bytes = buildImage(
      SHAPE,
      [
        {
          name: '.symtab',
          type: 2,
          link: '.strtab',
          entsize: 24,
          write: (w) => {
            for (let index = 0; index < 2000; index++) w.u32(9000 + index).raw(new Uint8Array(20));
          },
        },
        { name: '.strtab', type: 3, write: (w) => w.u8(0) },
      ],
      [],
    );
    const elf = parseElf(bytesSource(bytes), { permissive: true });
    expect([...elf.symbols('symtab')!].every(({ name }) => name === '')).toBe(true);
    expect(elf.problems).toHaveLength(256);
  });
});

describe('assumptions', () => {
  it('believe the caller instead of e_ident, as Linux does', () => {
    const elf = parseElf(bytesSource(damaged([4, [77, 77]])), { elfClass: 64, littleEndian: true });
    expect(elf.interpreter).toBe('/lib64/ld-linux-x86-64.so.2');
  });
});

describe('ParseError', () => {
  it('is known by its marker, so that two copies of the package agree', () => {
    const foreign = { [Symbol.for('@elf/parse.ParseError')]: true };
    expect(ParseError.isInstance(foreign)).toBe(true);
    expect(ParseError.isInstance(new Error('x'))).toBe(false);
  });
});
