// mlock(2), munlock(2), mlockall(2): which areas are locked, within RLIMIT_MEMLOCK (mm/mlock.c).
import { roundDown, roundUp } from '@elf/pagesize';
import { MemoryErrno } from './errno.ts';
import { lockedBytes } from './limits.ts';
import { populate } from './populate.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag } from './vma.ts';

const LOCK_FLAGS = AreaFlag.Locked | AreaFlag.LockOnFault;
/** Flags of mlockall(2) (include/uapi/asm-generic/mman.h). */
const MCL_CURRENT = 1;
const MCL_FUTURE = 2;
const MCL_ONFAULT = 4;

/**
 * Locks every page that contains a byte of the range, and touches it now unless `onFault`.
 * @returns 0, or a negative error number: EPERM when nothing may be locked, ENOMEM for too much, a hole or a page that cannot be
 * touched, EAGAIN when memory ran out.
 */
export function lock(state: SpaceState, address: number, length: number, onFault: boolean): number {
  const { lockLimitInBytes } = state.layout;
  if (lockLimitInBytes === 0) return -MemoryErrno.EPERM;
  const [start, end] = wholePages(state, address, length);
  const before = lockedBytes(state, 0, state.layout.taskSize) - lockedBytes(state, start, end);
  if (before + (end - start) > lockLimitInBytes) return -MemoryErrno.ENOMEM;
  const result = setLockFlags(state, start, end, onFault ? LOCK_FLAGS : AreaFlag.Locked);
  if (result < 0) return result;
  const touched = populate(state, start, end, true);
  if (touched === -MemoryErrno.ENOMEM) return -MemoryErrno.EAGAIN;
  return touched < 0 ? -MemoryErrno.ENOMEM : 0;
}

/** Unlocks every page that contains a byte of the range; ENOMEM when part of it is unmapped. */
export function unlock(state: SpaceState, address: number, length: number): number {
  const [start, end] = wholePages(state, address, length);
  return setLockFlags(state, start, end, 0);
}

/**
 * Locks what is mapped, what will be mapped, or both.
 * @returns 0, or -EINVAL, -EPERM or -ENOMEM as in man 2 mlockall.
 */
export function lockAll(state: SpaceState, flags: number): number {
  const { lockLimitInBytes } = state.layout;
  if (flags === 0 || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags === MCL_ONFAULT) {
    return -MemoryErrno.EINVAL;
  }
  if (lockLimitInBytes === 0) return -MemoryErrno.EPERM;
  if (flags & MCL_CURRENT && state.vmas.totalBytes > lockLimitInBytes) return -MemoryErrno.ENOMEM;
  const lockFlags = flags & MCL_ONFAULT ? LOCK_FLAGS : AreaFlag.Locked;
  state.futureFlags = flags & MCL_FUTURE ? lockFlags : 0;
  if (flags & MCL_CURRENT) {
    setAllLockFlags(state, lockFlags);
    populate(state, 0, state.layout.taskSize);
  }
  return 0;
}

/** munlockall(2): unlocks everything, also for the future. */
export function unlockAll(state: SpaceState): void {
  state.futureFlags = 0;
  setAllLockFlags(state, 0);
}

function wholePages({ layout }: SpaceState, address: number, length: number): [number, number] {
  const { mappingGranularity } = layout;
  const start = roundDown(address, mappingGranularity);
  return [start, roundUp(address + length, mappingGranularity)];
}

function setLockFlags(state: SpaceState, start: number, end: number, flags: number): number {
  if (!(end >= start)) return -MemoryErrno.EINVAL;
  for (let position = start; position < end; ) {
    const area = state.vmas.find(position);
    if (area === undefined) return -MemoryErrno.ENOMEM;
    const stop = Math.min(end, area.end);
    const parts = Number(area.start < position) + Number(area.end > stop);
    if (state.vmas.size + parts > state.layout.maximumAreas) return -MemoryErrno.ENOMEM;
    if ((area.flags & LOCK_FLAGS) !== flags && !(area.flags & AreaFlag.Special)) {
      state.vmas.modify(area, position, stop, (part) => {
        part.flags = (part.flags & ~LOCK_FLAGS) | flags;
      });
    }
    position = stop;
  }
  return 0;
}

function setAllLockFlags(state: SpaceState, flags: number): void {
  for (let position = 0; ; ) {
    const area = state.vmas.atOrAfter(position);
    if (area === undefined) return;
    position = area.end;
    setLockFlags(state, area.start, area.end, flags);
  }
}
