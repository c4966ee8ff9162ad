// The vocabulary of memory accesses: what was attempted, and why it failed.

/** What an access wants to do with a page. The values index the three tags of a TLB entry. */
export const Access = { Read: 0, Write: 1, Execute: 2 } as const;
export type Access = (typeof Access)[keyof typeof Access];

/**
 * Why an access failed; `resolve` returns the negative.
 * MapError and AccessError become SIGSEGV with SEGV_MAPERR and SEGV_ACCERR, BusError becomes SIGBUS, CodeWrite means that the
 * page holds translated code which the engine must drop first, OutOfMemory that the host has no frame left.
 */
export const FaultCause = { MapError: 1, AccessError: 2, BusError: 3, CodeWrite: 4, OutOfMemory: 5 } as const;
export type FaultCause = (typeof FaultCause)[keyof typeof FaultCause];

/** Permission bits of a page, with the values of PROT_READ, PROT_WRITE and PROT_EXEC (man 2 mmap). */
export const Protection = { None: 0, Read: 1, Write: 2, Execute: 4 } as const;

/**
 * Whether x86 page tables built for `protection` allow the access: writable and executable pages are readable too
 * (Intel SDM vol. 3A, section 4.6.1), because the hardware has no "write only" and, without protection keys, no "execute only".
 */
export function permits(protection: number, access: Access): boolean {
  if (access === Access.Read) return protection !== Protection.None;
  return (protection & (access === Access.Write ? Protection.Write : Protection.Execute)) !== 0;
}
