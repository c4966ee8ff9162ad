// The fuzzer as a program: npx tsx packages/parse/fuzz/run.ts --iterations 1000000 --seed 1
import { parseArgs } from 'node:util';
import { bytesSource } from '../src/byte-source.ts';
import { fuzzSeeds } from '../src/test-support/fuzz-seeds.ts';
import { createRandom, mutate } from '../src/test-support/mutate.ts';
import { touchEverything } from '../src/test-support/touch-everything.ts';

const { values } = parseArgs({
  options: { iterations: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
const iterations = Number(values.iterations);
const seeds = fuzzSeeds();
const random = createRandom(Number(values.seed));
const started = performance.now();
const total = { accepted: 0, refused: 0, slowest: 0, slowestAt: 0 };

for (let iteration = 0; iteration < iterations; iteration++) {
  const bytes = mutate(seeds[iteration % seeds.length], random);
  const start = performance.now();
  try {
    const { accepted, refused } = touchEverything(bytesSource(bytes));
    total.accepted += accepted;
    total.refused += refused;
  } catch (error) {
    console.error(`iteration ${iteration} of seed ${values.seed}:`, Buffer.from(bytes).toString('base64'));
    throw error;
  }
  const spent = performance.now() - start;
  if (spent > total.slowest) Object.assign(total, { slowest: spent, slowestAt: iteration });
  if ((iteration + 1) % 50_000 === 0)
    console.log(
      `${iteration + 1} iterations, ${((performance.now() - started) / 1000).toFixed(0)} s, ${total.refused} refusals`,
    );
}
console.log(
  `${iterations} iterations of seed ${values.seed}: ${total.accepted} calls answered, ${total.refused} refused with ParseError, nothing else thrown`,
);
console.log(
  `slowest input ${total.slowest.toFixed(1)} ms (iteration ${total.slowestAt}), peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`,
);
