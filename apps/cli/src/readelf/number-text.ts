// Numbers as GNU readelf prints them.

/** Hexadecimal digits without prefix, padded with zeros to `width`. */
export function hex(value: bigint | number, width = 0): string {
  return value.toString(16).padStart(width, '0');
}

/** `0x` and hexadecimal digits, padded with zeros to `width` digits. */
export function prefixed(value: bigint | number, width = 0): string {
  return `0x${hex(value, width)}`;
}

/** C's %#lx: zero has no prefix. The width counts the prefix. */
export function alternate(value: bigint, width = 0): string {
  return (value === 0n ? '0' : `0x${value.toString(16)}`).padStart(width);
}

/** `1 entry`, `2 entries`: the noun follows the number. */
export function counted(count: bigint | number, one: string, many: string): string {
  return `${count} ${Number(count) === 1 ? one : many}`;
}
