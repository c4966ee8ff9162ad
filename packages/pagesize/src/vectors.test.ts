// Every recorded vector: granularity, overlap, damaged ranges and their origins, byte counts, refusals.
import { describe, expect, it } from 'vitest';
import { damage } from './damage/damage.ts';
import type { ByteOrigin } from './damage/damaged-range.ts';
import type { LoadSegment } from './load-segment.ts';
import { findPagePolicy } from './policies/index.ts';
import { readVectors, recordedSegments, type VectorAnswer } from './test-support/segments.ts';

/** Our rows for a policy of the vectors, where names differ or several rows must answer alike. */
const ROW_NAMES: Record<string, readonly string[]> = {
  'linux-H': ['linux'],
  'palign-anon': ['p-align-as-mask'],
  'guest-4k': ['guest-4k', 'qemu-8.1', 'elf'],
};

const vectors = readVectors();

/** The vectors' notation: the difference between address and file offset, or zero. */
function shiftText(origin: ByteOrigin, start: bigint): string {
  if (origin.kind !== 'file') return origin.kind;
  const shift = start - origin.fileOffset;
  return shift < 0n ? `-0x${(-shift).toString(16)}` : `0x${shift.toString(16)}`;
}

describe('vectors', () => {
  it('are 432: 16 segment lists, 9 policies, 3 host pages', () => {
    const cases = new Set(vectors.results.map(([list, host, policy]) => `${list} ${host} ${policy}`));
    expect(cases.size).toBe(432);
  });

  it.each(vectors.results)('%s on %i: %s', (list, host, policyName, answer) => {
    for (const name of ROW_NAMES[policyName] ?? [policyName])
      expectAnswer(name, recordedSegments(vectors, list), host, answer);
  });
});

function expectAnswer(policyName: string, segments: readonly LoadSegment[], host: number, answer: VectorAnswer): void {
  const plan = findPagePolicy(policyName)!.plan(segments, host);
  if ('fail' in answer) {
    const offset = /=(-?0x[0-9a-f]+) not/.exec(answer.fail)![1];
    expect(plan.refusal?.errno).toBe('EINVAL');
    expect(plan.refusal?.sentence).toContain(`offset ${offset},`);
    return;
  }
  expect(plan.refusal).toBeUndefined();
  expect(plan.segments.map(({ granularity }) => granularity)).toEqual(answer.gran);
  expect(plan.segments.map(({ overlaps }) => (overlaps ? 'Y' : '-')).join('')).toBe(answer.overlap);
  const ranges = damage(plan, segments);
  const found = ranges.map(({ start, end, wanted, got }) => [
    `0x${start.toString(16)}`,
    `0x${end.toString(16)}`,
    shiftText(wanted, start),
    shiftText(got, start),
  ]);
  expect(found).toEqual(answer.clobber.map((range) => range.slice(0, 4)));
  const bytes = ranges.reduce((sum, { start, end }) => sum + end - start, 0n);
  expect(Number(bytes)).toBe(answer.bytesInRanges);
}
