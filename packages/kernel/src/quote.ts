// C string quoting as strace does it: shortest escapes, octal for what is not printable.

const ESCAPES: Readonly<Record<number, string>> = {
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

/**
 * A byte string in double quotes.
 * @example
 * quote('a\n\x01') === '"a\\n\\1"'
 */
export function quote(byteString: string): string {
  let result = '"';
  for (let at = 0; at < byteString.length; at++) {
    const code = byteString.charCodeAt(at);
    if (ESCAPES[code] !== undefined) result += ESCAPES[code];
    else if (code >= 32 && code < 127) result += byteString[at];
    else {
      // A digit may follow: then the escape needs all three of its own.
      const next = byteString.charCodeAt(at + 1);
      const octal = code.toString(8);
      result += `\\${next >= 48 && next <= 55 ? octal.padStart(3, '0') : octal}`;
    }
  }
  return `${result}"`;
}
