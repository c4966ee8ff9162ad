// Filling pages: exact bytes whatever the permissions, nothing read before it is touched, nothing changed past the end of the file.
import { AddressSpace, GuestMemory, Protection, UserMemory } from '@elf/mm';
import { GUEST_PAGE_BYTES as PAGE } from '@elf/pagesize';
import { describe, expect, it } from 'vitest';
import { ExecErrno } from './exec-errno.ts';
import { fillFromFile, fillWithZeros } from './page-filler.ts';
import { patternedFile } from './test-support/patterned-file.ts';

const { Read, Write, Execute } = Protection;
const START = 0x10000;
const FILE_BYTES = 40 * PAGE + 100;
const memory = new GuestMemory({ maximumBytes: 64 << 20 });
const file = patternedFile(new Uint8Array(0), FILE_BYTES);

/** 64 pages from 0x10000: readable and executable, readable and writable, and so on in stripes of `stripe` pages. */
function striped(stripe = 64): AddressSpace {
  const space = new AddressSpace(memory);
  for (let page = 0; page < 64; page += stripe) {
    const protection = (page / stripe) % 2 === 0 ? Read | Execute : Read | Write;
    space.map({ address: START + page * PAGE, length: stripe * PAGE, protection, fixed: 'replace' });
  }
  return space;
}

const content = (space: AddressSpace) => new UserMemory(space).read(START, 64 * PAGE) ?? new Uint8Array(0);
const permissions = (space: AddressSpace) =>
  Array.from({ length: 64 }, (_, page) => space.find(START + page * PAGE)?.protection);

describe('fillFromFile', () => {
  // biome-ignore format: one row per line
  const rows: [string, number, number, number][] = [
    ['whole pages',                         0,    8 * PAGE,        3 * PAGE],
    ['congruent, ragged at both ends',      0x123, 8 * PAGE,       3 * PAGE + 0x123],
    ['askew by a byte',                     0,    8 * PAGE,        3 * PAGE + 1],
    ['askew, ragged at both ends',          0x7f1, 9 * PAGE + 77,  0x1234],
    ['within one page',                     0x100, 0x200,          0x555],
    ['across one border',                   0xff0, 0x20,           0x555],
    ['to the end of the file and past it',  0x10, 30 * PAGE,       20 * PAGE + 0x321],
    ['past the end of the file',            0,    PAGE,            FILE_BYTES],
    ['nothing',                             0x10, 0,               0],
  ];
  it.each(rows)('puts %s', (_name, from, length, fileOffset) => {
    for (const stripe of [64, 1, 3]) {
      const space = striped(stripe);
      const expected = content(space);
      const before = permissions(space);
      const bytes = file.source.read(fileOffset, length);
      expected.set(bytes, from);
      expect(fillFromFile(space, file, START + from, length, fileOffset)).toBe(0);
      expect(Buffer.compare(content(space), expected)).toBe(0);
      expect(permissions(space)).toEqual(before);
      expect(space.checkInvariants()).toEqual([]);
      space.destroy();
    }
  });

  it('reads nothing but the ragged ends', () => {
    let bytesRead = 0;
    const counted = {
      ...file,
      source: {
        size: file.source.size,
        read(offset: number, length: number) {
          bytesRead += length;
          return file.source.read(offset, length);
        },
      },
    };
    const space = striped();
    const frames = memory.framesInUse;
    expect(fillFromFile(space, counted, START + 0x10, 30 * PAGE, 0x777)).toBe(0);
    expect(bytesRead).toBe(PAGE);
    expect(memory.framesInUse - frames).toBeLessThanOrEqual(2);
    space.destroy();
  });

  it('leaves the file itself alone when the program writes', () => {
    const space = striped(1);
    fillFromFile(space, file, START, 8 * PAGE, 1);
    const writable = START + PAGE;
    expect(new UserMemory(space).write(writable, Uint8Array.of(0))).toBe(true);
    const other = striped(1);
    fillFromFile(other, file, START, 8 * PAGE, 1);
    expect(new UserMemory(other).readU8(writable)).toBe(file.source.read(PAGE + 1, 1)[0]);
    for (const each of [space, other]) each.destroy();
  });

  it('fails where nothing is mapped, and for offsets before the file', () => {
    const space = striped();
    expect(fillFromFile(space, file, START + 60 * PAGE, 8 * PAGE, 0)).toBe(-ExecErrno.EFAULT);
    expect(fillFromFile(space, file, START - 0x10, 0x20, 0)).toBe(-ExecErrno.EFAULT);
    expect(fillFromFile(space, file, START, PAGE, -PAGE)).toBe(-ExecErrno.EINVAL);
    space.destroy();
  });
});

describe('fillWithZeros', () => {
  // biome-ignore format: one row per line
  const rows: [string, number, number][] = [
    ['whole pages',          0,     8 * PAGE],
    ['ragged ends',          0x123, 8 * PAGE],
    ['a part of a page',     0x123, 0x45],
    ['nothing',              0x123, 0],
  ];
  it.each(rows)('clears %s', (_name, from, length) => {
    const space = striped(3);
    fillFromFile(space, file, START, 40 * PAGE, 0);
    const expected = content(space);
    const before = permissions(space);
    expected.fill(0, from, from + length);
    expect(fillWithZeros(space, START + from, length)).toBe(0);
    expect(Buffer.compare(content(space), expected)).toBe(0);
    expect(permissions(space)).toEqual(before);
    space.destroy();
  });

  it('costs nothing for a gibibyte', () => {
    const space = new AddressSpace(memory);
    space.map({ address: 0x4000_0000, length: 2 ** 30, protection: Read | Write, fixed: 'replace' });
    const frames = memory.framesInUse;
    expect(fillWithZeros(space, 0x4000_0001, 2 ** 30 - 2)).toBe(0);
    expect(memory.framesInUse - frames).toBeLessThanOrEqual(2);
    space.destroy();
  });
});
