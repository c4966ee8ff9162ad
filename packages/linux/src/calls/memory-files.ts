// memfd_create(2), fallocate(2): files that are memory, and room in files.
import {
  createMemoryFile,
  defineSystemCall,
  descriptor,
  Errno,
  FileType,
  flagSet,
  isType,
  OpenDescription,
  offset,
  path,
  Seal,
} from '@elf/kernel';
import { O } from '../abi/flags/file-flags.ts';
import { FALLOC_NAMES, MFD_NAMES } from '../abi/flags/memory-flags.ts';
import { describe } from '../files-at.ts';
import { hugePageBytes, hugePageFile } from '../huge-page-file.ts';

/** Bytes of a name: NAME_MAX without "memfd:" (mm/memfd.c). */
const LONGEST_NAME = 249;
const KNOWN_FLAGS =
  MFD_NAMES.MFD_CLOEXEC | MFD_NAMES.MFD_ALLOW_SEALING | MFD_NAMES.MFD_NOEXEC_SEAL | MFD_NAMES.MFD_EXEC;
/** MFD_HUGE_SHIFT: above it the logarithm of the size of huge pages. */
const HUGE_SHIFT = 26;
const LARGEST_SIZE = 0x3f;
const HUGE_MASK = (MFD_NAMES.MFD_HUGETLB | (LARGEST_SIZE << HUGE_SHIFT)) >>> 0;
const MAX_LFS_FILESIZE = 2 ** 63;

export const memfdCreate = defineSystemCall({
  name: 'memfd_create',
  numbers: { 'x86-64': 319, i386: 356 },
  support: 'partial',
  note: 'No huge pages are reserved: a file of MFD_HUGETLB cannot be mapped (ENOMEM).',
  arguments: { name: path, flags: flagSet(MFD_NAMES) },
  run: (task, { name, flags }) => {
    const isHuge = (flags & MFD_NAMES.MFD_HUGETLB) !== 0;
    if ((flags & ~(isHuge ? KNOWN_FLAGS | HUGE_MASK : KNOWN_FLAGS)) !== 0) return -Errno.EINVAL;
    const isNeverExecutable = (flags & MFD_NAMES.MFD_NOEXEC_SEAL) !== 0;
    if (isNeverExecutable && (flags & MFD_NAMES.MFD_EXEC) !== 0) return -Errno.EINVAL;
    if (name.length > LONGEST_NAME) return -Errno.EINVAL;
    const pageBytes = isHuge ? hugePageBytes((flags >>> HUGE_SHIFT) & LARGEST_SIZE) : 0;
    if (pageBytes === undefined) return -Errno.ENODEV;
    const { kernel, process } = task;
    const memory = createMemoryFile({
      name: `/memfd:${name} (deleted)`,
      mode: isNeverExecutable ? 0o666 : 0o777,
      inode: kernel.nextInode(),
      seals: { current: initialSeals(flags) },
      clock: kernel.host.clock,
      credentials: process.credentials,
      frames: kernel.memory.fileFrames,
      budget: kernel.memoryBudget,
    });
    if (typeof memory === 'number') return memory;
    const file = isHuge ? hugePageFile(memory, pageBytes) : memory;
    const mode = { readable: true, writable: true, append: false, nonBlocking: false, otherFlags: O.LARGEFILE };
    return process.descriptors.insert(new OpenDescription(file, mode), (flags & MFD_NAMES.MFD_CLOEXEC) !== 0);
  },
});

export const fallocate = defineSystemCall({
  name: 'fallocate',
  numbers: { 'x86-64': 285, i386: 324 },
  support: 'partial',
  note: 'Room is reserved and given back in memory files only; ranges are not collapsed, inserted or unshared (EOPNOTSUPP).',
  arguments: { fd: descriptor, mode: flagSet(FALLOC_NAMES), offset, length: offset },
  run: (task, { fd, mode, offset: start, length }) => {
    const description = describe(task, fd);
    if (typeof description === 'number' || description.mode.pathOnly) return -Errno.EBADF;
    if (start < 0 || length <= 0) return -Errno.EINVAL;
    const refusal = refuseMode(mode);
    if (refusal < 0) return refusal;
    const { file } = description;
    if (!description.mode.writable) return -Errno.EBADF;
    const status = file.status();
    if (typeof status === 'number') return status;
    if (isType(status, FileType.Fifo)) return -Errno.ESPIPE;
    if (isType(status, FileType.Directory)) return -Errno.EISDIR;
    if (!isType(status, FileType.Regular)) return -Errno.ENODEV;
    const end = start + length;
    if (end >= MAX_LFS_FILESIZE) return -Errno.EFBIG;
    const zeroes = (mode & (FALLOC_NAMES.FALLOC_FL_PUNCH_HOLE | FALLOC_NAMES.FALLOC_FL_ZERO_RANGE)) !== 0;
    const keepsSize = (mode & FALLOC_NAMES.FALLOC_FL_KEEP_SIZE) !== 0;
    if (end > status.sizeInBytes && ((file.seals?.current ?? 0) & Seal.Grow) !== 0 && !zeroes) return -Errno.EPERM;
    const emptied = zeroes ? (file.punchHole?.(start, end) ?? -Errno.EOPNOTSUPP) : 0;
    // What is to be zeros has its room all the same; behind the end of a file only what was asked for to be there.
    const isHole = (mode & FALLOC_NAMES.FALLOC_FL_PUNCH_HOLE) !== 0;
    const result = emptied < 0 || isHole ? emptied : (file.reserve?.(start, length) ?? 0);
    if (result < 0 || keepsSize || end <= status.sizeInBytes) return result;
    return file.truncate?.(end) ?? -Errno.EOPNOTSUPP;
  },
});

/** Without MFD_ALLOW_SEALING nothing can be sealed; MFD_NOEXEC_SEAL seals the permission bits and allows more. */
function initialSeals(flags: number): number {
  if ((flags & MFD_NAMES.MFD_NOEXEC_SEAL) !== 0) return Seal.Exec;
  return (flags & MFD_NAMES.MFD_ALLOW_SEALING) !== 0 ? 0 : Seal.Seal;
}

/** Modes that say nothing together, or that no file here can do (fs/open.c, vfs_fallocate). */
function refuseMode(mode: number): number {
  const { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE } = FALLOC_NAMES;
  switch (mode & ~FALLOC_FL_KEEP_SIZE) {
    case 0:
    case FALLOC_FL_ZERO_RANGE:
      return 0;
    case FALLOC_FL_PUNCH_HOLE:
      return (mode & FALLOC_FL_KEEP_SIZE) === 0 ? -Errno.EOPNOTSUPP : 0;
    default:
      return -Errno.EOPNOTSUPP;
  }
}
