// The port behind request_module("binfmt-XXXX"): formats that are fetched when nobody on the list knows a file.
import type { BinaryFormat } from './binary-format.ts';

/**
 * Port: loads binary formats on demand. Linux asks for a module under the alias `binfmt-XXXX`, where XXXX are bytes 2 and 3 of
 * the file as a little-endian number in hexadecimal, unless the first four bytes all look like text; a format that was loaded
 * joins the end of the list, and the list is walked once more (fs/exec.c, search_binary_handler, up to 6.x).
 */
export interface FormatProvider {
  /**
   * Answers one request.
   * @param alias "binfmt-4d5a" and the like.
   * @returns the format, or undefined when there is none: the file is refused with ENOEXEC then.
   */
  requestFormat(alias: string): BinaryFormat | undefined;
}

/**
 * The alias under which a format for a file is asked for.
 * @param header the first bytes of the file.
 * @returns the alias, or undefined when the file looks like text: tabs, line feeds and printable ASCII in its first four bytes.
 * @example
 * moduleAlias(Uint8Array.of(0x7f, 0x46, 0x4d, 0x5a)) // 'binfmt-5a4d'
 */
export function moduleAlias(header: Uint8Array): string | undefined {
  const looksLikeText = header.subarray(0, 4).every(isPrintable);
  if (looksLikeText) return undefined;
  return `binfmt-${(header[2] | (header[3] << 8)).toString(16).padStart(4, '0')}`;
}

function isPrintable(byte: number): boolean {
  return byte === 9 || byte === 10 || (byte >= 0x20 && byte <= 0x7e);
}
