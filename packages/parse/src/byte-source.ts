// The read port of every parser: a size and a synchronous positioned read.

/** Where bytes come from. All parsers read through this, so a large file is never held whole unless the source does so. */
export interface ByteSource {
  /** Total length in bytes. */
  readonly size: number;
  /**
   * Bytes `[offset, offset + length)`, short at the end of the source and empty past it. The result may share memory with the source: do
   * not write to it. `offset` and `length` are non-negative integers below 2^53.
   */
  read(offset: number, length: number): Uint8Array;
}

/**
 * A source over bytes in memory; reads are views, nothing is copied.
 *
 * @example
 * ```ts
 * const elf = parseElf(bytesSource(bytes));
 * ```
 */
export function bytesSource(bytes: Uint8Array): ByteSource {
  // The slice() of a Buffer shares its memory: who copies what was read would write into the caller's bytes.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    size: plain.length,
    read: (offset, length) => plain.subarray(Math.min(offset, plain.length), Math.min(offset + length, plain.length)),
  };
}

/**
 * The part `[start, start + size)` of another source as a source of its own (an archive's member, an image inside a file). The part is cut
 * where the outer source ends.
 */
export function sliceSource(source: ByteSource, start: number, size: number): ByteSource {
  const available = Math.max(0, Math.min(size, source.size - start));
  return {
    size: available,
    read: (offset, length) =>
      offset >= available
        ? new Uint8Array(0)
        : source.read(start + offset, Math.max(0, Math.min(length, available - offset))),
  };
}

/** A source that counts what is asked of another: how many reads, how many bytes. */
export interface CountingSource extends ByteSource {
  readonly reads: number;
  readonly bytesRead: number;
}

/** Wraps a source so that its use can be measured. */
export function countingSource(source: ByteSource): CountingSource {
  let reads = 0;
  let bytesRead = 0;
  return {
    size: source.size,
    get reads() {
      return reads;
    },
    get bytesRead() {
      return bytesRead;
    },
    read(offset, length) {
      const bytes = source.read(offset, length);
      reads++;
      bytesRead += bytes.length;
      return bytes;
    },
  };
}
