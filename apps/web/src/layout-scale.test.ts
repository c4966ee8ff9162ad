// The layout picture's scale: ordered, inside the picture, small ranges visible, terabyte gaps short.
import { describe, expect, it } from 'vitest';
import { layoutScale } from './layout-scale.ts';

describe('layoutScale', () => {
  const spans = [
    { start: 0x400000n, end: 0x400100n },
    { start: 0x401000n, end: 0x501000n },
    { start: 0x7fff_0000_0000n, end: 0x7fff_0000_1000n },
  ];
  const scale = layoutScale(spans, 1000);

  it('keeps order and fills the width', () => {
    const points = spans.flatMap(({ start, end }) => [scale(start), scale(end)]);
    expect(points[0]).toBe(0);
    expect(points.at(-1)).toBeCloseTo(1000);
    expect([...points].sort((a, b) => a - b)).toEqual(points);
  });
  it('keeps a small range visible beside a large one', () => {
    expect(scale(0x400100n) - scale(0x400000n)).toBeGreaterThan(15);
  });
  it('keeps a gap of terabytes short', () => {
    expect(scale(0x7fff_0000_0000n) - scale(0x501000n)).toBeLessThan(150);
  });
  it('interpolates inside a range', () => {
    expect(scale(0x481000n)).toBeCloseTo((scale(0x401000n) + scale(0x501000n)) / 2);
  });
  it('copes with nothing and with empty ranges', () => {
    expect(layoutScale([], 100)(5n)).toBe(0);
    expect(layoutScale([{ start: 3n, end: 3n }], 100)(3n)).toBe(0);
  });
});
