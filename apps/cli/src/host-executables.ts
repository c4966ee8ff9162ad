// Files of the host for execve: opened when it asks, read where it looks, closed together at the end.
import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { ExecErrno, type ExecFile, type ExecFiles } from '@elf/exec';
import type { Backing } from '@elf/mm';
import type { ByteSource } from '@elf/parse';

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
    return { ...descriptorFile(descriptor, status.size, path), mode: status.mode, isRegularFile: true };
  }

  close(): void {
    for (const descriptor of this.#descriptors) closeSync(descriptor);
  }
}

function notAFile(mode: number): ExecFile {
  return { source: { size: 0, read: () => new Uint8Array(0) }, backing: undefined, mode, isRegularFile: false };
}

function descriptorFile(descriptor: number, size: number, path: string): { source: ByteSource; backing: Backing } {
  const source: ByteSource = {
    size,
    read(offset, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      return bytes.subarray(0, bytes.length > 0 ? readSync(descriptor, bytes, 0, bytes.length, offset) : 0);
    },
  };
  const backing: Backing = {
    identity: source,
    mapsEntry: { path, device: '00:00', inode: 0 },
    sizeInBytes: () => size,
    readInto: (offset, target) => readSync(descriptor, target, 0, target.length, offset),
  };
  return { source, backing };
}
