// A seeded model test: random memory calls on several related spaces, each step compared with the naive per-page model.
import { describe, expect, it } from 'vitest';
import { runSequence, type Sequence, sequence, shrink } from './test-support/model-run.ts';

const RUNS = Number(process.env.ELF_MM_MODEL_RUNS ?? 24);
const STEPS = 500;
const GROUPS = 4;

/** What to say about a run that failed: the shortest part of it that still does. */
function report(run: Sequence): string | undefined {
  if (runSequence(run) === undefined) return undefined;
  const smallest = shrink(run);
  const outcome = runSequence(smallest);
  return `seed ${run.seed}: ${outcome?.message}\n${outcome?.descriptions.join('\n')}`;
}

describe('AddressSpace', () => {
  it.each(Array.from({ length: GROUPS }, (_, group) => [group]))(
    'does what the per-page model does (group %i)',
    (group) => {
      for (let seed = group + 1; seed <= RUNS; seed += GROUPS) expect(report(sequence(seed, STEPS))).toBeUndefined();
    },
  );
});

describe('the model test', () => {
  it('repeats a sequence exactly, with steps left out too', () => {
    const whole = sequence(7, 60);
    const part = { seed: 7, steps: whole.steps.filter((_, index) => index % 3 !== 0) };
    expect([runSequence(whole), runSequence(part)]).toEqual([undefined, undefined]);
    expect(sequence(7, 60)).toEqual(whole);
  });
});
