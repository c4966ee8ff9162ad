// table: flags of the file calls on x86-64 (include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h).

/** open(2). */
// biome-ignore format: a table
export const O = {
  WRONLY: 0o1, RDWR: 0o2, CREAT: 0o100, EXCL: 0o200, NOCTTY: 0o400, TRUNC: 0o1000, APPEND: 0o2000, NONBLOCK: 0o4000,
  DSYNC: 0o10000, ASYNC: 0o20000, DIRECT: 0o40000, LARGEFILE: 0o100000, DIRECTORY: 0o200000, NOFOLLOW: 0o400000,
  NOATIME: 0o1000000, CLOEXEC: 0o2000000, PATH: 0o10000000, TMPFILE: 0o20000000,
} as const;

/** Names in strace's order. */
// biome-ignore format: a table
export const OPEN_FLAG_NAMES = {
  O_CREAT: O.CREAT, O_EXCL: O.EXCL, O_NOCTTY: O.NOCTTY, O_TRUNC: O.TRUNC, O_APPEND: O.APPEND, O_NONBLOCK: O.NONBLOCK,
  O_DSYNC: O.DSYNC, O_DIRECT: O.DIRECT, O_LARGEFILE: O.LARGEFILE, O_NOFOLLOW: O.NOFOLLOW, O_NOATIME: O.NOATIME,
  O_CLOEXEC: O.CLOEXEC, O_PATH: O.PATH, O_TMPFILE: O.TMPFILE, O_DIRECTORY: O.DIRECTORY,
} as const;

/** *at(2) calls. */
export const AT = { FDCWD: -100, SYMLINK_NOFOLLOW: 0x100, REMOVEDIR: 0x200, EACCESS: 0x200, SYMLINK_FOLLOW: 0x400, EMPTY_PATH: 0x1000 } as const;

export const AT_FLAG_NAMES = { AT_SYMLINK_NOFOLLOW: 0x100, AT_SYMLINK_FOLLOW: 0x400, AT_NO_AUTOMOUNT: 0x800, AT_EMPTY_PATH: 0x1000 } as const;

/** fcntl(2) commands. */
// biome-ignore format: a table
export const FCNTL_NAMES = {
  F_DUPFD: 0, F_GETFD: 1, F_SETFD: 2, F_GETFL: 3, F_SETFL: 4, F_GETLK: 5, F_SETLK: 6, F_SETLKW: 7, F_SETOWN: 8, F_GETOWN: 9,
  F_OFD_GETLK: 36, F_OFD_SETLK: 37, F_OFD_SETLKW: 38, F_DUPFD_CLOEXEC: 1030, F_SETPIPE_SZ: 1031, F_GETPIPE_SZ: 1032, F_ADD_SEALS: 1033,
  F_GET_SEALS: 1034,
} as const;

export const SEEK_NAMES = { SEEK_SET: 0, SEEK_CUR: 1, SEEK_END: 2, SEEK_DATA: 3, SEEK_HOLE: 4 } as const;
export const ACCESS_NAMES = { R_OK: 4, W_OK: 2, X_OK: 1 } as const;
