// The comparison itself finds what it is there to find.
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../byte-source.ts';
import { BASE, MOVED_SHAPES, plainProgram } from '../test-support/moved-headers.ts';
import { compareLoaded } from './compare-loaded.ts';

const [WIDE] = MOVED_SHAPES;
const original = plainProgram(WIDE);
const compare = (after: Uint8Array, announced = [{ offset: 0x2100, length: 4, sentence: 'meant' }]) =>
  compareLoaded(bytesSource(original), bytesSource(after), announced);

describe('compareLoaded', () => {
  it('counts what it compared', () => {
    expect(compare(original)).toEqual({
      segments: 2,
      comparedBytes: 0x1200 + 0xa00,
      announcedBytes: 0,
      differences: [],
      mismatches: [],
    });
  });

  it('names bytes that differ, joined, with address and offset, and not those that were announced', () => {
    const changed = original.slice();
    for (const offset of [0x1000, 0x1001, 0x20ff, 0x2100, 0x2103, 0x2104, 0x2f00]) changed[offset] ^= 1;
    const { differences, announcedBytes } = compare(changed);
    expect(announcedBytes).toBe(2);
    expect(differences).toEqual([
      { segment: 1, address: BigInt(BASE + 0x1000), length: 2, offset: 0x1000 },
      { segment: 2, address: BigInt(BASE + 0x20ff), length: 1, offset: 0x20ff },
      { segment: 2, address: BigInt(BASE + 0x2104), length: 1, offset: 0x2104 },
    ]);
  });

  it.each([
    ['permissions', { flags: 7 }, /permissions 5 became 7/],
    ['a later start', { vaddr: BASE + 0x3000, offset: 0x2000 }, /is no longer mapped/],
    ['less of the file', { filesz: 0x900 }, /end of the file's bytes moved/],
    ['more zeros', { memsz: 0x2000 }, /end of the zeroed bytes moved/],
  ])('refuses to compare segments with %s', (_, load, sentence) => {
    const { mismatches } = compare(plainProgram(WIDE, { load }));
    expect(mismatches).toEqual([expect.stringMatching(sentence)]);
  });

  it('sees a missing segment and a shorter file', () => {
    const fewer = original.slice();
    new DataView(fewer.buffer).setUint32(0x2808 + 2 * 56, 0, true);
    expect(compare(fewer).mismatches).toContain('2 PT_LOADs became 1.');
    const view = new DataView(original.slice().buffer);
    view.setBigUint64(40, 0n, true);
    view.setUint16(60, 0, true);
    const short = new Uint8Array(view.buffer).subarray(0, 0x2900);
    expect(compare(short).differences.at(-1)).toMatchObject({ address: BigInt(BASE + 0x2900), offset: 0x2900 });
  });
});
