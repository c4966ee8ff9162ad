// The ranges and the repeatability of seeded address randomisation.
import { describe, expect, it } from 'vitest';
import { type LayoutRandomization, randomizeLayout } from './layout-randomization.ts';

const PAGE = 4096;
const SEEDS = Array.from({ length: 4000 }, (_, seed) => seed);

/** Largest value of one offset over all seeds. */
function largest(name: keyof LayoutRandomization, bits: 32 | 64): number {
  return Math.max(...SEEDS.map((seed) => randomizeLayout(seed, { bits })[name]));
}

describe('randomizeLayout', () => {
  it('gives the same numbers for the same seed, in every process', () => {
    expect(randomizeLayout(1)).toEqual(randomizeLayout(1));
    expect(randomizeLayout(20_261_121)).toMatchInlineSnapshot(`
      {
        "brkOffset": 206479360,
        "executableOffset": 649108848640,
        "mmapOffset": 400413310976,
        "stackFineOffset": 6617,
        "stackOffset": 1648537600,
      }
    `);
    expect(randomizeLayout(1)).not.toEqual(randomizeLayout(2));
    expect(randomizeLayout(1)).not.toEqual(randomizeLayout(2 ** 40 + 1));
    expect(randomizeLayout(-1)).not.toEqual(randomizeLayout(1));
  });

  it.each([
    ['stackOffset', 64, 2 ** 34 + 8192],
    ['mmapOffset', 64, 2 ** 40],
    ['executableOffset', 64, 2 ** 40],
    ['brkOffset', 64, 2 ** 30],
    ['stackFineOffset', 64, 8192],
    ['stackOffset', 32, 2 ** 23 + 8192],
    ['mmapOffset', 32, 2 ** 20],
    ['executableOffset', 32, 2 ** 20],
    ['brkOffset', 32, 2 ** 25],
  ] as const)('%s of a %i-bit program fills its range of %i bytes', (name, bits, range) => {
    const top = largest(name, bits);
    expect(top).toBeLessThan(range);
    expect(top).toBeGreaterThan(range * 0.99);
    const mean = SEEDS.reduce((sum, seed) => sum + randomizeLayout(seed, { bits })[name], 0) / SEEDS.length;
    expect(Math.abs(mean / range - 0.5)).toBeLessThan(0.02);
  });

  it('gives multiples of the kernel page', () => {
    for (const pageBytes of [PAGE, 4 * PAGE, 16 * PAGE]) {
      for (const seed of SEEDS.slice(0, 200)) {
        const { stackFineOffset, ...coarse } = randomizeLayout(seed, { pageBytes });
        for (const offset of Object.values(coarse)) expect(offset % pageBytes).toBe(0);
        expect(stackFineOffset).toBe(randomizeLayout(seed).stackFineOffset);
      }
    }
  });
});
