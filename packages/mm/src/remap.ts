// mremap(2): the checks, and what is grown, shrunk or moved (mm/mremap.c of Linux 6.17 and later).
import { isAligned, roundUp } from '@elf/pagesize';
import { MemoryErrno } from './errno.ts';
import { mayExpand, mayLock, mayPromise } from './limits.ts';
import { unmappedArea } from './placement.ts';
import { populate } from './populate.ts';
import { move } from './remap-move.ts';
import type { SpaceState } from './space-state.ts';
import { unmap } from './unmap.ts';
import { AreaFlag, type Vma } from './vma.ts';

/** The arguments of mremap(2). */
export interface RemapRequest {
  readonly address: number;
  readonly oldLength: number;
  readonly newLength: number;
  /** MREMAP_MAYMOVE. */
  readonly mayMove?: boolean;
  /** MREMAP_FIXED with its address. */
  readonly fixedAddress?: number;
  /** MREMAP_DONTUNMAP: the old area stays, empty. */
  readonly keepOld?: boolean;
  /** Where the new area should be when `keepOld` comes without `fixedAddress`; a hint as mmap's. */
  readonly hint?: number;
}

/** A request with its lengths rounded and one area at hand. */
interface Remap {
  readonly address: number;
  readonly oldLength: number;
  readonly newLength: number;
  readonly target: number;
  readonly isFixed: boolean;
  readonly keepOld: boolean;
  readonly mayMove: boolean;
}

/**
 * Resizes or moves a mapping. A move of unchanged length to a fixed address takes several areas and keeps the holes between
 * them; everything else must lie in one area.
 * @returns the new address, or a negative error number.
 */
export function remap(state: SpaceState, request: RemapRequest): number {
  const { mappingGranularity, maximumAreas } = state.layout;
  const refusal = checkParameters(state, request);
  if (refusal < 0) return refusal;
  const { address, fixedAddress } = request;
  const isFixed = fixedAddress !== undefined;
  const wanted: Remap = {
    address,
    oldLength: roundUp(request.oldLength, mappingGranularity),
    newLength: roundUp(request.newLength, mappingGranularity),
    target: fixedAddress ?? (request.keepOld ? (request.hint ?? 0) : 0),
    isFixed,
    keepOld: request.keepOld === true,
    mayMove: request.mayMove === true,
  };
  const hasNewAddress = isFixed || wanted.keepOld;
  // Both ends may be cut in three by the time a map is missing, so the room is asked for first.
  if (hasNewAddress && state.vmas.size + 2 >= maximumAreas - 3) return -MemoryErrno.ENOMEM;
  if (isFixed && wanted.oldLength === wanted.newLength) return moveAreas(state, wanted);
  const area = state.vmas.find(address);
  const refused = checkArea(state, area, wanted);
  if (area === undefined || refused < 0) return refused;
  if (hasNewAddress) return moveTo(state, wanted);
  if (wanted.newLength > wanted.oldLength) return expand(state, area, wanted);
  const surplus = wanted.oldLength - wanted.newLength;
  const result = surplus === 0 ? 0 : unmap(state, address + wanted.newLength, surplus);
  return result < 0 ? result : address;
}

/** What the numbers alone forbid (check_mremap_params). */
function checkParameters({ layout }: SpaceState, request: RemapRequest): number {
  const { address, fixedAddress, keepOld } = request;
  const { mappingGranularity: granularity, taskSize } = layout;
  if (!isAligned(address, granularity) || !(request.newLength > 0) || !(request.oldLength >= 0)) {
    return -MemoryErrno.EINVAL;
  }
  const oldLength = roundUp(request.oldLength, granularity);
  const newLength = roundUp(request.newLength, granularity);
  if (newLength > taskSize) return -MemoryErrno.EINVAL;
  if (fixedAddress === undefined && !keepOld) return 0;
  const target = fixedAddress ?? request.hint ?? 0;
  if (!(target >= 0) || target > taskSize - newLength || !isAligned(target, granularity)) return -MemoryErrno.EINVAL;
  if (!request.mayMove || (keepOld && oldLength !== newLength)) return -MemoryErrno.EINVAL;
  return target < address + oldLength && address < target + newLength ? -MemoryErrno.EINVAL : 0;
}

