// The padded form of Plan 9 programs: its layout to the byte, and what is refused.
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../byte-source.ts';
import { parsePlan9 } from '../formats/plan9/plan9.ts';
import { samplePlan9 } from '../test-support/fuzz-seeds.ts';
import { padPlan9 } from './pad-plan9.ts';
import { rewrittenSource } from './rewrite-plan.ts';

const PAGE = 4096;

function pad(bytes: Uint8Array) {
  const plan = padPlan9(bytesSource(bytes), { pageBytes: PAGE });
  const output = rewrittenSource(bytesSource(bytes), plan);
  return { plan, bytes: output.read(0, output.size), program: parsePlan9(output) };
}

/** A 386 program with sizes of the test's choice; every byte behind the header differs from zero. */
function program(text: number, data: number, bss: number, tables: number): Uint8Array {
  const bytes = new Uint8Array(32 + text + data + tables).map((_, index) => 1 + (index % 251));
  const view = new DataView(bytes.buffer);
  [0x1eb, text, data, bss, tables, 0x1020, 0, 0].forEach((word, index) => {
    view.setUint32(4 * index, word);
  });
  return bytes;
}

describe('padPlan9', () => {
  it('lays the sample out as documented', () => {
    // 40 bytes of header, 16 of text, 8 of data, 32 of bss, then symbols and lines.
    const original = samplePlan9();
    const { bytes, program: padded, plan } = pad(original);
    expect(padded.header).toMatchObject({ text: PAGE - 40, data: PAGE, bss: 0, entry: 0x200028n, dataOffset: PAGE });
    expect(bytes.subarray(0, 4)).toEqual(original.subarray(0, 4));
    expect(bytes.subarray(16, 56)).toEqual(original.subarray(16, 56));
    expect(bytes.subarray(56, PAGE).every((byte) => byte === 0)).toBe(true);
    expect(bytes.subarray(PAGE, PAGE + 8)).toEqual(original.subarray(56, 64));
    expect(bytes.subarray(PAGE + 8, 2 * PAGE).every((byte) => byte === 0)).toBe(true);
    expect(bytes.subarray(2 * PAGE)).toEqual(original.subarray(64));
    expect(padded.symbols()).toEqual(parsePlan9(bytesSource(original)).symbols());
    expect([...padded.lines()]).toEqual([...parsePlan9(bytesSource(original)).lines()]);
    expect(plan.changes.map(({ offset, length, sentence }) => [offset, length, sentence])).toEqual([
      [4, 4, 'text: 16 becomes 4056'],
      [8, 4, 'data: 8 becomes 4096'],
      [12, 4, 'bss: 32 becomes 0'],
      [56, 4040, 'zeros to the page of the data'],
      [4104, 4088, 'zeros of bss and to the end of its page'],
    ]);
  });

  it.each([
    [4064, 4096, 0, 10],
    [4065, 1, 4095, 0],
    [1, 4097, 0, 5],
    [100, 0, 0, 5],
    [100, 0, 9000, 5],
    [9000, 3, 4093, 1],
  ])('text %i, data %i, bss %i, tables %i', (text, data, bss, tables) => {
    const original = program(text, data, bss, tables);
    const { bytes, program: padded } = pad(original);
    const { header } = padded;
    expect(header.dataOffset % PAGE).toBe(0);
    expect(header.dataOffset - (32 + text)).toBeLessThan(PAGE);
    expect(header.symbolsOffset % PAGE).toBe(0);
    expect(header.data - (data + bss)).toBeLessThan(PAGE);
    expect(padded.text().subarray(0, text)).toEqual(original.subarray(32, 32 + text));
    expect(padded.data().subarray(0, data)).toEqual(original.subarray(32 + text, 32 + text + data));
    expect(
      padded
        .data()
        .subarray(data)
        .every((byte) => byte === 0),
    ).toBe(true);
    expect(bytes.subarray(header.symbolsOffset)).toEqual(original.subarray(32 + text + data));
    // Padding a padded program changes nothing.
    expect(pad(bytes).bytes).toEqual(bytes);
  });

  it('refuses what is not a whole Plan 9 program, and sizes that would not fit', () => {
    const error = (bytes: Uint8Array) => {
      try {
        pad(bytes);
      } catch (thrown) {
        return thrown;
      }
      return undefined;
    };
    expect(error(new Uint8Array(64))).toMatchObject({ code: 'bad-magic', offset: 0n, format: 'plan9' });
    expect(error(program(100, 100, 0, 0).subarray(0, 231))).toMatchObject({ code: 'truncated', offset: 231n });
    expect(error(program(100, 100, 0xffff_ffff, 0))).toMatchObject({ code: 'limit', offset: 8n });
  });

  it('plans gigabytes of zeros without making them', () => {
    const plan = padPlan9(bytesSource(program(100, 100, 0xf000_0000, 7)), { pageBytes: PAGE });
    expect(plan.size).toBe(PAGE + 0xf000_1000 + 7);
    const output = rewrittenSource(bytesSource(program(100, 100, 0, 7)), plan);
    expect(output.read(0xf000_0000, 16)).toEqual(new Uint8Array(16));
    expect(output.read(plan.size - 7, 100).length).toBe(7);
  });
});
