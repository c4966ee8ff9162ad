// Members of TAR archives, plain or gzip-compressed, as a stream: what is of no interest is skipped, the rest held one member at a time.
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { createTarDecoder } from 'modern-tar';
import { ARCHIVE_HEAD_BYTES } from './archive-kind.ts';
import { ArchiveLimit, collectMember, type UnpackBudget } from './unpack-budget.ts';
import { isOfInterest } from './zip-members.ts';

/** What to do with the members. */
export interface TarVisitor {
  member(name: string, bytes: Uint8Array): Promise<void> | void;
  skipped(name: string): void;
  unreadable(name: string, message: string): void;
}

/**
 * Visits the members in their order.
 *
 * @param archive bytes of the archive, decompressed here when `isCompressed`.
 * @throws Error for a damaged archive; what was found before has been visited.
 */
export async function visitTar(
  archive: Readable,
  isCompressed: boolean,
  budget: UnpackBudget,
  visitor: TarVisitor,
): Promise<void> {
  const plain = isCompressed ? archive.pipe(createGunzip()) : archive;
  // pipe() leaves errors of its source to us.
  if (isCompressed) archive.on('error', (error) => plain.destroy(error));
  const entries = Readable.toWeb(Readable.from(paid(plain, budget))).pipeThrough(
    createTarDecoder({ strict: true }) as TarTransform,
  );
  try {
    for await (const entry of entries) {
      const { name, size, type = 'file' } = entry.header;
      if (type !== 'file' || size < SMALLEST_ELF) {
        await entry.body.cancel();
        continue;
      }
      await visitEntry(name, entry.body, visitor);
    }
  } finally {
    archive.destroy();
  }
}

/** Every unpacked byte counts, skipped members included: they cost time. */
async function* paid(stream: Readable, budget: UnpackBudget): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    budget.spend((chunk as Uint8Array).length);
    yield chunk as Uint8Array;
  }
}

/** sizeof(Elf32_Ehdr). */
const SMALLEST_ELF = 52;

interface TarEntry {
  readonly header: { readonly name: string; readonly size: number; readonly type?: string };
  readonly body: NodeReadableStream<Uint8Array>;
}

/** modern-tar is typed for browsers; Node's streams are the same at run time. */
interface TarTransform {
  readonly readable: NodeReadableStream<TarEntry>;
  // biome-ignore lint/suspicious/noExplicitAny: the types of Node's and the DOM's WritableStream do not unify
  readonly writable: any;
}

async function visitEntry(name: string, body: NodeReadableStream<Uint8Array>, visitor: TarVisitor): Promise<void> {
  try {
    // Leaving the loop over the body early cancels it, and the decoder skips the rest.
    const bytes = await collectMember({ chunks: body, stop: () => undefined }, ARCHIVE_HEAD_BYTES, isOfInterest);
    if (bytes === undefined) visitor.skipped(name);
    else await visitor.member(name, bytes);
  } catch (error) {
    if (!(error instanceof ArchiveLimit) || error.scope === 'archive') throw error;
    visitor.unreadable(name, error.message);
  }
}
