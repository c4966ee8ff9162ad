// A backing over a part of another one, starting at any byte: how bytes that lie askew in a file become pages without being copied.
import type { Backing } from '@elf/mm';
import { guestPageAddress } from '@elf/pagesize';
import type { ByteSource } from '@elf/parse';

/**
 * The bytes [start, start + length) of `backing` as a file of their own. Nothing is read before a page is touched, and what
 * follows the window in its last page reads as zeros. Where the file ends early, the pages it cannot fill are a bus error
 * (Plan 9 kills the process with "i/o error in demand load").
 *
 * Every call makes a backing with an identity of its own: keep the result for all mappings that shall share frames.
 *
 * @param start first byte, of any alignment.
 * @param length bytes of the window.
 * @example
 * const data = windowBacking(file.backing, 0x4321, 0x2000); // page 0 of it holds the file's bytes 0x4321..0x5320
 */
export function windowBacking(backing: Backing, start: number, length: number): Backing {
  return {
    identity: {},
    mapsEntry: backing.mapsEntry,
    sizeInBytes() {
      const available = Math.max(0, backing.sizeInBytes() - start);
      return available < length ? guestPageAddress(available) : length;
    },
    readInto(offset, target) {
      const wanted = Math.max(0, Math.min(target.length, length - offset));
      return wanted === 0 ? 0 : backing.readInto(start + offset, target.subarray(0, wanted));
    },
  };
}

/** The bytes of a source as a backing, for files whose file system maps nothing. */
export function sourceBacking(source: ByteSource): Backing {
  return {
    identity: source,
    sizeInBytes: () => source.size,
    readInto(offset, target) {
      const bytes = source.read(offset, target.length);
      target.set(bytes);
      return bytes.length;
    },
  };
}
