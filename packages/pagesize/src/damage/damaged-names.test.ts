// Names in damaged ranges: sections cut to the range, symbols with and without size, thread-local zeros left out.
import { describe, expect, it } from 'vitest';
import { damagedNames, type NamedImage, type NamedSymbols } from './damaged-names.ts';

const FUNC = 2;
const OBJECT = 1;
const SECTION = 3;

function symbolTable(rows: readonly [string, bigint, bigint, number, number][]): NamedSymbols {
  return {
    count: rows.length,
    at: (index) => ({ name: rows[index][0] }),
    valueAt: (index) => rows[index][1],
    sizeAt: (index) => rows[index][2],
    infoAt: (index) => rows[index][3],
    shndxAt: (index) => rows[index][4],
  };
}

function image(symbols: Partial<Record<'symtab' | 'dynsym', NamedSymbols>>): NamedImage {
  const rows: [string, number, bigint, bigint, bigint][] = [
    ['', 0, 0n, 0n, 0n],
    ['.iplt', 1, 2n, 0x2300n, 0x100n],
    ['.plt', 1, 2n, 0x2000n, 0x300n],
    ['.tbss', 8, 0x402n, 0x2000n, 0x1000n],
    ['.tdata', 1, 0x402n, 0x2400n, 0x10n],
    ['.comment', 1, 0n, 0x2000n, 0x1000n],
    ['.text', 1, 2n, 0x1000n, 0x1000n],
  ];
  return {
    sectionHeaders: rows.map(([, type, flags, addr, size], index) => ({ index, type, flags, addr, size })),
    sectionName: (index) => rows[index][0],
    symbols: (table) => symbols[table],
  };
}

const TABLE = symbolTable([
  ['', 0n, 0n, 0, 0],
  ['late', 0x2380n, 0x200n, FUNC, 1],
  ['early', 0x20f0n, 0x20n, FUNC, 1],
  ['label', 0x2150n, 0n, OBJECT, 1],
  ['imported', 0x2200n, 0n, FUNC, 0],
  ['.plt', 0x2000n, 0n, SECTION, 2],
  ['outside', 0x3000n, 0x10n, FUNC, 1],
]);

describe('damagedNames', () => {
  const ranges = [
    { start: 0x2100n, end: 0x2408n },
    { start: 0x9000n, end: 0x9001n },
  ];

  it('tells sections and symbols in address order, cut to the range', () => {
    const [names, nothing] = damagedNames(ranges, image({ symtab: TABLE }));
    expect(names.sections).toEqual([
      { name: '.plt', start: 0x2100n, end: 0x2300n },
      { name: '.iplt', start: 0x2300n, end: 0x2400n },
      { name: '.tdata', start: 0x2400n, end: 0x2408n },
    ]);
    expect(names.symbols).toEqual([
      { name: 'early', start: 0x2100n, end: 0x2110n },
      { name: 'label', start: 0x2150n, end: 0x2151n },
      { name: 'late', start: 0x2380n, end: 0x2408n },
    ]);
    expect(names.symbolCount).toBe(3);
    expect(nothing).toEqual({ sections: [], symbols: [], symbolCount: 0 });
  });

  it('falls back to dynamic symbols, keeps to its limit, and does without any', () => {
    const [limited] = damagedNames(ranges, image({ dynsym: TABLE }), { mostSymbols: 1 });
    expect(limited.symbols.length).toBe(1);
    expect(limited.symbolCount).toBe(3);
    expect(damagedNames(ranges, image({}))[0].symbols).toEqual([]);
    expect(damagedNames([], image({ symtab: TABLE }))).toEqual([]);
  });
});
