// Who may do what to a file: the permission bits, the sticky bit and what a new file starts with (man 7 path_resolution, man 7 inode).
import { Errno } from '../errno.ts';
import { type FileStatus, FileType, isType } from './file-status.ts';

/** The identity files are asked for: fsuid, fsgid and the supplementary groups. */
export interface FileIdentity {
  readonly user: number;
  readonly group: number;
  readonly supplementary: readonly number[];
}

/** Permission bits as one class of a mode has them. */
export const AccessRight = { Execute: 1, Write: 2, Read: 4 } as const;

const STICKY = 0o1000;
const SET_GROUP = 0o2000;
const GROUP_EXECUTE = 0o010;

/** True when the identity belongs to a group. */
export function isInGroup(who: FileIdentity, group: number): boolean {
  return who.group === group || who.supplementary.includes(group);
}

/**
 * Whether the bits of a mode let somebody in. User 0 reads and writes everything, and executes what anybody may execute
 * (fs/namei.c, generic_permission).
 * @example
 * permits(status, { user: 1000, group: 1000, supplementary: [] }, AccessRight.Read | AccessRight.Write);
 */
export function permits(status: FileStatus, who: FileIdentity, wanted: number): boolean {
  if (who.user === 0) {
    const runs = isType(status, FileType.Directory) || (status.mode & 0o111) !== 0;
    return runs || (wanted & AccessRight.Execute) === 0;
  }
  const shift = status.user === who.user ? 6 : isInGroup(who, status.group) ? 3 : 0;
  return ((status.mode >> shift) & wanted) === wanted;
}

/** 0 when an entry may be taken out of a directory, or its error: in a sticky directory only owners remove. */
export function judgeRemoval(directory: FileStatus, entry: FileStatus, who: FileIdentity): number {
  if (!permits(directory, who, AccessRight.Write | AccessRight.Execute)) return -Errno.EACCES;
  const isHeld = (directory.mode & STICKY) !== 0 && entry.user !== who.user && directory.user !== who.user;
  return isHeld && who.user !== 0 ? -Errno.EPERM : 0;
}

/**
 * Group and permission bits of something new in a directory (fs/inode.c, inode_init_owner and mode_strip_sgid). `asked` are the bits before
 * the umask took some: whether the group may execute is judged by them (fs/namei.c, vfs_prepare_mode).
 */
export function inherited(parent: FileStatus, mode: number, isDirectory: boolean, who: FileIdentity, asked = mode) {
  if ((parent.mode & SET_GROUP) === 0) return { group: who.group, mode };
  if (isDirectory) return { group: parent.group, mode: mode | SET_GROUP };
  const isStripped = (asked & GROUP_EXECUTE) !== 0 && who.user !== 0 && !isInGroup(who, parent.group);
  return { group: parent.group, mode: isStripped ? mode & ~SET_GROUP : mode };
}

/** What can be changed of a file that was just made, by path or by its open file. */
export interface Ownable {
  setOwner(user: number, group: number): unknown;
  setMode(mode: number): unknown;
}

/** Gives a file that was just made to its maker, where the file system gave it to somebody else. */
export function settleOwner(
  made: Ownable,
  status: FileStatus,
  parent: FileStatus,
  who: FileIdentity,
  asked?: number,
): void {
  const { group, mode } = inherited(parent, status.mode, isType(status, FileType.Directory), who, asked);
  const isForeign = status.user !== who.user || status.group !== group;
  if (isForeign) made.setOwner(who.user, group);
  // A change of the owner takes the set-id bits away.
  const hasSetId = (mode & 0o6000) !== 0;
  if ((mode !== status.mode || (isForeign && hasSetId)) && !isType(status, FileType.SymbolicLink))
    made.setMode(mode & 0o7777);
}
