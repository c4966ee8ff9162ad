// Rounding of 64-bit addresses: the bigint forms of rounding.ts, for header fields that any value may stand in.

/** `value` rounded down to a multiple of `unit`, a power of two. */
export function wideRoundDown(value: bigint, unit: bigint): bigint {
  return value - wideOffsetWithin(value, unit);
}

/** `value` rounded up to a multiple of `unit`, a power of two. The result may be 2^64: callers refuse what wraps around. */
export function wideRoundUp(value: bigint, unit: bigint): bigint {
  return wideRoundDown(value + unit - 1n, unit);
}

/** Offset of `value` in its unit, also for negative values: the result is in [0, unit). */
export function wideOffsetWithin(value: bigint, unit: bigint): bigint {
  return value & (unit - 1n);
}

/** Whether `value` is a power of two. */
export function isWidePowerOfTwo(value: bigint): boolean {
  return value > 0n && (value & (value - 1n)) === 0n;
}

/** The smaller of two addresses; Math.min takes numbers only. */
export function lowerOf(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

/** The larger of two addresses. */
export function upperOf(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
