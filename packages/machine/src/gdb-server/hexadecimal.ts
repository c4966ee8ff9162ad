// Hexadecimal digits of the protocol: two for each byte, in memory order, and numbers the usual way round.

/** Two digits a byte. */
export function bytesToHex(bytes: Uint8Array): string {
  let digits = '';
  for (const byte of bytes) digits += byte.toString(16).padStart(2, '0');
  return digits;
}

/** The bytes of digits; undefined for anything else. */
export function hexToBytes(digits: string): Uint8Array | undefined {
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) return undefined;
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16);
  return bytes;
}

/** The low bytes of a number, little-endian. */
export function littleEndian(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0, rest = BigInt.asUintN(length * 8, value); at < length; at += 1, rest >>= 8n)
    bytes[at] = Number(rest & 0xffn);
  return bytes;
}

/** The number that bytes stand for, little-endian. */
export function fromLittleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let at = bytes.length - 1; at >= 0; at -= 1) value = (value << 8n) | BigInt(bytes[at]);
  return value;
}
