// Bytes in memory as a source: what is read may be copied and changed without touching the caller's.
import { describe, expect, it } from 'vitest';
import { bytesSource } from './byte-source.ts';

describe('bytesSource', () => {
  it('gives what is there, and less at the end', () => {
    const source = bytesSource(Uint8Array.of(1, 2, 3, 4));
    expect([...source.read(1, 2)]).toEqual([2, 3]);
    expect([...source.read(3, 9)]).toEqual([4]);
    expect([...source.read(9, 1)]).toEqual([]);
  });

  it('reads a Buffer as plain bytes, whose slice() is a copy', () => {
    const buffer = Buffer.from([0, 1, 2, 3]).subarray(1);
    const copy = bytesSource(buffer).read(0, 2).slice();
    expect([...copy]).toEqual([1, 2]);
    copy.fill(9);
    expect([...buffer]).toEqual([1, 2, 3]);
  });
});
