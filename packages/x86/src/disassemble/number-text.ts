// Hexadecimal text of 64-bit values that arrive as halves or as numbers.

const WRAP = 1n << 64n;

/** `low` and `high` as one unsigned value, without 0x. */
export function hexOfHalves(low: number, high: number): string {
  if (high === 0) return (low >>> 0).toString(16);
  return (high >>> 0).toString(16) + (low >>> 0).toString(16).padStart(8, '0');
}

/** A 32-bit number sign-extended to 64 bits, without 0x. */
export function hexSignExtended(value: number): string {
  return value >= 0 ? value.toString(16) : `ffffffff${(value >>> 0).toString(16).padStart(8, '0')}`;
}

/** `0x10` or `-0x10`. */
export function signedHex(value: number): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/** An address that arithmetic may have taken below zero, as 64 bits, without 0x. */
export function hexAddress(address: number): string {
  return address >= 0 ? address.toString(16) : (WRAP + BigInt(address)).toString(16);
}
