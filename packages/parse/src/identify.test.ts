// Identification by the format table.
import { describe, expect, it } from 'vitest';
import { bytesSource, countingSource, sliceSource } from './byte-source.ts';
import { identify } from './identify.ts';
import { sampleArchive, samplePlan9 } from './test-support/fuzz-seeds.ts';
import { SHAPES, sampleImage } from './test-support/sample-image.ts';
import { encodeText } from './text.ts';

describe('identify', () => {
  it.each([
    ['elf', sampleImage(SHAPES[3])],
    ['ar', sampleArchive()],
    ['plan9', samplePlan9()],
    ['script', encodeText('#!/bin/sh\n')],
    [undefined, encodeText('text')],
    [undefined, new Uint8Array(0)],
    [undefined, encodeText('!<arc')],
  ])('says %s', (name, bytes) => {
    expect(identify(bytesSource(bytes))?.name).toBe(name);
  });

  it('gives the parser with the name', () => {
    const source = bytesSource(sampleImage(SHAPES[0]));
    const format = identify(source);
    expect(format?.name === 'elf' && format.parse(source).fileHeader.elfClass).toBe(64);
  });

  it('reads 64 bytes', () => {
    const source = countingSource(bytesSource(sampleImage(SHAPES[0])));
    identify(source);
    expect([source.reads, source.bytesRead]).toEqual([1, 64]);
  });
});

describe('sliceSource', () => {
  it('is cut where the outer source ends', () => {
    const slice = sliceSource(bytesSource(Uint8Array.of(1, 2, 3, 4, 5)), 3, 10);
    expect(slice.size).toBe(2);
    expect(slice.read(1, 9)).toEqual(Uint8Array.of(5));
    expect(slice.read(5, 1)).toHaveLength(0);
    expect(sliceSource(bytesSource(Uint8Array.of(1)), 7, 3).size).toBe(0);
  });
});
