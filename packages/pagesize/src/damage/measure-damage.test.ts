// Counting differing bytes: against a plain comparison, at the end of the file, with nothing mapped, and within limits.
import { describe, expect, it } from 'vitest';
import { findPagePolicy } from '../policies/index.ts';
import { randomSegments, randomSource, segment } from '../test-support/segments.ts';
import { damage } from './damage.ts';
import type { ByteOrigin, DamagedRange } from './damaged-range.ts';
import { type ImageBytes, measureDamage } from './measure-damage.ts';

/** A file whose bytes repeat only after a long while, with zeros in between; remembers the largest read. */
function patternFile(size: number): ImageBytes & { largestRead: number } {
  return {
    size,
    largestRead: 0,
    read(offset, length) {
      this.largestRead = Math.max(this.largestRead, length);
      const available = Math.max(0, Math.min(length, size - offset));
      return Uint8Array.from({ length: available }, (_, index) => byteAt(offset + index));
    },
  };
}

function byteAt(offset: number): number {
  return offset % 7 < 3 ? 0 : (offset * 31 + (offset >> 8)) & 0xff;
}

function plainByte(origin: ByteOrigin, skipped: number, size: number): number | undefined {
  if (origin.kind === 'unmapped') return undefined;
  if (origin.kind === 'zero') return 0;
  const offset = Number(origin.fileOffset) + skipped;
  return offset >= 0 && offset < size ? byteAt(offset) : 0;
}

function plainCount({ start, end, wanted, got }: DamagedRange, size: number): number {
  let count = 0;
  for (let skipped = 0; skipped < Number(end - start); skipped++) {
    if (plainByte(wanted, skipped, size) !== plainByte(got, skipped, size)) count++;
  }
  return count;
}

function range(bytes: bigint, wanted: ByteOrigin, got: ByteOrigin): DamagedRange {
  return { start: 0x1000n, end: 0x1000n + bytes, wanted, got, segment: 0, by: 1 };
}

describe('measureDamage', () => {
  it('equals a plain comparison on random images, also where the file ends early', () => {
    const random = randomSource(77);
    let differing = 0;
    for (let round = 0; round < 40; round++) {
      const segments = randomSegments(random);
      const size = random(0x10_0000);
      for (const name of ['widen-host', 'p-align-as-mask', 'qemu-3.1-8.0', 'box64-4160']) {
        const ranges = damage(findPagePolicy(name)!.plan(segments, 0x1_0000), segments);
        const measured = measureDamage(ranges, patternFile(size));
        expect(measured.ranges.map(({ differingBytes }) => differingBytes)).toEqual(
          ranges.map((damaged) => plainCount(damaged, size)),
        );
        expect(measured.isComplete).toBe(true);
        differing += measured.differingBytes;
      }
    }
    expect(differing).toBeGreaterThan(0x10_0000);
  });

  it('shows the bytes from the first that differs on', () => {
    const bytes = Uint8Array.of(0x11, 0x22, 0x33, 0x44, 0x11, 0x22, 0x99, 0x44, 0x55);
    const file = {
      size: bytes.length,
      read: (offset: number, length: number) => bytes.subarray(offset, offset + length),
    };
    const [shifted] = measureDamage(
      [range(5n, { kind: 'file', fileOffset: 0n }, { kind: 'file', fileOffset: 4n })],
      file,
      { excerptBytes: 2 },
    ).ranges;
    expect(shifted).toMatchObject({
      differingBytes: 2,
      excerpt: { address: 0x1002n, before: '33 44', after: '99 44' },
    });
    const [zeroed] = measureDamage([range(3n, { kind: 'file', fileOffset: 0n }, { kind: 'zero' })], file).ranges;
    expect(zeroed.excerpt).toEqual({ address: 0x1000n, before: '11 22 33', after: '00 00 00' });
    const [lost] = measureDamage([range(4n, { kind: 'file', fileOffset: 1n }, { kind: 'unmapped' })], file).ranges;
    expect(lost).toMatchObject({ differingBytes: 4, excerpt: { before: '22 33 44 11', after: '' } });
    const [below] = measureDamage(
      [range(4n, { kind: 'file', fileOffset: 0n }, { kind: 'file', fileOffset: -2n })],
      file,
    ).ranges;
    expect(below.excerpt).toEqual({ address: 0x1000n, before: '11 22 33 44', after: '00 00 11 22' });
    const [same] = measureDamage(
      [range(2n, { kind: 'file', fileOffset: 0n }, { kind: 'file', fileOffset: 4n })],
      file,
    ).ranges;
    expect(same).toMatchObject({ differingBytes: 0 });
    expect(same.excerpt).toBeUndefined();
  });

  it('reads in small blocks, never past the file, and stops at its limit', () => {
    const file = patternFile(300_000);
    const wide = range(1n << 46n, { kind: 'file', fileOffset: 0n }, { kind: 'zero' });
    const whole = measureDamage([wide], file);
    expect(whole.differingBytes).toBe(plainCount(range(300_000n, wide.wanted, wide.got), 300_000));
    expect(whole.isComplete).toBe(true);
    expect(file.largestRead).toBeLessThanOrEqual(0x1_0000);
    const limited = measureDamage([wide], file, { mostBytes: 0x1_0000 });
    expect(limited.isComplete).toBe(false);
    expect(limited.differingBytes).toBe(plainCount(range(0x1_0000n, wide.wanted, wide.got), 300_000));
    const huge = segment(6, 0n, 0n, 1n << 45n, 1n << 45n, 0x1000n);
    expect(measureDamage(damage(findPagePolicy('elf')!.plan([huge], 0x4000), [huge]), file).differingBytes).toBe(0);
  });
});
