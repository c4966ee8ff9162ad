// table: the Linux error numbers that memory calls return, negated (include/uapi/asm-generic/errno-base.h).

/** Error numbers of the memory calls. They are Linux's because its calls define this package's behaviour. */
export const MemoryErrno = {
  EPERM: 1,
  EIO: 5,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EINVAL: 22,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
} as const;
