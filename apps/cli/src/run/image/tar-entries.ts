// The entries of a tar file in memory, plain or gzip-compressed, one after the other.
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { createTarDecoder } from 'modern-tar';
import { hostErrorText } from '../../host-error-text.ts';
import { ImageError } from './image-error.ts';

/** One entry; what is not a regular file has no bytes. */
export interface TarEntry {
  readonly name: string;
  readonly type: string;
  readonly mode: number | undefined;
  readonly user: number;
  readonly group: number;
  /** Nanoseconds since 1970. */
  readonly modified: bigint | undefined;
  readonly target: string;
  readonly bytes: Uint8Array;
}

/** Counts unpacked bytes over all layers of an image: guests' files are in memory. */
export interface UnpackedBytes {
  left: number;
}

/** Bytes an image may unpack to. */
export const MOST_IMAGE_BYTES = 4 * 2 ** 30;

const GZIP = [0x1f, 0x8b];
const ZSTANDARD = [0x28, 0xb5, 0x2f, 0xfd];

interface DecodedEntry {
  readonly header: {
    readonly name: string;
    readonly type?: string;
    readonly mode?: number;
    readonly uid?: number;
    readonly gid?: number;
    readonly mtime?: Date;
    readonly linkname?: string;
  };
  readonly body: NodeReadableStream<Uint8Array>;
}

/** modern-tar is typed for browsers; Node's streams are the same at run time. */
interface TarTransform {
  readonly readable: NodeReadableStream<DecodedEntry>;
  // biome-ignore lint/suspicious/noExplicitAny: the types of Node's and the DOM's WritableStream do not unify
  readonly writable: any;
}

/**
 * Reads a tar file.
 * @param source its bytes; the first part must hold at least four.
 * @param name what it is called in messages.
 * @throws ImageError for a file that cannot be read, another compression, a damaged file, or more than {@link MOST_IMAGE_BYTES}.
 */
export async function* tarEntries(
  source: Readable,
  name: string,
  budget: UnpackedBytes,
): AsyncGenerator<TarEntry, void, undefined> {
  try {
    const plain = await decompressed(source, name);
    const entries = Readable.toWeb(plain).pipeThrough(createTarDecoder({ strict: true }) as TarTransform);
    for await (const { header, body } of entries) {
      yield {
        name: header.name,
        type: header.type ?? 'file',
        mode: header.mode,
        user: header.uid ?? 0,
        group: header.gid ?? 0,
        modified: header.mtime === undefined ? undefined : BigInt(header.mtime.getTime()) * 1_000_000n,
        target: header.linkname ?? '',
        bytes: await collect(body, budget, name),
      };
    }
  } catch (error) {
    if (error instanceof ImageError) throw error;
    // A call of the host that failed says nothing about the file's content.
    if (error instanceof Error && 'syscall' in error) throw new ImageError(`${name}: ${hostErrorText(error)}`);
    throw new ImageError(`${name} is no tar file, or a damaged one: ${error instanceof Error ? error.message : error}`);
  } finally {
    source.destroy();
  }
}

async function decompressed(source: Readable, name: string): Promise<Readable> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterableIterator<Uint8Array>;
  const first = (await chunks.next()).value ?? new Uint8Array();
  async function* whole() {
    yield first;
    yield* chunks;
  }
  const startsWith = (magic: readonly number[]) => magic.every((byte, at) => first[at] === byte);
  if (startsWith(ZSTANDARD)) throw new ImageError(`${name} is compressed with zstd: decompress it first (zstd -d)`);
  const plain = Readable.from(whole());
  if (!startsWith(GZIP)) return plain;
  const unzip = createGunzip();
  // pipe() leaves errors of its source to us.
  plain.on('error', (error) => unzip.destroy(error));
  return plain.pipe(unzip);
}

async function collect(body: NodeReadableStream<Uint8Array>, budget: UnpackedBytes, name: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of body) {
    budget.left -= part.length;
    if (budget.left < 0) throw new ImageError(`${name} unpacks to more than ${MOST_IMAGE_BYTES} bytes`);
    parts.push(part.slice());
  }
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}
