// The broken scale: exact in groups, ascending everywhere, never larger than its ranges ask for.
import { describe, expect, it } from 'vitest';
import { BrokenScale, pagesAround } from './broken-scale.ts';

const PAGE = 0x4000n;

describe('BrokenScale', () => {
  const ranges = pagesAround([0x200000n, 0x2d1b550n, 0x2d1c600n, 0x67db350n, 0xe2fe000n], PAGE);
  const scale = new BrokenScale(ranges, PAGE, 1000);

  it('joins what is close and breaks out the rest', () => {
    expect(scale.groups.map(({ from, to }) => [from, to])).toEqual([
      [0x1fc000n, 0x204000n],
      [0x2d18000n, 0x2d20000n],
      [0x67d8000n, 0x67dc000n],
      [0xe2fc000n, 0xe300000n],
    ]);
    expect(scale.breaks.length).toBe(3);
    expect(scale.length).toBeCloseTo(1000);
  });

  it('gives every page of a group the same length', () => {
    const lengths = scale.groups.map(({ from, to, start, end }) => (end - start) / Number((to - from) / PAGE));
    for (const length of lengths) expect(length).toBeCloseTo(lengths[0]);
  });

  it('ascends without jumps', () => {
    let previous = -1;
    for (let value = 0x1fc000n; value <= 0xe300000n; value += 0x3210n) {
      const position = scale.position(value);
      expect(position).toBeGreaterThanOrEqual(previous);
      expect(position - previous).toBeLessThan(120);
      previous = position;
    }
    expect(scale.position(0n)).toBe(0);
    expect(scale.position(1n << 60n)).toBe(scale.length);
  });

  it('finds page borders also when a range starts inside a page', () => {
    const inside = new BrokenScale([{ start: 0x5000n, end: 0xd000n }], PAGE, 800);
    expect([...inside.multiples(PAGE)].map(({ value }) => value)).toEqual([0x8000n, 0xc000n]);
    expect(inside.position(0x9000n)).toBeCloseTo(inside.length / 2);
  });

  it('grows rather than draw pages too small, and stays small for few', () => {
    const many = Array.from({ length: 100 }, (_, index) => ({
      start: BigInt(index) << 30n,
      end: (BigInt(index) << 30n) + PAGE,
    }));
    expect(new BrokenScale(many, PAGE, 1000).length).toBeGreaterThan(100 * 26);
    expect(new BrokenScale([{ start: 0n, end: PAGE }], PAGE, 1000).length).toBe(220);
    expect(new BrokenScale([], PAGE, 1000)).toMatchObject({ length: 0, pieces: [] });
    expect(new BrokenScale([], PAGE, 1000).position(5n)).toBe(0);
  });
});
