// Byte indices for shuffles by an immediate: what `swizzle` takes as its constant operand.

/** Byte indices that move element number `elements[i]` of `size` bytes to place i; -1 makes a place zero. */
export function elementIndices(size: number, elements: readonly number[]): number[] {
  return elements.flatMap((element) => Array.from({ length: size }, (_, byte) => (element < 0 ? 0x80 : element * size + byte)));
}

/** The four two-bit fields of an immediate. */
export function fields(immediate: number): number[] {
  return [immediate & 3, (immediate >> 2) & 3, (immediate >> 4) & 3, (immediate >> 6) & 3];
}

/** Indices that gather every second element of `size` bytes: of one vector into the lower half, of another into the upper. */
export function pairIndices(size: number, first: number): { low: number[]; high: number[] } {
  const half = 8 / size;
  const chosen = Array.from({ length: half }, (_, place) => 2 * place + first);
  const nothing = chosen.map(() => -1);
  return {
    low: elementIndices(size, [...chosen, ...nothing]),
    high: elementIndices(size, [...nothing, ...chosen]),
  };
}
