// Holes of files in memory: where they are, what they give back, and that zeros are read there.
import { describe, expect, it } from 'vitest';
import { FileContent } from './file-content.ts';
import { MemoryBudget } from './memory-budget.ts';
import { StepSet } from './step-set.ts';

const BLOCK = 4096;
const PIECE = 16 * BLOCK;

function create(limit = 1 << 30) {
  const budget = new MemoryBudget(limit);
  return { budget, content: new FileContent(budget) };
}

const read = (content: FileContent, position: number, length: number) => {
  const bytes = new Uint8Array(length).fill(9);
  content.read(bytes, position);
  return [...bytes];
};

describe('a file with holes', () => {
  it('knows where data and holes begin', () => {
    const { content } = create();
    content.write(Uint8Array.of(1), 2 * BLOCK + 5);
    content.write(new Uint8Array(2 * BLOCK), 5 * PIECE - BLOCK);
    expect(content.blockBytes).toBe(3 * BLOCK);
    expect([0, 2 * BLOCK + 7, 3 * BLOCK, 5 * PIECE + BLOCK].map((at) => content.dataFrom(at))).toEqual([
      2 * BLOCK,
      2 * BLOCK + 7,
      5 * PIECE - BLOCK,
      undefined,
    ]);
    expect([7, 2 * BLOCK, 5 * PIECE - BLOCK, 9 * PIECE].map((at) => content.holeFrom(at))).toEqual([
      7,
      3 * BLOCK,
      5 * PIECE + BLOCK,
      9 * PIECE,
    ]);
  });

  it('gets new ones, whose memory is given back', () => {
    const { content } = create();
    content.write(new Uint8Array(4 * PIECE).fill(7), 0);
    content.punch(BLOCK - 1, 2 * PIECE + BLOCK + 1);
    expect(content.blockBytes).toBe(2 * PIECE);
    expect(content.heldBytes).toBe(3 * PIECE);
    expect(content.holeFrom(0)).toBe(BLOCK);
    expect(content.dataFrom(BLOCK)).toBe(2 * PIECE + BLOCK);
    expect(read(content, BLOCK - 2, 3)).toEqual([7, 0, 0]);
    expect(read(content, 2 * PIECE + BLOCK, 2)).toEqual([0, 7]);
    content.cut(PIECE + BLOCK);
    expect(content.blockBytes).toBe(BLOCK);
    expect(content.dataFrom(BLOCK)).toBeUndefined();
  });

  it('loses them where room is made, if there is room', () => {
    const { budget, content } = create(3 * PIECE);
    expect(content.reserve(0, 2 * PIECE)).toBe(true);
    expect(content.blockBytes).toBe(2 * PIECE);
    expect(content.holeFrom(0)).toBe(2 * PIECE);
    expect(content.reserve(8 * PIECE, 2 * PIECE)).toBe(false);
    expect(content.blockBytes).toBe(2 * PIECE);
    expect(budget.take(PIECE)).toBe(true);
  });

  it('is one piece of data when somebody brought it', () => {
    const { content } = create();
    content.adopt(new Uint8Array(BLOCK + 1));
    expect(content.blockBytes).toBe(2 * BLOCK);
    expect(content.holeFrom(0)).toBe(2 * BLOCK);
  });
});

describe('a set of steps', () => {
  it('agrees with a plain set', () => {
    const [steps, plain] = [new StepSet(), new Set<number>()];
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    for (let round = 0; round < 300; round++) {
      const start = random(200);
      const end = start + random(60);
      const adds = random(2) === 0;
      if (adds) steps.add(start, end);
      else steps.remove(start, end);
      for (let each = start; each < end; each++) adds ? plain.add(each) : plain.delete(each);
      const from = random(250);
      expect(steps.count).toBe(plain.size);
      expect(steps.firstFrom(from)).toBe([...plain].filter((each) => each >= from).sort((a, b) => a - b)[0]);
      const absent = steps.firstAbsentFrom(from);
      expect(absent >= from && !plain.has(absent)).toBe(true);
      for (let each = from; each < absent; each++) expect(plain.has(each)).toBe(true);
    }
    steps.remove(0, Number.POSITIVE_INFINITY);
    expect([steps.count, steps.firstFrom(0)]).toEqual([0, undefined]);
  });
});
