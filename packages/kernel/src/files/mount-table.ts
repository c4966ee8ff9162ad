// The mount table: which file system serves which part of the tree.
import { Errno } from '../errno.ts';
import { type FileIdentity, permits } from './access-rights.ts';
import type { FileStatus } from './file-status.ts';
import type { FileSystem } from './file-system.ts';
import type { OpenDescription } from './open-description.ts';
import { WaitQueue } from '../wait-queue.ts';
import type { DirectoryEntry } from './open-file.ts';

/** One mount. */
export interface Mount {
  /** Canonical path of the mount point, '/' for the root. */
  readonly path: string;
  readonly fileSystem: FileSystem;
  /** Name for /proc/mounts. */
  readonly type: string;
}

/** A place within a mount: the file system and the path relative to its root. */
export interface MountedPath {
  readonly mount: Mount;
  readonly relative: string;
}

/** Mounts by path; the longest matching one serves a path. Canonical paths only. */
export class MountTable {
  #mounts: Mount[] = [];
  /** Woken at every change. */
  readonly changes = new WaitQueue();
  /** How often it changed. */
  generation = 0;

  /** Mounts a file system over a path; later mounts of the same path hide earlier ones. */
  mount(path: string, fileSystem: FileSystem, type = 'elf'): void {
    this.#mounts.unshift({ path, fileSystem, type });
    this.#mounts.sort((left, right) => right.path.length - left.path.length);
    this.#announce();
  }

  /** Takes away the mount that serves exactly this path; false when there is none. */
  unmount(path: string): boolean {
    const at = this.#mounts.findIndex((mount) => mount.path === path);
    if (at < 0) return false;
    this.#mounts.splice(at, 1);
    this.#announce();
    return true;
  }

  /** Another table with the same mounts. */
  copy(): MountTable {
    const copy = new MountTable();
    copy.#mounts = [...this.#mounts];
    return copy;
  }

  /** Moves mounts to other paths; those of one path keep their order. */
  relocate(place: (path: string) => string): void {
    const moved = this.#mounts.map((mount) => ({ ...mount, path: place(mount.path) }));
    this.#mounts = moved.sort((left, right) => right.path.length - left.path.length);
    this.#announce();
  }

  /** All mounts, the deepest first. */
  get mounts(): readonly Mount[] {
    return this.#mounts;
  }

  /** The file system that serves a path. */
  locate(path: string): MountedPath | undefined {
    for (const mount of this.#mounts) {
      if (mount.path === '/') return { mount, relative: path.slice(1) };
      if (path === mount.path) return { mount, relative: '' };
      if (path.startsWith(mount.path) && path.charCodeAt(mount.path.length) === 47) {
        return { mount, relative: path.slice(mount.path.length + 1) };
      }
    }
    return undefined;
  }

  #announce(): void {
    this.generation++;
    this.changes.wake();
  }

  status(path: string): FileStatus | number {
    const at = this.locate(path);
    return at === undefined ? -Errno.ENOENT : at.mount.fileSystem.status(at.relative);
  }

  /** Whether somebody has these rights on a path with this status; a file system that refuses by itself is left to do so. */
  allows(path: string, status: FileStatus, who: FileIdentity, wanted: number): boolean {
    return permits(status, who, wanted) || (this.locate(path)?.mount.fileSystem.enforces?.(who.user) ?? false);
  }

  readLink(path: string): string | number {
    const at = this.locate(path);
    return at === undefined ? -Errno.ENOENT : at.mount.fileSystem.readLink(at.relative);
  }

  openLink(path: string): OpenDescription | number | undefined {
    const at = this.locate(path);
    return at?.mount.fileSystem.openLink?.(at.relative);
  }

  isObjectLink(path: string): boolean {
    const at = this.locate(path);
    return at?.mount.fileSystem.isObjectLink?.(at.relative) ?? false;
  }

  entries(path: string): DirectoryEntry[] | number {
    const at = this.locate(path);
    return at === undefined ? -Errno.ENOENT : at.mount.fileSystem.entries(at.relative);
  }
}
