// An asynchronous byte source over a Blob or File, described by its shape so that no DOM types are needed.
import type { AsyncByteSource } from './async-source.ts';

/** What is used of a Blob: browsers' Blob and File and Node's `node:buffer` Blob all have it. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/**
 * Reads a Blob in slices: a dropped file of any size is never held whole.
 *
 * @example
 * ```ts
 * const reader = asyncReader(blobSource(file));
 * const header = await reader.run((source) => parseElf(source).fileHeader);
 * ```
 */
export function blobSource(blob: BlobLike): AsyncByteSource {
  return {
    size: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}