/** What the area forbids (check_prep_vma). */
function checkArea(state: SpaceState, area: Vma | undefined, request: Remap): number {
  const { address, oldLength, newLength, isFixed, keepOld } = request;
  if (area === undefined) return -MemoryErrno.EFAULT;
  const end = address + oldLength;
  if (end <= area.end && state.vmas.cutsSpecial(address, end)) return -MemoryErrno.EINVAL;
  const makesNew = isFixed || keepOld || newLength > oldLength;
  if (!makesNew) return 0;
  if (oldLength === 0 && !(area.flags & AreaFlag.Shared)) return -MemoryErrno.EINVAL;
  if (keepOld && area.flags & AreaFlag.Special) return -MemoryErrno.EINVAL;
  if (Math.min(oldLength, newLength) > area.end - address) return -MemoryErrno.EFAULT;
  if (newLength <= oldLength) return 0;
  if (area.flags & AreaFlag.Special) return -MemoryErrno.EFAULT;
  const growth = newLength - oldLength;
  if (!mayLock(state, area.flags, growth)) return -MemoryErrno.EAGAIN;
  return mayExpand(state, area, growth) ? 0 : -MemoryErrno.ENOMEM;
}

/** Moves every area in the old range, one after the other, so that an error leaves those before it moved (remap_move). */
function moveAreas(state: SpaceState, request: Remap): number {
  const { address, target } = request;
  const end = address + request.oldLength;
  let answer = -MemoryErrno.EFAULT as number;
  for (let position = address; position < end; ) {
    const area = state.vmas.atOrAfter(position);
    if (area === undefined || area.start >= end) break;
    if (area.start > position && position === address) return -MemoryErrno.EFAULT;
    const start = Math.max(area.start, position);
    const length = Math.min(end, area.end) - start;
    const part = {
      ...request,
      address: start,
      oldLength: length,
      newLength: length,
      target: target + (start - address),
    };
    const refused = checkArea(state, area, part);
    const result = refused < 0 ? refused : moveTo(state, part);
    if (result < 0) return result;
    if (answer < 0) answer = result;
    position = start + length;
  }
  return answer;
}

/** Moves one area to a fixed address, or to the kernel's choice with DONTUNMAP (mremap_to). */
function moveTo(state: SpaceState, request: Remap): number {
  const { address, newLength, target, isFixed, keepOld } = request;
  let { oldLength } = request;
  if (isFixed) {
    const cleared = unmap(state, target, newLength);
    if (cleared < 0) return cleared;
  }
  if (oldLength > newLength) {
    const shrunk = unmap(state, address + newLength, oldLength - newLength);
    if (shrunk < 0) return shrunk;
    oldLength = newLength;
  }
  const area = state.vmas.find(address);
  if (area === undefined) return -MemoryErrno.EFAULT;
  if (keepOld && !mayExpand(state, area, oldLength)) return -MemoryErrno.ENOMEM;
  return moveArea(state, area, { ...request, oldLength }, target);
}

/** Grows at the end of the area where there is room, else somewhere else (expand_vma). */
function expand(state: SpaceState, area: Vma, request: Remap): number {
  const { address, oldLength, newLength } = request;
  const growth = newLength - oldLength;
  const end = area.end + growth;
  const reachesEnd = area.end - address === oldLength;
  if (reachesEnd && end <= state.layout.taskSize && !state.vmas.intersects(area.end, end)) {
    if (area.flags & AreaFlag.Account && !mayPromise(state, growth)) return -MemoryErrno.ENOMEM;
    const { offset, start } = area;
    state.vmas.insertMerging({ ...area, start: area.end, end, offset: offset + (area.end - start) });
    if (area.flags & AreaFlag.Locked) populate(state, address + oldLength, end);
    return address;
  }
  return request.mayMove ? moveArea(state, area, request, 0) : -MemoryErrno.ENOMEM;
}

/** Finds or checks the new address, then moves (vrm_set_new_addr and move_vma). */
function moveArea(state: SpaceState, area: Vma, request: Remap, wanted: number): number {
  const { address, oldLength, newLength, isFixed, keepOld } = request;
  const target = unmappedArea(state, {
    length: newLength,
    address: wanted,
    isFixed,
    low32: false,
    alignment: state.layout.mappingGranularity,
    mayBeHuge: area.backing === undefined,
  });
  if (target < 0) return target;
  if (state.vmas.size >= state.layout.maximumAreas - 3) return -MemoryErrno.ENOMEM;
  const promised = keepOld ? newLength : newLength - oldLength;
  if (area.flags & AreaFlag.Account && !mayPromise(state, promised)) return -MemoryErrno.ENOMEM;
  const isLocked = (area.flags & AreaFlag.Locked) !== 0;
  move(state, area, { address, oldLength, newLength, target, keepOld });
  if (isLocked && newLength > oldLength) populate(state, target + oldLength, target + newLength);
  return target;
}
