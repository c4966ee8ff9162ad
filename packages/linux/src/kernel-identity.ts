// What uname(2) and /proc/version say this kernel is.

import type { Kernel } from '@elf/kernel';

const releases = /* @__PURE__ */ new WeakMap<Kernel, string>();

/** The release of a machine's kernel. */
export function kernelRelease(kernel: Kernel): string {
  return releases.get(kernel) ?? KERNEL_IDENTITY.release;
}

/** Makes programs see another release: some refuse to run on one that is too old. */
export function setKernelRelease(kernel: Kernel, release: string): void {
  releases.set(kernel, release);
}

/** A kernel version C libraries accept; the interface is that of Linux 6.1. */
export const KERNEL_IDENTITY = {
  system: 'Linux',
  release: '6.1.0-elf',
  version: '#1 SMP PREEMPT_DYNAMIC',
  machine: 'x86_64',
} as const;
