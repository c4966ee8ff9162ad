// Segment lists for tests: the recorded ones, and small random ones.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LoadSegment } from '../load-segment.ts';

/** What a vector says of one segment list, host page and policy. */
export type VectorAnswer =
  | { readonly fail: string }
  | {
      readonly gran: number[];
      readonly overlap: string;
      readonly clobber: [string, string, string, string, number?][];
      readonly bytesInRanges: number;
      readonly bytesDiffer: number | null;
    };

interface Vectors {
  readonly segments: Record<string, { readonly title: string; readonly load: string[][] }>;
  readonly results: [string, number, string, VectorAnswer][];
}

/** Reads the recorded vectors. */
export function readVectors(): Vectors {
  return JSON.parse(readFileSync(fileURLToPath(new URL('../../vectors/page-policies.json', import.meta.url)), 'utf8'));
}

/** A segment from p_flags, p_offset, p_vaddr, p_filesz, p_memsz and p_align. */
export function segment(
  flags: number | string,
  offset: bigint | string,
  vaddr: bigint | string,
  filesz: bigint | string,
  memsz: bigint | string,
  align: bigint | string,
): LoadSegment {
  return {
    flags: Number(flags),
    offset: BigInt(offset),
    vaddr: BigInt(vaddr),
    filesz: BigInt(filesz),
    memsz: BigInt(memsz),
    align: BigInt(align),
  };
}

/** A recorded segment list. */
export function recordedSegments(vectors: Vectors, name: string): LoadSegment[] {
  return vectors.segments[name].load.map((fields) => segment(...(fields as Parameters<typeof segment>)));
}

/** Uniform random integers below a limit from a 32-bit seed (xorshift; Marsaglia, "Xorshift RNGs", 2003). */
export function randomSource(seed: number): (limit: number) => number {
  let state = seed | 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Everything in a random list is a multiple of this, so that a naive model may work in such steps. */
export const RANDOM_STEP = 0x100;
/** First address of random lists, and the span they lie in. */
export const RANDOM_BASE = 0x20_0000;
export const RANDOM_SPAN = 0x8_0000;

/** A few small segments, often ascending and congruent as linkers make them, sometimes overlapping or in any order. */
export function randomSegments(random: (limit: number) => number): LoadSegment[] {
  const count = 1 + random(5);
  const segments: LoadSegment[] = [];
  let next = RANDOM_BASE;
  for (let index = 0; index < count; index++) {
    const align = [0x1000, 0x1000, 0x4000, 0x4000, 0x1_0000, 0, 0x20_0000][random(7)];
    const filesz = random(6) === 0 ? 0 : random(0x80) * RANDOM_STEP;
    const memsz = filesz + (random(2) === 0 ? 0 : random(0x60) * RANDOM_STEP);
    const isAnywhere = random(6) === 0;
    const gap = random(3) === 0 ? 0 : random(0x60) * RANDOM_STEP;
    const start = isAnywhere ? RANDOM_BASE + random(0x180) * RANDOM_STEP : next + gap;
    // Usually the next guest page, which is what leaves two segments in one host page.
    const vaddr = random(2) === 0 ? start : start + 0x1000 - (start % 0x1000) + random(0x10) * RANDOM_STEP;
    const shift = random(4) * 0x1000 + (random(5) === 0 ? random(0x10) * RANDOM_STEP : 0);
    const offset = vaddr - RANDOM_BASE + shift;
    segments.push(segment(1 + random(7), BigInt(offset), BigInt(vaddr), BigInt(filesz), BigInt(memsz), BigInt(align)));
    next = vaddr + memsz;
  }
  return segments;
}
