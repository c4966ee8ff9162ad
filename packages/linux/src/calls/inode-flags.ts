// FS_IOC_GETFLAGS and FS_IOC_SETFLAGS of ioctl(2): what chattr(1) sets (fs/ioctl.c, ioctl_setflags; mm/shmem.c for which there are).
import { Errno, FileType, InodeFlag, isType, type OpenDescription, type Thread } from '@elf/kernel';
import { hasCapability } from '../capabilities.ts';

/** Of 64-bit programs and of 32-bit ones. */
export const INODE_FLAG_REQUESTS = {
  FS_IOC_GETFLAGS: 0x8008_6601,
  FS_IOC_SETFLAGS: 0x4008_6602,
  FS_IOC32_GETFLAGS: 0x8004_6601,
  FS_IOC32_SETFLAGS: 0x4004_6602,
} as const;

const CAP_FOWNER = 3;
const CAP_LINUX_IMMUTABLE = 9;
const HELD = InodeFlag.Immutable | InodeFlag.AppendOnly;
/** Those two, FS_NODUMP_FL and FS_NOATIME_FL, which are told and change nothing. */
const KNOWN = HELD | 0x40 | 0x80;

/** The answer to one of the requests. */
export function inodeFlagRequest(task: Thread, open: OpenDescription, request: number, argument: number): number {
  const status = open.file.status();
  if (typeof status === 'number') return status;
  if (!isType(status, FileType.Regular) && !isType(status, FileType.Directory)) return -Errno.ENOTTY;
  const { inodeFlags, mounts } = task.kernel.tree;
  const before = inodeFlags.of(status);
  if (request === INODE_FLAG_REQUESTS.FS_IOC_GETFLAGS || request === INODE_FLAG_REQUESTS.FS_IOC32_GETFLAGS)
    return task.user.writeU32(argument, before) ? 0 : -Errno.EFAULT;
  const wanted = task.user.readU32(argument);
  if (wanted === undefined) return -Errno.EFAULT;
  if (open.path !== undefined && mounts.locate(open.path)?.mount.fileSystem.isReadOnly) return -Errno.EROFS;
  const { process } = task;
  if (process.fileIdentity.user !== status.user && !hasCapability(process, CAP_FOWNER)) return -Errno.EACCES;
  if ((wanted & ~KNOWN) !== 0) return -Errno.EOPNOTSUPP;
  if (((before ^ wanted) & HELD) !== 0 && !hasCapability(process, CAP_LINUX_IMMUTABLE)) return -Errno.EPERM;
  inodeFlags.set(status, wanted);
  return 0;
}
