// Plan 9 programs: header, symbols of both widths, lines.
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../byte-source.ts';
import { ByteWriter } from '../../test-support/byte-writer.ts';
import { samplePlan9 } from '../../test-support/fuzz-seeds.ts';
import { PLAN9_MACHINES } from './magics.ts';
import { parsePlan9 } from './plan9.ts';

const open = (bytes: Uint8Array) => parsePlan9(bytesSource(bytes));

describe('parsePlan9', () => {
  it('reads the header', () => {
    const { header } = open(samplePlan9());
    expect(header).toMatchObject({
      text: 16,
      data: 8,
      bss: 32,
      entry: 0x200028n,
      textOffset: 40,
      dataOffset: 56,
      symbolsOffset: 64,
    });
    expect(header.machine.name).toBe('amd64');
  });

  it('reads symbols and file histories', () => {
    expect(open(samplePlan9()).symbols()).toEqual([
      { value: 0x200028n, type: 'T', name: 'main', path: [] },
      { value: 0x200030n, type: 't', name: 'helper', path: [] },
      { value: 1n, type: 'f', name: 'main.c', path: [] },
      { value: 1n, type: 'z', name: '', path: [1] },
    ]);
    expect(open(samplePlan9()).symbolAt(0x200033)).toMatchObject({ symbol: { name: 'helper' }, offset: 3n });
    expect(open(samplePlan9()).symbolAt(0x100n)).toBeUndefined();
  });

  it('reads 4-byte symbol values on amd64, as Go writes them', () => {
    const symbols = new ByteWriter(4, false)
      .u32(0x200028)
      .u8(0x80 | 0x54)
      .text('runtime.main')
      .bytes();
    const bytes = new ByteWriter(8, false)
      .u32(0x8a97, 0, 0, 0, symbols.length, 0, 0, 0)
      .words(0x200028n)
      .raw(symbols)
      .bytes();
    expect(open(bytes).symbols()).toEqual([{ value: 0x200028n, type: 'T', name: 'runtime.main', path: [] }]);
  });

  it('runs the line table', () => {
    // +5; pc += 3; -2; four-byte +256.
    expect([...open(samplePlan9()).lines()]).toEqual([
      { pc: 0x200028n, line: 5 },
      { pc: 0x20002cn, line: 5 },
      { pc: 0x20002dn, line: 3 },
      { pc: 0x20002en, line: 259 },
    ]);
  });

  it('computes every magic from its number (a.out(6))', () => {
    for (const { magic } of PLAN9_MACHINES) {
      const b = Math.sqrt(((magic & 0x7fff) - 7) / 4);
      expect(Number.isInteger(b)).toBe(true);
    }
    expect(new Set(PLAN9_MACHINES.map(({ magic }) => magic)).size).toBe(PLAN9_MACHINES.length);
  });

  it.each([
    ['too short', samplePlan9().subarray(0, 36), 'truncated'],
    ['cut text', samplePlan9().subarray(0, 50), 'truncated'],
    ['another magic', new Uint8Array(64), 'bad-magic'],
  ])('refuses a file: %s', (_, bytes, code) => {
    expect(() => open(bytes)).toThrow(expect.objectContaining({ code, format: 'plan9' }));
  });

  it('refuses symbols that make sense with neither width', () => {
    const bytes = samplePlan9();
    bytes[64 + 8] = 0x54;
    expect(() => open(bytes).symbols()).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});
