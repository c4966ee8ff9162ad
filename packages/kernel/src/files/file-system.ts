// The file system port: what a mount must offer. The memory file system is the default; hosts provide directories.
import type { FileStatus } from './file-status.ts';
import type { DirectoryEntry, OpenFile } from './open-file.ts';

/** How to open a file. */
export interface OpenRequest {
  readonly read: boolean;
  readonly write: boolean;
  /** Creates a regular file with this mode (umask already applied) when there is none. */
  readonly createMode?: number;
  /** With `createMode`: -EEXIST when it exists. */
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
  readonly append?: boolean;
  /** O_NOATIME: reading leaves the access time alone, where the file system can do that. */
  readonly keepsAccessTime?: boolean;
  /** O_TMPFILE: the path names a directory, and the file gets `createMode` and no name. */
  readonly isUnnamed?: boolean;
  /** With `isUnnamed`: it never gets one (O_EXCL). */
  readonly staysUnnamed?: boolean;
}

/**
 * A tree of files. Paths are byte strings relative to its root without leading slash ('' is the root), and free of symbolic links, "." and
 * "..": the path walk resolves those, so that an implementation can neither follow a link out of its root nor climb above it.
 * Failures are negated error numbers.
 */
export interface FileSystem {
  readonly isReadOnly: boolean;
  /** True when what this user may not do is refused here already; absent: the tree judges by the permission bits. */
  enforces?(user: number): boolean;
  /** lstat(2). */
  status(path: string): FileStatus | number;
  /** Opens without following a final symbolic link. */
  open(path: string, request: OpenRequest): OpenFile | number;
  /** Directory entries without "." and "..". */
  entries(path: string): DirectoryEntry[] | number;
  readLink(path: string): string | number;
  makeDirectory(path: string, mode: number): number;
  makeSymbolicLink(path: string, target: string): number;
  makeNode(path: string, mode: number, device: number): number;
  link(from: string, to: string): number;
  rename(from: string, to: string): number;
  removeFile(path: string): number;
  removeDirectory(path: string): number;
  setMode(path: string, mode: number): number;
  setOwner(path: string, user: number, group: number): number;
  /** Undefined keeps a time. */
  setTimes(path: string, access: bigint | undefined, modify: bigint | undefined): number;
  /**
   * For links that lead to an object and not to a path (/proc/self/fd/3 of a pipe): the object, freshly referenced.
   * Undefined: an ordinary link, follow its text.
   */
  openLink?(path: string): import('./open-description.ts').OpenDescription | number | undefined;
  /** Links that lead to an object even where they have a text (/proc/self/fd/3 of a file): openat2 may forbid them. */
  isObjectLink?(path: string): boolean;
  /** Called when no mount shows it any more. */
  discard?(): void;
  /** Space for statfs(2), in bytes, and how many files there can be, as far as there is such a number. */
  space?(): { readonly total: number; readonly free: number; readonly files?: number; readonly freeFiles?: number };
}
