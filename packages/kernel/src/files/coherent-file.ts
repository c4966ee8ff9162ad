// One content for read, write, truncate and every mapping of a file: what the page cache is on Linux (mm/filemap.c).
import { type FileFrames, guestPageAddress, guestPageCeiling } from '@elf/mm';
import { Errno } from '../errno.ts';
import type { OpenFile } from './open-file.ts';

/** Behind the end of a file nothing is cached beyond the kernel's page, which is 64 KiB at most. */
const LARGEST_KERNEL_PAGE_BYTES = 65536;
/** Zeros written at once when a hole is made. */
const HOLE_STEP_BYTES = 1 << 20;

/**
 * The file such that its reads see stores through shared mappings, mappings see its writes, and a cut takes the pages behind the
 * new end out of every mapping. A file without `mappedAs` is returned as it is; one that nobody maps costs a lookup a call.
 * What other programs of the host do to the file is not seen by pages that are mapped already.
 * @example
 * const file = coherentFile(opened, kernel.memory.fileFrames);
 * file.write(bytes, 0);   // every mapping of the file holds the bytes now
 */
export function coherentFile(file: OpenFile, frames: FileFrames): OpenFile {
  const { mappedAs, truncate } = file;
  if (mappedAs === undefined) return file;
  const mapped = () => {
    const identity = mappedAs();
    return identity !== undefined && frames.describe(identity).mappings > 0 ? identity : undefined;
  };
  const read = (target: Uint8Array, position: number) => {
    const count = file.read(target, position);
    const identity = count > 0 ? mapped() : undefined;
    if (identity !== undefined) frames.overlay(identity, position, target.subarray(0, count));
    return count;
  };
  const write = (bytes: Uint8Array, position: number) => {
    const identity = mapped();
    const before = identity === undefined ? 0 : sizeOf(file);
    const count = file.write(bytes, position);
    if (identity === undefined || count <= 0) return count;
    exposeZeros(frames, identity, before, position);
    frames.overwrite(identity, position, bytes.subarray(0, count));
    return count;
  };
  const resize = (length: number) => {
    const identity = mapped();
    const before = identity === undefined ? 0 : sizeOf(file);
    const result = truncate?.(length) ?? -Errno.EINVAL;
    if (identity === undefined || result < 0) return result;
    if (length < before) frames.truncate(identity, length);
    else exposeZeros(frames, identity, before, length);
    return result;
  };
  const punchHole = (start: number, end: number) => {
    const identity = mapped();
    // Out of the mappings first: dirty pages reach the file on the way, and the zeros must come last.
    if (identity !== undefined) frames.discard(identity, guestPageCeiling(start), guestPageAddress(end));
    const stop = Math.min(end, sizeOf(file));
    if (file.punchHole !== undefined) {
      const result = file.punchHole(start, end);
      if (identity === undefined || result < 0) return result;
      // Pages that lie in the range in part are mapped still.
      const edges = [
        [start, Math.min(stop, guestPageCeiling(start))] as const,
        [Math.max(start, guestPageAddress(stop)), stop] as const,
      ];
      for (const [from, to] of edges) if (to > from) frames.overwrite(identity, from, new Uint8Array(to - from));
      return 0;
    }
    for (let at = start; at < stop; ) {
      const count = write(new Uint8Array(Math.min(HOLE_STEP_BYTES, stop - at)), at);
      if (count <= 0) return count < 0 ? count : -Errno.EIO;
      at += count;
    }
    return 0;
  };
  const close = () => {
    const identity = file.closesWithMappings ? mapped() : undefined;
    if (identity === undefined) file.close();
    else frames.whenUnmapped(identity, () => file.close());
  };
  return { ...file, read, write, truncate: truncate && resize, punchHole, close };
}

/** After the file was emptied by O_TRUNC: what a cut to nothing does to its mappings. */
export function forgetContent(file: OpenFile, frames: FileFrames): void {
  const identity = file.mappedAs?.();
  if (identity !== undefined) frames.truncate(identity, sizeOf(file));
}

function sizeOf(file: OpenFile): number {
  const status = file.status();
  return typeof status === 'number' ? 0 : status.sizeInBytes;
}

/** The file grew from `before` bytes: what was stored behind its old end is not part of it (mm/truncate.c, pagecache_isize_extended). */
function exposeZeros(frames: FileFrames, identity: object, before: number, until: number): void {
  const length = Math.min(until - before, LARGEST_KERNEL_PAGE_BYTES);
  if (length > 0) frames.overwrite(identity, before, new Uint8Array(length));
}
