// Where a socket of the internet families is: an address as text with a port, and addresses as the bytes packets carry.

/** One side of a connection. Version 4 addresses are always in dotted form, also those that a version 6 socket sees mapped. */
export interface Endpoint {
  /** "127.0.0.1" or "fe80::1", as {@link addressText} writes it. */
  readonly address: string;
  readonly port: number;
  /** Index of the interface that a link-local address belongs to; 0 when absent. */
  readonly scope?: number;
}

/** AF_INET or AF_INET6. */
export type InternetVersion = 4 | 6;

/** INADDR_ANY and in6addr_any by version. */
export const WILDCARDS = { 4: '0.0.0.0', 6: '::' } as const;
export const LOOPBACKS = { 4: '127.0.0.1', 6: '::1' } as const;
/** Bytes of an address. */
const VERSION_4_BYTES = 4;
const VERSION_6_BYTES = 16;
const GROUPS = 8;
/** ::ffff:0:0/96 (RFC 4291, section 2.5.5.2). */
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];

/**
 * The text of 4 or 16 bytes; a mapped address becomes the version 4 one it stands for.
 * @example
 * addressText(Uint8Array.of(127, 0, 0, 1));   // "127.0.0.1"
 */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === VERSION_4_BYTES) return bytes.join('.');
  if (MAPPED_PREFIX.every((byte, index) => bytes[index] === byte)) return bytes.subarray(12).join('.');
  const groups = Array.from({ length: GROUPS }, (_, index) => bytes[index * 2] * 256 + bytes[index * 2 + 1]);
  // The longest row of zeros is left out, the first of several, and never a single one (RFC 5952, section 4.2).
  let start = -1;
  let length = 1;
  for (let at = 0; at < GROUPS; at++) {
    let end = at;
    while (end < GROUPS && groups[end] === 0) end++;
    if (end - at > length) [start, length] = [at, end - at];
    at = Math.max(at, end - 1);
  }
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return start < 0 ? hex(0, GROUPS) : `${hex(0, start)}::${hex(start + length, GROUPS)}`;
}

/**
 * The bytes of a text: 4, or 16 for `version` 6, where a version 4 address is mapped. A zone after "%" is left out.
 * @example
 * addressBytes('::1')[15];   // 1
 */
export function addressBytes(text: string, version: InternetVersion = isVersion6(text) ? 6 : 4): Uint8Array {
  const plain = text.split('%')[0];
  if (!isVersion6(plain)) {
    const four = Uint8Array.from(plain.split('.'), Number);
    return version === 4 ? four : Uint8Array.from([...MAPPED_PREFIX, ...four]);
  }
  const [head, tail] = plain.split('::');
  const left = groupBytes(head);
  const right = groupBytes(tail ?? '');
  const bytes = new Uint8Array(VERSION_6_BYTES);
  bytes.set(left);
  bytes.set(right, VERSION_6_BYTES - right.length);
  return bytes;
}

function groupBytes(text: string): number[] {
  return text
    .split(':')
    .filter((group) => group !== '')
    .flatMap((group) => {
      if (group.includes('.')) return group.split('.').map(Number);
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 255];
    });
}

/** True for the text of a version 6 address. */
export function isVersion6(address: string): boolean {
  return address.includes(':');
}

/** True for the addresses that stand for all of a machine's own. */
export function isWildcard(address: string): boolean {
  return address === WILDCARDS[4] || address === WILDCARDS[6];
}

/** True for addresses that never leave a machine. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === LOOPBACKS[6];
}

/** True for the address of a group (RFC 5771, RFC 4291). */
export function isMulticast(address: string): boolean {
  if (isVersion6(address)) return address.startsWith('ff');
  const first = Number.parseInt(address, 10);
  return first >= 224 && first < 240;
}

export const BROADCAST = '255.255.255.255';
