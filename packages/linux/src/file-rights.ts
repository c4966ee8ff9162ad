// Who may change what a file says about itself: mode, owner and times (fs/attr.c, setattr_prepare).
import { Errno, type FileStatus, FileType, isInGroup, isType, permits, type Thread } from '@elf/kernel';

const SET_GROUP = 0o2000;
const WRITE = 2;

/** The caller, when it has to ask: user 0 does not. */
function asking(task: Thread) {
  const who = task.process.fileIdentity;
  return who.user === 0 ? undefined : who;
}

/** The mode chmod(2) gives a file, or -EPERM: it is for owners, and set-group-ID for members of the group. */
export function permittedMode(task: Thread, status: FileStatus | number, mode: number): number {
  if (typeof status === 'number') return status;
  const who = asking(task);
  if (who !== undefined && who.user !== status.user) return -Errno.EPERM;
  const isOutsider = who !== undefined && !isInGroup(who, status.group);
  return mode & (isOutsider ? 0o7777 & ~SET_GROUP : 0o7777);
}

/** 0 or -EPERM for chown(2): owners hand a file to groups they are in, nothing else. -1 keeps a value. */
export function judgeOwner(task: Thread, status: FileStatus | number, user: number, group: number): number {
  if (typeof status === 'number') return status;
  const who = asking(task);
  if (who === undefined) return 0;
  const keepsUser = user === -1 || (user === status.user && who.user === status.user);
  const keepsGroup = group === -1 || (who.user === status.user && (group === status.group || isInGroup(who, group)));
  return keepsUser && keepsGroup ? 0 : -Errno.EPERM;
}

/** 0 or the error of utimensat(2): chosen times are for owners, "now" is for whoever may write. */
export function judgeTimes(task: Thread, status: FileStatus | number, isNow: boolean): number {
  if (typeof status === 'number') return status;
  const who = asking(task);
  if (who === undefined || who.user === status.user) return 0;
  if (!isNow) return -Errno.EPERM;
  return permits(status, who, WRITE) ? 0 : -Errno.EACCES;
}

/** 0 or -EACCES: a directory that somebody enters must be searchable. */
export function judgeEntering(task: Thread, path: string, status: FileStatus): number {
  if (!isType(status, FileType.Directory)) return -Errno.ENOTDIR;
  const who = asking(task);
  return who === undefined || task.kernel.tree.mounts.allows(path, status, who, 1) ? 0 : -Errno.EACCES;
}
