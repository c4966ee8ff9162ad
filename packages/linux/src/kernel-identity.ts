// What uname(2) and /proc/version say this kernel is.

/** A kernel version C libraries accept; the interface is that of Linux 6.1. */
export const KERNEL_IDENTITY = {
  system: 'Linux',
  release: '6.1.0-elf',
  version: '#1 SMP PREEMPT_DYNAMIC',
  machine: 'x86_64',
} as const;
