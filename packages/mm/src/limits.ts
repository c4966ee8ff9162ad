// Resource limits that memory calls ask about: address space, data, promised and locked memory.

import { Protection } from './page-fault.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag, type Vma } from './vma.ts';

type Kind = Pick<Vma, 'protection' | 'flags'>;

/** Whether an area is private and writable, which RLIMIT_DATA counts; stacks are not data (mm/internal.h, is_data_mapping). */
function isData({ protection, flags }: Kind): boolean {
  return (protection & Protection.Write) !== 0 && (flags & (AreaFlag.Shared | AreaFlag.GrowsDown)) === 0;
}

/** Whether an area's pages are promised to the program when it is made (mm/vma.c, accountable_mapping). */
export function isAccountable({ protection, flags }: Kind): boolean {
  return (protection & Protection.Write) !== 0 && (flags & (AreaFlag.Shared | AreaFlag.NoReserve)) === 0;
}

/**
 * RLIMIT_AS and RLIMIT_DATA, for `bytes` more of an area of this kind (mm/mmap.c, may_expand_vm). A data limit of 0 binds only
 * the heap, as on Linux while the hard limit is higher, because programs used to set it for that.
 */
export function mayExpand({ vmas, layout }: SpaceState, kind: Kind, bytes: number): boolean {
  if (vmas.totalBytes + bytes > layout.addressSpaceLimitInBytes) return false;
  const limit = layout.dataLimitInBytes;
  if (limit === Number.POSITIVE_INFINITY || limit === 0 || !isData(kind)) return true;
  let data = bytes;
  for (const area of vmas.areas) if (isData(area)) data += area.end - area.start;
  return data <= limit;
}

/** vm.overcommit_memory 0: one request may not promise more than all memory there is (mm/util.c, __vm_enough_memory). */
export function mayPromise({ layout }: SpaceState, bytes: number): boolean {
  return bytes <= layout.commitLimitInBytes;
}

/** RLIMIT_MEMLOCK, for `bytes` more of an area that is locked or not (mm/mmap.c, mlock_future_ok). */
export function mayLock(state: SpaceState, flags: number, bytes: number): boolean {
  const limit = state.layout.lockLimitInBytes;
  if (!(flags & AreaFlag.Locked) || limit === Number.POSITIVE_INFINITY) return true;
  return lockedBytes(state, 0, state.layout.taskSize) + bytes <= limit;
}

/** Locked bytes in [start, end). */
export function lockedBytes({ vmas }: SpaceState, start: number, end: number): number {
  return vmas.bytesIn(start, end, AreaFlag.Locked);
}
