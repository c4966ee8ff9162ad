// Little-endian tables for an ELF image: integers of given widths one after the other.

/** Width of an integer in bytes. */
export type Width = 1 | 2 | 4 | 8;

/**
 * Integers as bytes, each of its own width.
 * @example
 * integers([2, 0x4550], [1, 7]) // 50 45 07
 */
export function integers(...values: readonly (readonly [width: Width, value: number])[]): number[] {
  return values.flatMap(([width, value]) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigInt64(0, BigInt(value), true);
    return [...new Uint8Array(view.buffer, 0, width)];
  });
}

/** Integers of one width as bytes. */
export function integersOf(width: Width, values: readonly number[]): number[] {
  return integers(...values.map((value) => [width, value] as const));
}

/** Pads with `filler` up to a multiple of `alignment`. */
export function padded(bytes: readonly number[], alignment: number, filler = 0): number[] {
  const missing = Math.ceil(bytes.length / alignment) * alignment - bytes.length;
  return [...bytes, ...new Array<number>(missing).fill(filler)];
}

/** A string with its NUL. Names in these tables are ASCII. */
export function zeroTerminated(text: string): number[] {
  return [...text, '\0'].map((character) => character.charCodeAt(0));
}
