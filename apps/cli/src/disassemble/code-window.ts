// A moving window over a section's bytes, so that code of any size is listed in bounded memory.
import type { ElfFile, SectionHeader } from '@elf/parse';

const WINDOW_BYTES = 0x4_0000;
/** An instruction and a line of data fit into this. */
const MARGIN = 32;

/** The bytes `[start, start + bytes.length)` of a section, wherever the reader is. */
export class CodeWindow {
  start = 0;
  bytes: Uint8Array = new Uint8Array(0);
  readonly #elf: ElfFile;
  readonly #section: SectionHeader;

  constructor(elf: ElfFile, section: SectionHeader) {
    this.#elf = elf;
    this.#section = section;
  }

  /** Makes the bytes at `offset` available, with those behind it as far as an instruction reaches or `end`. */
  demand(offset: number, end: number): void {
    const needed = Math.min(end, offset + MARGIN);
    if (offset >= this.start && needed <= this.start + this.bytes.length) return;
    const length = Math.min(WINDOW_BYTES, Number(this.#section.size) - offset);
    this.bytes = this.#elf.readBytes(
      this.#section.offset + BigInt(offset),
      BigInt(length),
      `section ${this.#section.index}`,
    );
    this.start = offset;
  }

  /** How many bytes are zero from `offset` on. The window stays where it is. */
  zeroes(offset: number, end: number): number {
    let at = offset;
    const inWindow = Math.min(end, this.start + this.bytes.length);
    while (at < inWindow) {
      if (this.bytes[at - this.start] !== 0) return at - offset;
      at += 1;
    }
    while (at < end) {
      const piece = this.#elf.readBytes(
        this.#section.offset + BigInt(at),
        BigInt(Math.min(WINDOW_BYTES, end - at)),
        'code',
      );
      const other = piece.findIndex((byte) => byte !== 0);
      if (other >= 0) return at + other - offset;
      at += piece.length;
    }
    return at - offset;
  }
}
