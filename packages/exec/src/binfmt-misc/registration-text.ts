// Reading the fields of a binfmt_misc registration string byte by byte, with the kernel's own oddities (fs/binfmt_misc.c).

const NUL = 0;
const LINE_FEED = 10;
const PLUS = 0x2b;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_X = 0x78;
const BACKSLASH = 0x5c;
const LARGEST_INT = 0x7fff_ffff;

/**
 * Where a field ends, searched as strchr does: a NUL byte ends the search, unless the delimiter is NUL itself.
 * @returns the delimiter's position, or -1.
 */
export function fieldEnd(bytes: Uint8Array, start: number, delimiter: number): number {
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === delimiter) return at;
    if (bytes[at] === NUL) return -1;
  }
  return -1;
}

/**
 * Where a magic or mask field ends: `\xHH` is stepped over as a whole, so a delimiter that is an `x` or a hexadecimal digit is
 * no delimiter inside one. A raw NUL does not end the field here.
 * @returns the delimiter's position, -1 for a malformed `\x`.
 */
export function escapedFieldEnd(bytes: Uint8Array, start: number, delimiter: number): number {
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === delimiter) return at;
    if (bytes[at] !== BACKSLASH || bytes[at + 1] !== LETTER_X) continue;
    if (hexDigit(bytes[at + 2]) < 0 || hexDigit(bytes[at + 3]) < 0) return -1;
    at += 3;
  }
  return -1;
}

/**
 * Decodes `\xHH` (lib/string_helpers.c, string_unescape with UNESCAPE_HEX): every other backslash is itself and takes the next
 * byte along unread, so `\\x41` stays five bytes; one hexadecimal digit is enough; the first raw NUL ends the text.
 */
export function unescapeHex(field: Uint8Array): Uint8Array {
  const out = new Uint8Array(field.length);
  let length = 0;
  for (let at = 0; at < field.length && field[at] !== NUL; at++) {
    const hasNext = field[at] === BACKSLASH && at + 1 < field.length && field[at + 1] !== NUL;
    if (!hasNext) {
      out[length++] = field[at];
      continue;
    }
    const high = field[at + 1] === LETTER_X ? hexDigit(field[at + 2]) : -1;
    if (high < 0) {
      out[length++] = field[at++];
      out[length++] = field[at];
      continue;
    }
    const low = hexDigit(field[at + 3]);
    out[length++] = low < 0 ? high : high * 16 + low;
    at += low < 0 ? 2 : 3;
  }
  return out.slice(0, length);
}

/**
 * Reads a decimal int as kstrtoint does: one sign, at least one digit, one line feed may follow. The empty field is 0.
 * @returns the number, or undefined when it is malformed or does not fit.
 */
export function parseOffset(field: Uint8Array): number | undefined {
  if (field.length === 0) return 0;
  const isSigned = field[0] === PLUS || field[0] === MINUS;
  const end = field[field.length - 1] === LINE_FEED ? field.length - 1 : field.length;
  const start = isSigned ? 1 : 0;
  if (start >= end) return undefined;
  let value = 0;
  for (let at = start; at < end; at++) {
    if (field[at] < ZERO || field[at] > NINE) return undefined;
    value = Math.min(value * 10 + field[at] - ZERO, 2 * LARGEST_INT + 2);
  }
  if (value > (field[0] === MINUS ? LARGEST_INT + 1 : LARGEST_INT)) return undefined;
  return field[0] === MINUS && value !== 0 ? -value : value;
}

/** Value of a hexadecimal digit, -1 for anything else (past the end included). */
function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= ZERO && byte <= NINE) return byte - ZERO;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
