// Byte strings: file names and arguments as Linux has them, any bytes without NUL, held in a JavaScript string of one character per byte.

/**
 * Bytes as a byte string (each character is one byte, 0 to 255). Comparing, splitting and map keys work as for text, and nothing is lost.
 * @example
 * fromBytes(new Uint8Array([0x2f, 0xff])) === '/\xff'
 */
export function fromBytes(bytes: Uint8Array): string {
  let text = '';
  // Slices keep the argument list within what engines accept.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/** The bytes of a byte string. */
export function toBytes(byteString: string): Uint8Array {
  const bytes = new Uint8Array(byteString.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = byteString.charCodeAt(at);
  return bytes;
}

/** Text as a byte string in UTF-8. A lone surrogate becomes U+FFFD. */
export function encodeText(text: string): string {
  let result = '';
  for (const character of text) {
    let code = character.codePointAt(0) as number;
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) result += character;
    else if (code < 0x800) result += String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) result += String.fromCharCode(0xe0 | (code >> 12), tail(code >> 6), tail(code));
    else result += String.fromCharCode(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
  }
  return result;
}

/** A byte string as text for people: UTF-8 where it is that, otherwise one character per byte. */
export function decodeText(byteString: string): string {
  try {
    return decodeURIComponent(byteString.replace(/[^]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`));
  } catch {
    return byteString;
  }
}

function tail(code: number): number {
  return 0x80 | (code & 63);
}
