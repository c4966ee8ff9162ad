// Byte indices for shuffles by an immediate: what `swizzle` takes as its constant operand.

/** Byte indices that move element number `elements[i]` of `size` bytes to place i; -1 makes a place zero. */
export function elementIndices(size: number, elements: readonly number[]): number[] {
  return elements.flatMap((element) => Array.from({ length: size }, (_, byte) => (element < 0 ? 0x80 : element * size + byte)));
}

/** The four two-bit fields of an immediate. */
export function fields(immediate: number): number[] {
  return [immediate & 3, (immediate >> 2) & 3, (immediate >> 4) & 3, (immediate >> 6) & 3];
}
