// mremap(2): grow, shrink or move a mapping; page-table entries move, pages are never copied.
import { isAligned, roundUp } from '@elf/pagesize';
import { MemoryErrno } from './errno.ts';
import { frameOf, PageEntry } from './page-table.ts';
import { guardedStart, placeMapping } from './placement.ts';
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
}

/**
 * Resizes or moves a mapping.
 * @returns the new address, or a negative error number.
 */
export function remap(state: SpaceState, request: RemapRequest): number {
  const { address, fixedAddress } = request;
  const { taskSize, mappingGranularity: granularity } = state.layout;
  if (!isAligned(address, granularity) || !(request.newLength > 0) || !(request.oldLength >= 0))
    return -MemoryErrno.EINVAL;
  const oldLength = roundUp(request.oldLength, granularity);
  const newLength = roundUp(request.newLength, granularity);
  if ((fixedAddress !== undefined || request.keepOld) && !request.mayMove) return -MemoryErrno.EINVAL;
  if (request.keepOld && oldLength !== newLength) return -MemoryErrno.EINVAL;
  if (newLength > taskSize) return fixedAddress === undefined ? -MemoryErrno.ENOMEM : -MemoryErrno.EINVAL;
  if (fixedAddress !== undefined) {
    if (!isAligned(fixedAddress, granularity) || fixedAddress < 0) return -MemoryErrno.EINVAL;
    if (fixedAddress > taskSize - newLength) return -MemoryErrno.EINVAL;
    if (fixedAddress < address + oldLength && address < fixedAddress + newLength) return -MemoryErrno.EINVAL;
    if (fixedAddress < state.layout.minimumAddress) return -MemoryErrno.EPERM;
  }
  const area = state.vmas.find(address);
  if (area === undefined) return -MemoryErrno.EFAULT;
  if (oldLength === 0 && !(area.flags & AreaFlag.Shared)) return -MemoryErrno.EINVAL;
  if (request.keepOld && area.flags & AreaFlag.Special) return -MemoryErrno.EINVAL;

  if (fixedAddress !== undefined) return moveToFixed(state, address, oldLength, newLength, fixedAddress, request);
  if (!request.keepOld && oldLength > 0 && newLength <= oldLength) {
    if (newLength === oldLength) return address;
    const result = unmap(state, address + newLength, oldLength - newLength);
    return result < 0 ? result : address;
  }
  // The old range must lie in one area from here on (mm/mremap.c, check_prep_vma).
  if (oldLength > area.end - address) return -MemoryErrno.EFAULT;
  const growth = newLength - oldLength;
  if (state.vmas.totalBytes + growth > state.layout.addressSpaceLimitInBytes) return -MemoryErrno.ENOMEM;
  if (!request.keepOld && oldLength === area.end - address && growsInPlace(state, area, growth)) {
    state.vmas.extend(area, area.start, area.end + growth);
    state.vmas.mergeAround(area.start, area.end);
    return address;
  }
  if (!request.mayMove) return -MemoryErrno.ENOMEM;
  const target = placeMapping(state.vmas, state.layout, newLength, 0, granularity, false);
  if (target < 0) return -MemoryErrno.ENOMEM;
  return move(state, address, oldLength, newLength, target, request.keepOld === true);
}

function moveToFixed(
  state: SpaceState,
  address: number,
  oldLength: number,
  newLength: number,
  target: number,
  request: RemapRequest,
): number {
  const cleared = unmap(state, target, newLength);
  if (cleared < 0) return cleared;
  let length = oldLength;
  if (oldLength > newLength) {
    const shrunk = unmap(state, address + newLength, oldLength - newLength);
    if (shrunk < 0) return shrunk;
    length = newLength;
  }
  const area = state.vmas.find(address);
  if (area === undefined || length > area.end - address) return -MemoryErrno.EFAULT;
  if (state.vmas.totalBytes + newLength - length > state.layout.addressSpaceLimitInBytes) return -MemoryErrno.ENOMEM;
  return move(state, address, length, newLength, target, request.keepOld === true);
}

function growsInPlace(state: SpaceState, area: Vma, growth: number): boolean {
  const end = area.end + growth;
  if (end > state.layout.taskSize) return false;
  const next = state.vmas.atOrAfter(area.end);
  if (next === undefined) return true;
  return end <= guardedStart(next, state.layout.mappingGranularity);
}

function move(
  state: SpaceState,
  address: number,
  oldLength: number,
  newLength: number,
  target: number,
  keepOld: boolean,
): number {
  const { vmas, table } = state;
  if (vmas.size + 3 > state.layout.maximumAreas) return -MemoryErrno.ENOMEM;
  const area = vmas.find(address) as Vma;
  const copy: Vma = {
    ...area,
    start: target,
    end: target + newLength,
    offset: area.offset + (address - area.start),
  };
  const moved: [number, number][] = [];
  const codePages: number[] = [];
  table.update(address, address + oldLength, (page, entry) => {
    if (entry & PageEntry.Code) {
      codePages.push(page);
      state.memory.codeFrames.remove(frameOf(entry), state, page);
    }
    moved.push([page, entry & ~PageEntry.Code]);
    return 0;
  });
  for (const [page, entry] of moved) table.write(target + (page - address), entry);
  vmas.insert(copy);
  if (!keepOld) vmas.remove(address, address + oldLength);
  vmas.mergeAround(target, target + newLength);
  state.invalidate(address, address + oldLength);
  state.announceCode(codePages);
  return target;
}
