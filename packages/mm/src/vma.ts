// A virtual memory area: what is mapped in one range of addresses.
import type { Backing } from './backing.ts';

/** Behaviour bits of an area beyond its permissions. */
export const AreaFlag = {
  /** Extends downwards when the page below is touched: the stack (MAP_GROWSDOWN). */
  GrowsDown: 1,
  /** Stores go to the backing and to every other mapping of it (MAP_SHARED). */
  Shared: 2,
  /** fork does not copy it (MADV_DONTFORK). */
  DontFork: 4,
  /** fork gives the child zeros (MADV_WIPEONFORK). */
  WipeOnFork: 8,
  /** Kept out of core dumps (MADV_DONTDUMP). */
  DontDump: 16,
  /** mlock(2) holds it. */
  Locked: 32,
  /** MAP_NORESERVE. */
  NoReserve: 64,
  /** Made by the kernel itself (vdso): mremap and merging treat it specially. */
  Special: 128,
  /** Its pages count as memory promised to the program (VM_ACCOUNT): private, and writable at some time. */
  Account: 1 << 8,
  /** Locked pages come only when touched (MLOCK_ONFAULT). */
  LockOnFault: 1 << 9,
  /** Advice without effect here that keeps areas from merging: MADV_RANDOM, _SEQUENTIAL, _HUGEPAGE, _NOHUGEPAGE, _MERGEABLE. */
  RandomAccess: 1 << 10,
  SequentialAccess: 1 << 11,
  HugePages: 1 << 15,
  NoHugePages: 1 << 13,
  SamePageMerging: 1 << 14,
  /** Its pages are the kernel's own and never memory of the program: vvar (VM_IO, VM_PFNMAP). */
  KernelPages: 1 << 16,
} as const;

/** One area: the pages of [start, end) that share permissions, flags and backing. */
export interface Vma {
  start: number;
  end: number;
  /** PROT_* bits. */
  protection: number;
  /** PROT_* bits mprotect may grant: without Write for a shared mapping of a file opened for reading. */
  maximumProtection: number;
  /** {@link AreaFlag} bits. */
  flags: number;
  /** The file, or undefined for private anonymous memory. */
  backing: Backing | undefined;
  /** Offset in the backing of the byte at `start`; without a backing the address `start` had when the area was first used. */
  offset: number;
  /** Name in brackets for areas without a file, such as "[vdso]"; [heap] and [stack] are derived. */
  name: string | undefined;
  /**
   * Stands for the private pages of the area once there are some (the kernel's anon_vma): areas that have different ones
   * never become one area, because their pages came into being apart.
   */
  privatePages: object | undefined;
  /** Whether fork brought private pages that are still shared with the parent; such an area merges with nothing new. */
  sharesPrivatePages: boolean;
}
