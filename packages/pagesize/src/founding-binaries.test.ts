// Differing bytes of the founding binaries: measured in the files where they have been fetched, else the recorded numbers among themselves.
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { damage } from './damage/damage.ts';
import { type ImageBytes, measureDamage } from './damage/measure-damage.ts';
import { findPagePolicy } from './policies/index.ts';
import { readVectors, recordedSegments } from './test-support/segments.ts';

const ROW_NAMES: Record<string, string> = { 'linux-H': 'linux', 'palign-anon': 'p-align-as-mask' };
const vectors = readVectors();

function cachedFile(name: string): string {
  return fileURLToPath(new URL(`../../../.elf-cache/${name}`, import.meta.url));
}

function withFile<T>(path: string, use: (file: ImageBytes) => T): T {
  const descriptor = openSync(path, 'r');
  try {
    return use({
      size: statSync(path).size,
      read(offset, length) {
        const bytes = new Uint8Array(length);
        return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset));
      },
    });
  } finally {
    closeSync(descriptor);
  }
}

const names = Object.keys(vectors.segments).filter((name) => /^(claude|copilot)-/.test(name));

describe.each(names)('%s', (name) => {
  const rows = vectors.results.filter(([list]) => list === name);
  const isFetched = existsSync(cachedFile(name));
  const segments = recordedSegments(vectors, name);

  it.each(rows)(isFetched ? '%s on %i: %s, measured' : '%s on %i: %s, recorded', (_, host, policyName, answer) => {
    if ('fail' in answer) return expect(answer.fail).toMatch(/^EINVAL/);
    const ranges = damage(findPagePolicy(ROW_NAMES[policyName] ?? policyName)!.plan(segments, host), segments);
    const recorded = answer.clobber.map((range) => range[4] ?? 0);
    expect(recorded.reduce((sum, bytes) => sum + bytes, 0)).toBe(answer.bytesDiffer);
    for (const [index, { start, end }] of ranges.entries()) {
      expect(BigInt(recorded[index])).toBeLessThanOrEqual(end - start);
    }
    if (!isFetched) return;
    const measured = withFile(cachedFile(name), (file) => measureDamage(ranges, file));
    expect(measured.ranges.map(({ differingBytes }) => differingBytes)).toEqual(recorded);
    expect(measured.differingBytes).toBe(answer.bytesDiffer);
  });
});

describe('claude-2.1.110 at 16 KiB', () => {
  const segments = recordedSegments(vectors, 'claude-2.1.110');
  const ranges = damage(findPagePolicy('qemu-3.1-8.0')!.plan(segments, 0x4000), segments);

  it('loses 9040 bytes of code under QEMU 3.1 and none under LATX 304', () => {
    expect(ranges.map(({ start, end, segment, by }) => [start, end, segment, by])).toEqual([
      [0x67d8000n, 0x67da350n, 1, 2],
    ]);
    expect(damage(findPagePolicy('latx-304')!.plan(segments, 0x4000), segments)).toEqual([]);
  });
});
