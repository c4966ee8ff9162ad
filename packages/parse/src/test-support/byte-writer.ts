// Encodes integers of either byte order and word size into a growing array: the tests' opposite of ByteReader.
import { encodeText } from '../text.ts';

/** A sequential writer; every method returns the writer so that structures read as one line. */
export class ByteWriter {
  readonly wordSize: 4 | 8;
  readonly littleEndian: boolean;
  readonly #bytes: number[] = [];

  constructor(wordSize: 4 | 8, littleEndian: boolean) {
    this.wordSize = wordSize;
    this.littleEndian = littleEndian;
  }

  get length(): number {
    return this.#bytes.length;
  }
  integer(value: bigint | number, size: number): this {
    const unsigned = BigInt.asUintN(8 * size, BigInt(value));
    const bytes = Array.from({ length: size }, (_, index) => Number((unsigned >> BigInt(8 * index)) & 0xffn));
    this.#bytes.push(...(this.littleEndian ? bytes : bytes.reverse()));
    return this;
  }
  u8(...values: number[]): this {
    for (const value of values) this.integer(value, 1);
    return this;
  }
  u16(...values: number[]): this {
    for (const value of values) this.integer(value, 2);
    return this;
  }
  u32(...values: Array<number | bigint>): this {
    for (const value of values) this.integer(value, 4);
    return this;
  }
  words(...values: Array<bigint | number>): this {
    for (const value of values) this.integer(value, this.wordSize);
    return this;
  }
  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }
  text(text: string): this {
    return this.raw(encodeText(text)).u8(0);
  }
  align(multiple: number): this {
    while (this.#bytes.length % multiple !== 0) this.#bytes.push(0);
    return this;
  }
  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
