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
  type Viewpoint,
} from '@elf/kernel';

/** Who opens programs, and from where. */
export type ExecutableViewer = Pick<LoadRequest, 'viewpoint' | 'credentials'>;

/** Opens programs as one process sees the tree, and remembers where each file was found. */
export interface ExecutableFiles extends ExecFiles {
  /** The port for paths below an open file, which the empty path stands for. */
  below(description: OpenDescription): ExecFiles;
  /** The open file behind a file this port opened, with a reference for the caller. */
  retain(file: ExecFile): OpenDescription | undefined;
  /** Canonical path of a file this port opened. */
  pathOf(file: ExecFile): string | undefined;
  /** Closes what was opened; mappings stay. */
  close(): void;
}

/** The files of one execve. */
export function executableFiles(kernel: Kernel, viewer: ExecutableViewer): ExecutableFiles {
  const paths = new Map<ExecFile, string>();
  const opened = new Map<ExecFile, OpenDescription>();
  const openFrom = (viewpoint: Viewpoint, path: string, followsLastLink: boolean): ExecFile | number => {
    const place = kernel.tree.resolve(viewpoint, path, followsLastLink);
    if (typeof place === 'number') return -place;
    const { status } = place;
    if (status === undefined) return Errno.ENOENT;
    if (isType(status, FileType.SymbolicLink)) return Errno.ELOOP;
    const isRegularFile = isType(status, FileType.Regular);
    if (isRegularFile && !mayExecute(status, viewer.credentials)) return Errno.EACCES;
    const mode = { readable: true, writable: false, append: false, nonBlocking: false };
    const description = isRegularFile
      ? kernel.tree.open(viewpoint, path, { read: true, write: false }, mode)
      : undefined;
    if (typeof description === 'number') return -description;
    const backing = description?.file.backing?.();
    const file: ExecFile = {
      source: sourceOf(description, status.sizeInBytes),
      backing: backing && { ...backing, mapsEntry: mapsEntry(place.path, status.device, status.inode) },
      mode: status.mode & 0o7777,
      isRegularFile,
    };
    if (description !== undefined) opened.set(file, description);
    paths.set(file, place.path);
    return file;
  };
  return {
    pathOf: (file) => paths.get(file),
    retain: (file) => opened.get(file)?.retain(),
    close: () => {
      for (const description of opened.values()) description.release();
      opened.clear();
    },
    open: (_name, bytes, followsLastLink = true) => openFrom(viewer.viewpoint, fromBytes(bytes), followsLastLink),
    below: ({ path: base }) => ({
      open: (_name, bytes, followsLastLink = true) => {
        // Pipes and the like have no path, and are nothing to execute.
        if (base === undefined) return Errno.EACCES;
        const path = bytes.length === 0 ? base : fromBytes(bytes);
        return openFrom({ ...viewer.viewpoint, base }, path, followsLastLink);
      },
    }),
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
