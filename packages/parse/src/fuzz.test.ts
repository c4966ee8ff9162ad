// A bounded share of the fuzzer in every test run: nothing but ParseError, never more than a moment per input.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesSource } from './byte-source.ts';
import { fuzzSeeds } from './test-support/fuzz-seeds.ts';
import { createRandom, mutate } from './test-support/mutate.ts';
import { touchEverything } from './test-support/touch-everything.ts';

const INSTALLED = ['/bin/true', '/usr/bin/env', '/lib/x86_64-linux-gnu/libdl.so.2'];

function run(seeds: readonly Uint8Array[], iterations: number, seed: number) {
  const random = createRandom(seed);
  const total = { accepted: 0, refused: 0, slowest: 0 };
  for (let iteration = 0; iteration < iterations; iteration++) {
    const bytes = mutate(seeds[iteration % seeds.length], random);
    let spent = 0;
    const touch = () => {
      const start = performance.now();
      const touched = touchEverything(bytesSource(bytes));
      spent = performance.now() - start;
      return touched;
    };
    try {
      const { accepted, refused } = touch();
      total.accepted += accepted;
      total.refused += refused;
      // A busy machine can stop a process for seconds: only what is slow again is slow.
      if (spent > 500) touch();
    } catch (error) {
      throw new Error(`iteration ${iteration} of seed ${seed}`, { cause: error });
    }
    total.slowest = Math.max(total.slowest, spent);
  }
  return total;
}

describe('fuzz', () => {
  it('accepts every undamaged seed in full when it is ELF', () => {
    for (const seed of fuzzSeeds().slice(0, 12)) {
      // Refused six times: the three other formats, by the format table and by their own functions.
      expect(touchEverything(bytesSource(seed), false).refused).toBe(6);
    }
  });

  it('throws nothing but ParseError on damaged images', () => {
    const { accepted, refused, slowest } = run(fuzzSeeds(), 4000, 20_260_101);
    expect(accepted).toBeGreaterThan(100_000);
    expect(refused).toBeGreaterThan(30_000);
    expect(slowest).toBeLessThan(2000);
  });

  it('throws nothing but ParseError on damaged installed files', () => {
    const installed = INSTALLED.filter((path) => existsSync(path)).map((path) => new Uint8Array(readFileSync(path)));
    const seeds = [...installed, ...fuzzSeeds().slice(0, 1)];
    const { accepted, slowest } = run(seeds, 200, 7);
    expect(accepted).toBeGreaterThan(1000);
    expect(slowest).toBeLessThan(2000);
  });
});
