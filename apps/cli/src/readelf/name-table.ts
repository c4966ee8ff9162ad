// Fast names out of a string table: symbol tables of large programs ask for hundreds of thousands.
import { decodeText } from '@elf/parse';
import { printable } from './printable-text.ts';

/** Decodes the NUL-terminated name at an offset; undefined outside the table. */
export class NameTable {
  readonly bytes: Uint8Array;
  readonly #latin: Buffer;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#latin = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The name, made printable. */
  at(offset: number): string | undefined {
    if (offset >= this.bytes.length) return undefined;
    let end = offset;
    const { bytes } = this;
    let special = false;
    // Long C++ names dominate; one pass finds the end and whether anything but printable ASCII occurs.
    for (; end < bytes.length; end++) {
      const byte = bytes[end];
      if (byte === 0) break;
      if (byte < 0x20 || byte > 0x7e) special = true;
    }
    return special ? printable(decodeText(bytes, offset, end)) : this.#latin.toString('latin1', offset, end);
  }
}
