// Files of the host for execve: opened when it asks, read where it looks, closed together at the end.
import { closeSync, openSync, readSync, realpathSync, type Stats, statfsSync, statSync } from 'node:fs';
import { ExecErrno, type ExecFile, type ExecFiles } from '@elf/exec';
import type { Backing } from '@elf/mm';
import type { ByteSource } from '@elf/parse';

/** statfs(2) types of ext4, xfs and btrfs, on which Linux puts big mappings where huge pages fit. */
const ALIGNING_FILE_SYSTEMS: ReadonlySet<number> = new Set([0xef53, 0x58465342, 0x9123683e]);

/** The files port of execve over the host's file system: read only where execve looks; `close` closes all. */
export class HostExecutables implements ExecFiles {
  readonly #descriptors: number[] = [];

  open(path: string): ExecFile | number {
    let descriptor: number;
    let status: Stats;
    try {
      status = statSync(path);
      // Only regular files are opened: a FIFO would wait for a writer.
      if (!status.isFile()) return notAFile(status.mode);
      descriptor = openSync(path, 'r');
    } catch (error) {
      // Node negates the error number of the platform; on Linux these are execve's own.
      return Math.abs((error as { errno?: number }).errno ?? ExecErrno.EIO);
    }
    this.#descriptors.push(descriptor);
    return { ...descriptorFile(descriptor, status, realpathSync(path)), mode: status.mode, isRegularFile: true };
  }

  close(): void {
    for (const descriptor of this.#descriptors) closeSync(descriptor);
  }
}

function notAFile(mode: number): ExecFile {
  return { source: { size: 0, read: () => new Uint8Array(0) }, backing: undefined, mode, isRegularFile: false };
}

function descriptorFile(
  descriptor: number,
  { size, dev, ino }: Stats,
  path: string,
): { source: ByteSource; backing: Backing } {
  const source: ByteSource = {
    size,
    read(offset, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      return bytes.subarray(0, bytes.length > 0 ? readSync(descriptor, bytes, 0, bytes.length, offset) : 0);
    },
  };
  const backing: Backing = {
    identity: source,
    mapsEntry: { path, device: deviceText(dev), inode: ino },
    sizeInBytes: () => size,
    alignsToHugePages: ALIGNING_FILE_SYSTEMS.has(statfsSync(path).type),
    readInto: (offset, target) => readSync(descriptor, target, 0, target.length, offset),
  };
  return { source, backing };
}

/** Major and minor number as the kernel prints them; userspace packs 12 and 20 bits (glibc's sys/sysmacros.h, for numbers below 2^32). */
function deviceText(device: number): string {
  const major = (device >>> 8) & 0xfff; // not a page size: 12 bits of a device number
  const minor = (device & 0xff) | ((device >>> 12) & 0xfff00); // not a page size: the other 20 bits
  return `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')}`;
}
