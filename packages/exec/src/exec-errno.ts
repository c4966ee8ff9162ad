// table: the Linux error numbers execve reports, with the names messages use (include/uapi/asm-generic/errno*.h).

/** Error numbers by name. */
export const ExecErrno = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  E2BIG: 7,
  ENOEXEC: 8,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EEXIST: 17,
  EINVAL: 22,
  ETXTBSY: 26,
  ENAMETOOLONG: 36,
  ELOOP: 40,
  EOVERFLOW: 75,
  ELIBBAD: 80,
} as const;

/** Further numbers a file port may pass through; only their names are needed. */
const PATH_ERRNO = { EMFILE: 24, ENFILE: 23, ENOTDIR: 20, EISDIR: 21, ENODEV: 19 } as const;

/**
 * The symbolic name of an error number.
 * @example
 * errnoName(8) // 'ENOEXEC'
 */
export function errnoName(errno: number): string {
  const rows = Object.entries({ ...ExecErrno, ...PATH_ERRNO });
  return rows.find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
}
