// Decodes integers of one byte order out of bytes already read.

/** Fixed-order integer access to a byte array. Offsets are relative to the array; callers check lengths before they decode. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, littleEndian: boolean) {
    this.bytes = bytes;
    this.littleEndian = littleEndian;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }
  u8(offset: number): number {
    return this.#view.getUint8(offset);
  }
  u16(offset: number): number {
    return this.#view.getUint16(offset, this.littleEndian);
  }
  i16(offset: number): number {
    return this.#view.getInt16(offset, this.littleEndian);
  }
  u32(offset: number): number {
    return this.#view.getUint32(offset, this.littleEndian);
  }
  i32(offset: number): number {
    return this.#view.getInt32(offset, this.littleEndian);
  }
  u64(offset: number): bigint {
    return this.#view.getBigUint64(offset, this.littleEndian);
  }
  i64(offset: number): bigint {
    return this.#view.getBigInt64(offset, this.littleEndian);
  }
  /** An unsigned machine word (4 or 8 bytes), widened to bigint. */
  word(offset: number, wordSize: 4 | 8): bigint {
    return wordSize === 8 ? this.u64(offset) : BigInt(this.u32(offset));
  }
  /** A signed machine word (4 or 8 bytes), widened to bigint. */
  signedWord(offset: number, wordSize: 4 | 8): bigint {
    return wordSize === 8 ? this.i64(offset) : BigInt(this.i32(offset));
  }
}
