// Parsing from sources that answer later (a Blob, a file behind HTTP): the same parsers, driven until every byte they need is there.
import type { ByteSource } from './byte-source.ts';
import { ParseError } from './parse-error.ts';

/** A read port whose reads take time. */
export interface AsyncByteSource {
  /** Total length in bytes. */
  readonly size: number;
  /** Bytes `[offset, offset + length)`; short only at the end of the source. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/**
 * Thrown inside {@link AsyncReader.run} to leave a parser that needs bytes which are not there yet. It is not an error and never leaves `run`;
 * code under `run` must not swallow it (catch ParseError, not everything).
 */
class MissingBytes {
  readonly offset: number;
  readonly length: number;
  /** Kept in blocks, or as the one range that was asked for. */
  readonly keep: 'blocks' | 'range';

  constructor(offset: number, length: number, keep: 'blocks' | 'range') {
    this.offset = offset;
    this.length = length;
    this.keep = keep;
  }
}

/** Runs synchronous parsing code over an asynchronous source. */
export interface AsyncReader {
  /** The source to parse from; its reads succeed only inside {@link AsyncReader.run}. */
  readonly source: ByteSource;
  /** What has been fetched so far. */
  readonly requests: number;
  readonly bytesRead: number;
  /**
   * Calls `parse` until it completes. When it touches bytes that are not there, they are fetched and `parse` is called again: it must be free
   * of side effects, apart from those of an ElfFile (which keeps only what it has read completely).
   *
   * @throws whatever `parse` throws, and the source's own errors.
   */
  run<T>(parse: (source: ByteSource) => T): Promise<T>;
}

/** Options of {@link asyncReader}. */
export interface AsyncReaderOptions {
  /** Bytes are fetched in multiples of this many, so that neighbouring structures cost one request. Default 16384. */
  readonly blockSize?: number;
}

/**
 * Makes an asynchronous source usable by every parser of this package.
 *
 * @example
 * ```ts
 * const reader = asyncReader(blobSource(file));
 * const elf = await reader.run((source) => parseElf(source));
 * const names = await reader.run(() => [...(elf.symbols('dynsym') ?? [])].map((symbol) => symbol.name));
 * ```
 */
export function asyncReader(source: AsyncByteSource, options: AsyncReaderOptions = {}): AsyncReader {
  const blockSize = options.blockSize ?? 16_384;
  const blocks = new Map<number, Uint8Array>();
  const ranges = new Map<string, Uint8Array>();
  let requests = 0;
  let bytesRead = 0;

  const read = (offset: number, length: number): Uint8Array => {
    const wanted = Math.max(0, Math.min(length, source.size - offset));
    if (wanted === 0) return new Uint8Array(0);
    if (wanted > blockSize) {
      const known = ranges.get(`${offset}+${wanted}`);
      if (known === undefined) throw new MissingBytes(offset, wanted, 'range');
      return known;
    }
    const first = Math.floor(offset / blockSize);
    const last = Math.floor((offset + wanted - 1) / blockSize);
    const head = blocks.get(first);
    const tail = blocks.get(last);
    if (head === undefined || tail === undefined) {
      const from = head === undefined ? first : last;
      const end = Math.min(source.size, ((tail === undefined ? last : first) + 1) * blockSize);
      throw new MissingBytes(from * blockSize, end - from * blockSize, 'blocks');
    }
    const start = offset - first * blockSize;
    if (first === last) return head.subarray(start, start + wanted);
    const bytes = new Uint8Array(wanted);
    bytes.set(head.subarray(start));
    bytes.set(tail.subarray(0, wanted - (blockSize - start)), blockSize - start);
    return bytes;
  };

  const load = async ({ offset, length, keep }: MissingBytes): Promise<void> => {
    const bytes = await source.read(offset, length);
    requests++;
    bytesRead += bytes.length;
    // The same read would be asked for again and again: a source that is shorter than it said cannot be parsed.
    if (bytes.length < length) {
      const sentence = `The source gave ${bytes.length} of ${length} bytes although it claims a size of ${source.size}.`;
      throw new ParseError('truncated', offset, 'source', sentence);
    }
    if (keep === 'range') ranges.set(`${offset}+${length}`, bytes);
    else
      for (let at = 0; at < length; at += blockSize)
        blocks.set((offset + at) / blockSize, bytes.subarray(at, Math.min(at + blockSize, length)));
  };

  const run = async <T>(parse: (sparse: ByteSource) => T): Promise<T> => {
    for (;;) {
      let missing: MissingBytes;
      try {
        return parse(sparse);
      } catch (signal) {
        if (!(signal instanceof MissingBytes)) throw signal;
        missing = signal;
      }
      await load(missing);
    }
  };

  const sparse: ByteSource = { size: source.size, read };
  return {
    source: sparse,
    get requests() {
      return requests;
    },
    get bytesRead() {
      return bytesRead;
    },
    run,
  };
}
