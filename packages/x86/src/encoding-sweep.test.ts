// Whether ours executes, refuses or faults as the processor did, over all opcode maps with their prefixes and ModRM forms.
import { describe, expect, it } from 'vitest';
import { SWEEP_SPACES } from './test-support/encoding-sweep.ts';
import { createReport, readOutcomes, Sweep } from './test-support/sweep-outcomes.ts';

/** Every 17th encoding; run-encoding-sweep.ts takes all. A prime, so that every place in the regular order of encodings is reached. */
const STRIDE = 17;

describe('outcomes of encodings', () => {
  const sweep = new Sweep();
  it.each(SWEEP_SPACES.flatMap((space) => [64, 32].map((mode) => [space, mode as 32 | 64] as const)))(
    '%s, %i-bit',
    (space, mode) => {
      const report = createReport();
      sweep.compare(space, mode, readOutcomes(space, mode), STRIDE, report);
      expect(report.differing).toEqual([]);
      expect(report.compared).toBeGreaterThan(2000);
    },
    60_000,
  );

  it('would notice another outcome', () => {
    const report = createReport();
    // The first encoding is ADD with memory.
    sweep.compare('legacy', 64, readOutcomes('legacy', 64).replace(/^./, 'U'), 700_001, report);
    expect(report.differing).toEqual(['64-bit 0007: U, ours c']);
  });
});
