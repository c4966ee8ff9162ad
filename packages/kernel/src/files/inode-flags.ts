// Flags of files that chattr(1) sets: kept by the machine, by inode, for as long as it runs. The host's own are not seen.
import { Errno } from '../errno.ts';
import type { FileStatus } from './file-status.ts';

/** The two that change what may be done with a file (man 2 FS_IOC_SETFLAGS). */
export const InodeFlag = { Immutable: 0x10, AppendOnly: 0x20 } as const;

const HELD = InodeFlag.Immutable | InodeFlag.AppendOnly;

/** The flags of a tree's files. */
export class InodeFlags {
  readonly #flags = new Map<string, number>();

  of(status: FileStatus): number {
    return this.#flags.size === 0 ? 0 : (this.#flags.get(keyOf(status)) ?? 0);
  }

  set(status: FileStatus, flags: number): void {
    if (flags === 0) this.#flags.delete(keyOf(status));
    else this.#flags.set(keyOf(status), flags);
  }

  /** Opening: nobody writes to what is immutable, and only at the end of what is append-only (fs/namei.c, may_open). */
  judgeOpening(
    status: FileStatus,
    { write, append, truncate }: { readonly write: boolean; readonly append?: boolean; readonly truncate?: boolean },
  ): number {
    const flags = this.of(status);
    if ((flags & InodeFlag.Immutable) !== 0 && (write || truncate)) return -Errno.EPERM;
    return (flags & InodeFlag.AppendOnly) !== 0 && ((write && !append) || truncate) ? -Errno.EPERM : 0;
  }

  /** A change of the inode itself or another name for it: mode, owner, times, attributes (fs/attr.c, notify_change). */
  judgeChange(status: FileStatus): number {
    return (this.of(status) & HELD) === 0 ? 0 : -Errno.EPERM;
  }

  /** Taking a name out of a directory (may_delete). */
  judgeRemoval(parent: FileStatus | undefined, status: FileStatus): number {
    return parent !== undefined && (this.of(parent) & HELD) !== 0 ? -Errno.EPERM : this.judgeChange(status);
  }

  /** A new name in a directory. */
  judgeCreation(parent: FileStatus | undefined): number {
    return parent !== undefined && (this.of(parent) & InodeFlag.Immutable) !== 0 ? -Errno.EPERM : 0;
  }

  get isEmpty(): boolean {
    return this.#flags.size === 0;
  }
}

/** An inode and when it was made: numbers are given again. */
function keyOf({ device, inode, birthTime }: FileStatus): string {
  return `${device}:${inode}:${birthTime}`;
}
