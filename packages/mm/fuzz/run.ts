// The model test as a program: npx tsx packages/mm/fuzz/run.ts --operations 1000000 --seed 1
import { parseArgs } from 'node:util';
import { runSequence, sequence, shrink } from '../src/test-support/model-run.ts';

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '500' },
  },
});
const operations = Number(values.operations);
const steps = Number(values.steps);
const started = performance.now();
let seed = Number(values.seed);
let differences = 0;

for (let done = 0; done < operations; done += steps, seed++) {
  const run = sequence(seed, Math.min(steps, operations - done));
  const outcome = runSequence(run);
  if (outcome !== undefined) {
    differences++;
    const smallest = shrink(run);
    const shown = runSequence(smallest) ?? outcome;
    console.error(`seed ${seed}, step ${outcome.failedAt}: ${outcome.message}`);
    console.error(`shortest part that fails, ${smallest.steps.length} steps: ${shown.message}`);
    for (const [index, description] of shown.descriptions.entries()) {
      console.error(`  ${smallest.steps[index]}  ${description}`);
    }
    break;
  }
  const count = done + run.steps.length;
  if (Math.floor(count / 100_000) > Math.floor(done / 100_000)) console.log(`${count} operations, ${seconds()} s`);
}

const rate = operations / Number(seconds());
console.log(
  differences === 0
    ? `${operations} operations from seed ${values.seed} on, the model and checkInvariants() after each: no difference, ${seconds()} s, ${rate.toFixed(0)} operations/s`
    : `stopped at the first difference, after ${seconds()} s`,
);
process.exitCode = differences === 0 ? 0 : 1;

function seconds(): string {
  return ((performance.now() - started) / 1000).toFixed(1);
}
