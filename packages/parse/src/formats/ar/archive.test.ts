// Archives of the GNU, BSD and thin kinds.
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../byte-source.ts';
import { sampleArchive, sampleBsdArchive } from '../../test-support/fuzz-seeds.ts';
import { decodeText, encodeText } from '../../text.ts';
import { parseArchive } from './archive.ts';

const open = (bytes: Uint8Array) => parseArchive(bytesSource(bytes));
const content = (bytes: Uint8Array) =>
  [...open(bytes).members()]
    .filter(({ kind }) => kind === 'file')
    .map(({ name, source, size }) => [name, source && decodeText(source.read(0, size))]);
const patched = (bytes: Uint8Array, at: number, text: string) => {
  bytes.set(encodeText(text), at);
  return bytes;
};

describe('parseArchive', () => {
  it('reads a GNU archive', () => {
    expect([...open(sampleArchive()).members()].map(({ kind }) => kind)).toEqual(['symbols', 'names', 'file', 'file']);
    expect(content(sampleArchive())).toEqual([
      ['short.o', 'hello'],
      ['a-rather-long-member-name.o', 'data'],
    ]);
    expect(
      open(sampleArchive())
        .symbols()
        .map(({ name }) => name),
    ).toEqual(['alpha', 'beta']);
    expect([...open(sampleArchive()).members()][2]).toMatchObject({ mode: 0o644, uid: 0, date: 0, size: 5 });
  });

  it('reads a BSD archive', () => {
    expect(content(sampleBsdArchive())).toEqual([['a longer name.o', 'hello']]);
  });

  it('gives no data for the members of a thin archive', () => {
    // The data of files is elsewhere, so the headers follow each other.
    const thin = `!<thin>\n${'a.o/'.padEnd(48)}${'5'.padEnd(10)}\`\n${'b.o/'.padEnd(48)}${'7'.padEnd(10)}\`\n`;
    expect(open(encodeText(thin)).thin).toBe(true);
    expect(content(encodeText(thin))).toEqual([
      ['a.o', undefined],
      ['b.o', undefined],
    ]);
  });

  it.each([
    ['a size beyond the end', patched(sampleBsdArchive(), 8 + 48, '99999'), 'truncated'],
    ['a size that is not a number', patched(sampleBsdArchive(), 8 + 48, 'many '), 'malformed'],
    ['a header without its end', patched(sampleBsdArchive(), 8 + 58, 'xx'), 'malformed'],
    ['half a header', sampleBsdArchive().subarray(0, 30), 'truncated'],
    ['a long name that is not there', patched(sampleBsdArchive(), 8, '/77             '), 'bad-index'],
  ])('refuses %s', (_, bytes, code) => {
    expect(() => content(bytes)).toThrow(expect.objectContaining({ code, format: 'ar' }));
  });
});
