// Files for execve: the port of @elf/exec over the kernel's file tree.
import type { ExecFile, ExecFiles } from '@elf/exec';
import {
  type Credentials,
  Errno,
  FileType,
  fromBytes,
  isType,
  type Kernel,
  type LoadRequest,
  type OpenDescription,
} from '@elf/kernel';

/** Opens programs as one process sees the tree, and remembers where each file was found. */
export interface ExecutableFiles extends ExecFiles {
  /** Canonical path of a file this port opened. */
  pathOf(file: ExecFile): string | undefined;
  /** Closes what was opened; mappings stay. */
  close(): void;
}

/** The files of one execve. */
export function executableFiles(kernel: Kernel, request: LoadRequest): ExecutableFiles {
  const paths = new Map<ExecFile, string>();
  const opened: OpenDescription[] = [];
  return {
    pathOf: (file) => paths.get(file),
    close: () => {
      for (const description of opened) description.release();
    },
    open: (_name: string, bytes: Uint8Array): ExecFile | number => {
      const path = fromBytes(bytes);
      const place = kernel.tree.resolve(request.viewpoint, path, true);
      if (typeof place === 'number') return -place;
      const { status } = place;
      if (status === undefined) return Errno.ENOENT;
      const isRegularFile = isType(status, FileType.Regular);
      if (isRegularFile && !mayExecute(status, request.credentials)) return Errno.EACCES;
      const mode = { readable: true, writable: false, append: false, nonBlocking: false };
      const description = isRegularFile
        ? kernel.tree.open(request.viewpoint, path, { read: true, write: false }, mode)
        : undefined;
      if (typeof description === 'number') return -description;
      if (description !== undefined) opened.push(description);
      const backing = description?.file.backing?.();
      const file: ExecFile = {
        source: sourceOf(description, status.sizeInBytes),
        backing: backing && { ...backing, mapsEntry: mapsEntry(place.path, status.device, status.inode) },
        mode: status.mode & 0o7777,
        isRegularFile,
      };
      paths.set(file, place.path);
      return file;
    },
  };
}

/** A file without any execute bit is exec's own refusal, with its own sentence; this is only about the caller's rights. */
function mayExecute(status: { mode: number; user: number; group: number }, who: Readonly<Credentials>): boolean {
  if (who.effectiveUser === 0 || (status.mode & 0o111) === 0) return true;
  const inGroup = status.group === who.effectiveGroup || who.supplementary.includes(status.group);
  const shift = status.user === who.effectiveUser ? 6 : inGroup ? 3 : 0;
  return ((status.mode >> shift) & 1) !== 0;
}

function sourceOf(description: OpenDescription | undefined, size: number): ExecFile['source'] {
  return {
    size,
    read: (offset, length) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      const count = description === undefined ? 0 : description.file.read(bytes, offset);
      return bytes.subarray(0, Math.max(0, count));
    },
  };
}

/** Device and inode as /proc/PID/maps shows them. */
function mapsEntry(path: string, device: number, inode: number) {
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  return { path, device: `${hex((device >>> 8) & 0xfff)}:${hex(device & 0xff)}`, inode };
}
