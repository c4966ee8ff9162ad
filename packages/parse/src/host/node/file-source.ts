// A byte source over a file descriptor, for Node: synchronous positioned reads through a small block cache.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { CountingSource } from '../../byte-source.ts';

// Headers are small and near each other: 4 KiB blocks keep a header dump of a huge file at a handful of reads.
const BLOCK_SIZE = 4096; // not a page size: bytes a read
const CACHED_BLOCKS = 16;

/** A source over a descriptor. `bytesRead` counts what was read from the file, not what callers were given. */
export interface DescriptorSource extends CountingSource {
  readonly descriptor: number;
  /** Closes the descriptor if the source opened it. */
  close(): void;
}

/**
 * A source over an open descriptor, which stays the caller's to close. The size is taken once, by fstat(2).
 *
 * @throws the host's error (EBADF, EIO, EISDIR ...) unchanged.
 */
export function descriptorSource(descriptor: number): DescriptorSource {
  return createSource(descriptor, false);
}

/**
 * Opens a file for reading. Call `close()` when done.
 *
 * @throws the host's error (ENOENT, EACCES, EISDIR ...) unchanged.
 * @example
 * ```ts
 * const file = openFileSource('/bin/true');
 * console.log(parseElf(file).interpreter, file.bytesRead);
 * file.close();
 * ```
 */
export function openFileSource(path: string): DescriptorSource {
  const descriptor = openSync(path, 'r');
  try {
    return createSource(descriptor, true);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function createSource(descriptor: number, owned: boolean): DescriptorSource {
  const { size } = fstatSync(descriptor);
  const blocks = new Map<number, Uint8Array>();
  let reads = 0;
  let bytesRead = 0;
  let open = true;

  // read(2) may return less than was asked for; only 0 is the end.
  const readFully = (offset: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const count = readSync(descriptor, bytes, filled, length - filled, offset + filled);
      reads++;
      if (count === 0) break;
      filled += count;
    }
    bytesRead += filled;
    return filled === length ? bytes : bytes.subarray(0, filled);
  };

  const block = (index: number): Uint8Array => {
    const known = blocks.get(index);
    if (known !== undefined) return known;
    const bytes = readFully(index * BLOCK_SIZE, Math.min(BLOCK_SIZE, size - index * BLOCK_SIZE));
    // A Map keeps insertion order, so its first key is the oldest block.
    if (blocks.size === CACHED_BLOCKS) blocks.delete(blocks.keys().next().value as number);
    blocks.set(index, bytes);
    return bytes;
  };

  return {
    descriptor,
    size,
    get reads() {
      return reads;
    },
    get bytesRead() {
      return bytesRead;
    },
    read(offset, length) {
      const wanted = Math.max(0, Math.min(length, size - offset));
      if (wanted === 0) return new Uint8Array(0);
      const first = Math.floor(offset / BLOCK_SIZE);
      const last = Math.floor((offset + wanted - 1) / BLOCK_SIZE);
      // Large tables are read in one go and not cached: their readers keep them.
      if (last - first > 1) return readFully(offset, wanted);
      const start = offset - first * BLOCK_SIZE;
      if (first === last) return block(first).subarray(start, start + wanted);
      const bytes = new Uint8Array(wanted);
      const head = block(first).subarray(start);
      bytes.set(head);
      const tail = block(last).subarray(0, wanted - head.length);
      bytes.set(tail, head.length);
      return bytes.subarray(0, head.length + tail.length);
    },
    close() {
      if (owned && open) closeSync(descriptor);
      open = false;
    },
  };
}
