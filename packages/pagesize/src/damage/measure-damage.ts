// Compares damaged ranges byte by byte with the file: how many bytes really differ, and what the first of them look like.
import { lowerOf } from '../model/wide-rounding.ts';
import type { ByteOrigin, DamagedRange } from './damaged-range.ts';

/** The file of an image; every `ByteSource` of `@elf/parse` is one. */
export interface ImageBytes {
  /** Length in bytes. */
  readonly size: number;
  /** Bytes `[offset, offset + length)`, short at the end of the file. */
  read(offset: number, length: number): Uint8Array;
}

/** Limits of {@link measureDamage}. */
export interface MeasureOptions {
  /** Bytes shown of each range; 16 when absent. */
  readonly excerptBytes?: number;
  /** Most bytes that are read and compared for all ranges together; 1 GiB when absent. */
  readonly mostBytes?: number;
}

/** What a range should hold and what it holds, from the first byte that differs on. */
export interface DamageExcerpt {
  /** Address of the first differing byte. */
  readonly address: bigint;
  /** Bytes as they should be, in hexadecimal, two digits each, separated by spaces. */
  readonly before: string;
  /** Bytes as they are; empty when nothing is mapped there. */
  readonly after: string;
}

/** A damaged range with what its bytes are. */
export interface MeasuredRange extends DamagedRange {
  /** Bytes whose value differs; all of them where nothing is mapped. */
  readonly differingBytes: number;
  /** Absent when no byte differs. */
  readonly excerpt?: DamageExcerpt;
}

/** Result of {@link measureDamage}. */
export interface MeasuredDamage {
  readonly differingBytes: number;
  readonly ranges: readonly MeasuredRange[];
  /** False when `mostBytes` ended the comparison: the numbers are then lower bounds. */
  readonly isComplete: boolean;
}

/** Bytes compared at a time, so that memory does not grow with the ranges. */
const BLOCK_BYTES = 1 << 16;

/**
 * Reads the file where damaged ranges take their bytes from and counts those that differ. Bytes after the end of the file count as zeros:
 * Linux fills the last page with them; a program that touches a page wholly behind the end dies of SIGBUS, which is not looked at here.
 *
 * @example
 * ```ts
 * const { differingBytes } = measureDamage(damage(plan, loads), bytesSource(bytes));
 * ```
 */
export function measureDamage(
  ranges: readonly DamagedRange[],
  file: ImageBytes,
  { excerptBytes = 16, mostBytes = 2 ** 30 }: MeasureOptions = {},
): MeasuredDamage {
  const budget = { left: mostBytes };
  const measured = ranges.map((range) => measureRange(range, file, excerptBytes, budget));
  const differingBytes = measured.reduce((sum, range) => sum + range.differingBytes, 0);
  return { differingBytes, ranges: measured, isComplete: budget.left >= 0 };
}

function measureRange(
  range: DamagedRange,
  file: ImageBytes,
  excerptBytes: number,
  budget: { left: number },
): MeasuredRange {
  const bytes = range.end - range.start;
  if (range.got.kind === 'unmapped') {
    const before = hexText(bytesOf(range.wanted, 0n, Number(lowerOf(bytes, BigInt(excerptBytes))), file));
    return { ...range, differingBytes: Number(bytes), excerpt: { address: range.start, before, after: '' } };
  }
  let differingBytes = 0;
  let first: bigint | undefined;
  // Behind the end of the file both sides are zeros; hostile ranges reach far behind it.
  const end = lowerOf(bytes, upToFileEnd(range, file));
  for (let at = 0n; at < end; at += BigInt(BLOCK_BYTES)) {
    const length = Number(lowerOf(end - at, BigInt(BLOCK_BYTES)));
    budget.left -= length;
    if (budget.left < 0) break;
    const wanted = bytesOf(range.wanted, at, length, file);
    const got = bytesOf(range.got, at, length, file);
    for (let index = 0; index < length; index++) {
      if (wanted[index] === got[index]) continue;
      differingBytes++;
      first ??= at + BigInt(index);
    }
  }
  if (first === undefined) return { ...range, differingBytes };
  const shown = Number(lowerOf(bytes - first, BigInt(excerptBytes)));
  const before = hexText(bytesOf(range.wanted, first, shown, file));
  const after = hexText(bytesOf(range.got, first, shown, file));
  return { ...range, differingBytes, excerpt: { address: range.start + first, before, after } };
}

/** How far into a range some origin still has bytes of the file. */
function upToFileEnd({ wanted, got }: DamagedRange, { size }: ImageBytes): bigint {
  let furthest = 0n;
  for (const origin of [wanted, got]) {
    if (origin.kind !== 'file') continue;
    const left = BigInt(size) - origin.fileOffset;
    if (left > furthest) furthest = left;
  }
  return furthest;
}

/** `length` bytes of an origin, `skipped` bytes behind its start; zeros where the file has none. */
function bytesOf(origin: ByteOrigin, skipped: bigint, length: number, file: ImageBytes): Uint8Array {
  const bytes = new Uint8Array(length);
  if (origin.kind !== 'file') return bytes;
  const offset = origin.fileOffset + skipped;
  // A window that starts below the file: those bytes are not in it.
  const missing = offset < 0n ? Number(lowerOf(-offset, BigInt(length))) : 0;
  const start = offset + BigInt(missing);
  if (missing < length && start < BigInt(file.size)) bytes.set(file.read(Number(start), length - missing), missing);
  return bytes;
}

function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
