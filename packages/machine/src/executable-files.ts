// Files for execve: the port of @elf/exec over the kernel's file tree.
import type { ExecFile, ExecFiles } from '@elf/exec';
import {
  type Credentials,
  Errno,
  type FileStatus,
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
  const remember = (description: OpenDescription | undefined, status: FileStatus, path: string): ExecFile => {
    const backing = description?.file.backing?.();
    const file: ExecFile = {
      source: sourceOf(description, status.sizeInBytes),
      backing: backing && { ...backing, mapsEntry: mapsEntry(path, status.device, status.inode) },
      mode: status.mode & 0o7777,
      isRegularFile: isType(status, FileType.Regular),
    };
    if (description !== undefined) opened.set(file, description);
    paths.set(file, path);
    return file;
  };
  const openFrom = (viewpoint: Viewpoint, path: string, followsLastLink: boolean): ExecFile | number => {
    const place = kernel.tree.resolve(viewpoint, path, followsLastLink);
    if (typeof place === 'number') return -place;
    const { status } = place;
    if (status === undefined) return Errno.ENOENT;
    if (isType(status, FileType.SymbolicLink)) return Errno.ELOOP;
    const isRegularFile = isType(status, FileType.Regular);
    if (isRegularFile && !mayExecute(status, viewer.credentials)) return Errno.EACCES;
    const mode = { readable: true, writable: false, append: false, nonBlocking: false };
    // Running a file takes no right to read it.
    const description = isRegularFile
      ? kernel.tree.open({ ...viewpoint, who: undefined }, path, { read: true, write: false }, mode)
      : undefined;
    if (typeof description === 'number') return -description;
    return remember(description, status, place.path);
  };
  /** A file whose name is gone, or that never had one, is there for whoever has it open. */
  const openAgain = (description: OpenDescription): ExecFile | number => {
    const status = description.file.status();
    if (typeof status === 'number') return -status;
    if (description.mode.pathOnly) return Errno.ENOENT;
    if (isType(status, FileType.Regular) && !mayExecute(status, viewer.credentials)) return Errno.EACCES;
    const { path, file } = description;
    // What never had a name says so itself.
    const name = path === undefined ? (file.anonymousName ?? ' (deleted)') : `${path} (deleted)`;
    return remember(description.retain(), status, name);
  };
  return {
    pathOf: (file) => paths.get(file),
    retain: (file) => opened.get(file)?.retain(),
    close: () => {
      for (const description of opened.values()) description.release();
      opened.clear();
    },
    open: (_name, bytes, followsLastLink = true) => openFrom(viewer.viewpoint, fromBytes(bytes), followsLastLink),
    below: (description) => ({
      open: (_name, bytes, followsLastLink = true) => {
        const { path: base } = description;
        if (bytes.length > 0) {
          if (base === undefined) return Errno.ENOTDIR;
          return openFrom({ ...viewer.viewpoint, base }, fromBytes(bytes), followsLastLink);
        }
        const found = base === undefined ? Errno.ENOENT : openFrom(viewer.viewpoint, base, followsLastLink);
        return found === Errno.ENOENT ? openAgain(description) : found;
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
