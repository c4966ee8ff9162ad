// Installed programs as an ExecFiles port: pages are read when they are touched, so that giants cost nothing.
import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Backing } from '@elf/mm';
import type { ByteSource } from '@elf/parse';
import { ExecErrno } from '../../exec-errno.ts';
import type { ExecFile, ExecFiles } from '../../exec-request.ts';

const PATH_ERRORS: Readonly<Record<string, number>> = {
  ENOENT: ExecErrno.ENOENT,
  EACCES: ExecErrno.EACCES,
  ENOTDIR: 20,
  ENAMETOOLONG: 36,
  ELOOP: ExecErrno.ELOOP,
};

/** statfs(2) types of ext4, xfs and btrfs, whose mmap asks thp_get_unmapped_area. */
const ALIGNING_FILE_SYSTEMS = new Set([0xef53, 0x58465342, 0x9123683e]);

/** Whether the file system of a path puts big mappings where huge pages fit. */
export function alignsToHugePages(path: string): boolean {
  return ALIGNING_FILE_SYSTEMS.has(statfsSync(path).type);
}

/** The port over this machine's files, as this user. `close` releases the descriptors. */
export function hostFiles(): ExecFiles & { close(): void } {
  const descriptors: number[] = [];
  const open = (path: string): ExecFile | number => {
    try {
      const stat = statSync(path);
      const isRegularFile = stat.isFile();
      const base = { mode: stat.mode & 0o7777, isRegularFile };
      if (!isRegularFile || (stat.mode & 0o111) === 0) return { ...base, source: nothing, backing: undefined };
      // Linux asks for permission to execute only; reading is needed by us, not by it.
      accessSync(path, constants.X_OK);
      accessSync(dirname(path), constants.X_OK);
      const descriptor = openSync(path, 'r');
      descriptors.push(descriptor);
      return { ...base, ...contentOf(descriptor, path, stat.size) };
    } catch (error) {
      const errno = PATH_ERRORS[(error as NodeJS.ErrnoException).code ?? ''];
      if (errno === undefined) throw error;
      return errno;
    }
  };
  const close = () => {
    for (const descriptor of descriptors.splice(0)) closeSync(descriptor);
  };
  return { open, close };
}

const nothing: ByteSource = { size: 0, read: () => new Uint8Array(0) };

function contentOf(descriptor: number, path: string, size: number): { source: ByteSource; backing: Backing } {
  const readInto = (offset: number, target: Uint8Array) =>
    offset >= size ? 0 : readSync(descriptor, target, 0, target.length, offset);
  return {
    source: {
      size,
      read(offset, length) {
        const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
        return bytes.subarray(0, readInto(offset, bytes));
      },
    },
    backing: {
      identity: {},
      sizeInBytes: () => size,
      readInto,
      alignsToHugePages: alignsToHugePages(path),
      mapsEntry: { path: realpathSync(path), device: '00:00', inode: 0 },
    },
  };
}
