// Sequences of random operations on a scenario: run, repeated, and made shorter when they fail.
import { OPERATIONS, OPERATIONS_WEIGHT } from './model-operations.ts';
import { Difference } from './model-pair.ts';
import { Scenario } from './model-scenario.ts';
import { Random } from './random.ts';

/** A run of steps that can be repeated: a seed for its shape, and one for each step. */
export interface Sequence {
  readonly seed: number;
  readonly steps: readonly number[];
}

/** The sequence of a seed. Each step has its own random numbers, so that steps can be left out. */
export function sequence(seed: number, steps: number): Sequence {
  const numbers = Array.from(
    { length: steps },
    (_, step) => (Math.imul(seed, 0x9e37_79b1) + Math.imul(step, 0x85eb_ca6b)) | 0,
  );
  return { seed, steps: numbers };
}

/** One random operation on one of the spaces; then everything is compared. */
function step(scenario: Scenario, seed: number): void {
  const random = new Random(seed);
  // The first numbers of this generator resemble its seed.
  for (let skipped = 0; skipped < 3; skipped++) random.below(1);
  scenario.random = random;
  const pair = random.pick(scenario.pairs);
  let at = random.below(OPERATIONS_WEIGHT);
  const row = OPERATIONS.find(({ weight }) => (at -= weight) < 0);
  scenario.description = row?.name ?? '';
  row?.run(scenario, pair);
  for (const each of scenario.pairs) each.check();
}

/** How a sequence went: the step that failed and why, with what each step did. */
export interface Outcome {
  readonly failedAt: number;
  readonly message: string;
  readonly descriptions: readonly string[];
}

/** Runs a sequence; undefined when everything was as it should be. */
export function runSequence({ seed, steps }: Sequence): Outcome | undefined {
  const scenario = new Scenario(seed);
  const descriptions: string[] = [];
  for (let index = 0; index < steps.length; index++) {
    try {
      step(scenario, steps[index]);
      descriptions.push(scenario.description);
    } catch (error) {
      descriptions.push(scenario.description);
      const message = error instanceof Difference ? error.message : String((error as Error).stack);
      return { failedAt: index, message, descriptions };
    }
  }
  return undefined;
}

/** A part of a failing sequence from which no step can be left out without it ceasing to fail. */
export function shrink(failing: Sequence): Sequence {
  const outcome = runSequence(failing);
  let steps = outcome === undefined ? failing.steps : failing.steps.slice(0, outcome.failedAt + 1);
  for (let size = Math.max(1, steps.length >> 1); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let at = steps.length - 1 - size; at >= 0; at -= size) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + size)];
      if (runSequence({ seed: failing.seed, steps: fewer }) !== undefined) steps = fewer;
    }
  }
  return { seed: failing.seed, steps };
}
