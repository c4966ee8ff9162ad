// What stands behind a file mapping: the port the kernel's files implement, and two backings of our own.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';

/**
 * Bytes behind a mapping, read synchronously and only in the ranges that are touched.
 * Frames of the same page of the same `identity` are shared by every mapping of the machine.
 */
export interface Backing {
  /**
   * Reads bytes from `offset` into `target`.
   * @returns bytes read (fewer than asked for means end of file), or -1 when the device failed: the guest gets SIGBUS.
   */
  readInto(offset: number, target: Uint8Array): number;
  /** Current size; a page that starts at or after it is SIGBUS. */
  sizeInBytes(): number;
  /** The same object for every backing of one file. */
  readonly identity: object;
  /**
   * Stores bytes of a shared writable mapping; absent for read-only files.
   * @returns false when the device failed.
   */
  writeFrom?(offset: number, bytes: Uint8Array): boolean;
  /**
   * Makes room for bytes of a shared mapping before the first store to them; absent where there is always room.
   * @returns false when there is none: the guest gets SIGBUS.
   */
  reserve?(offset: number, length: number): boolean;
  /** The open file (struct file) it was made from: mappings made through different ones stay different areas. */
  readonly openFile?: object;
  /** What /proc/PID/maps prints for it: path, device as "major:minor" in hex, inode number. */
  readonly mapsEntry?: { readonly path: string; readonly device: string; readonly inode: number };
  /** Big mappings are put where huge pages of the file fit, as ext4, xfs and btrfs do (mm/huge_memory.c, thp_get_unmapped_area). */
  readonly alignsToHugePages?: boolean;
  /** True for memory without a file behind it: never past its end, never written back, no read-ahead. */
  readonly isAnonymous?: boolean;
}

/**
 * A backing over bytes in memory, for tests, embedded programs and files of the in-memory file tree.
 * @example
 * const backing = bytesBacking(new Uint8Array([1, 2, 3]));
 */
export function bytesBacking(bytes: Uint8Array, mapsEntry?: Backing['mapsEntry']): Backing {
  return {
    identity: bytes,
    mapsEntry,
    sizeInBytes: () => bytes.length,
    readInto(offset, target) {
      const slice = bytes.subarray(offset, offset + target.length);
      target.set(slice);
      return slice.length;
    },
    writeFrom(offset, written) {
      bytes.set(written.subarray(0, Math.max(0, bytes.length - offset)), offset);
      return true;
    },
  };
}

/**
 * Memory that fork shares (MAP_SHARED|MAP_ANONYMOUS, /dev/zero shared). Its frames live in the file frames as long as a
 * mapping of it exists in any address space.
 */
export function sharedAnonymousBacking(lengthInBytes: number): Backing {
  const size = Math.ceil(lengthInBytes / GUEST_PAGE_BYTES) * GUEST_PAGE_BYTES;
  return {
    identity: {},
    isAnonymous: true,
    mapsEntry: { path: '/dev/zero (deleted)', device: '00:01', inode: 1 },
    sizeInBytes: () => size,
    readInto(_offset, target) {
      target.fill(0);
      return target.length;
    },
  };
}
