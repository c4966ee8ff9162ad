// mmap(2): checks, placement and the new area.
import { isAligned, roundDown, roundUp } from '@elf/pagesize';
import { type Backing, sharedAnonymousBacking } from './backing.ts';
import { MemoryErrno } from './errno.ts';
import { placeMapping } from './placement.ts';
import type { SpaceState } from './space-state.ts';
import { unmap } from './unmap.ts';
import { AreaFlag, type Vma } from './vma.ts';

/** What to map, and where. */
export interface MapRequest {
  /** Fixed address, or a hint; 0 or absent lets the space choose. */
  readonly address?: number;
  /** Bytes, rounded up to whole pages. */
  readonly length: number;
  /** PROT_* bits. */
  readonly protection: number;
  /** Bits mprotect may grant later; all by default. */
  readonly maximumProtection?: number;
  /** MAP_FIXED ("replace") or MAP_FIXED_NOREPLACE ("no-replace"); absent: `address` is a hint. */
  readonly fixed?: 'replace' | 'no-replace';
  /** MAP_SHARED; without a backing the memory is shared with children. */
  readonly shared?: boolean;
  /** The file; absent for anonymous memory. */
  readonly backing?: Backing;
  /** Offset in the file of the first byte, a page multiple. */
  readonly offset?: number;
  /** MAP_GROWSDOWN. */
  readonly growsDown?: boolean;
  /** MAP_32BIT. */
  readonly low32?: boolean;
  /** MAP_NORESERVE. */
  readonly noReserve?: boolean;
  /** MAP_LOCKED. */
  readonly locked?: boolean;
  /** Placement at a multiple of this power of two (loader alignment); page alignment by default. */
  readonly alignment?: number;
  /** Name of a kernel-made area, such as "[vdso]". */
  readonly name?: string;
}

/**
 * Maps memory as mmap(2) does.
 * @returns the address, or a negative error number.
 */
export function map(state: SpaceState, request: MapRequest): number {
  const { layout, vmas } = state;
  const offset = request.offset ?? 0;
  if (!(request.length > 0) || !isAligned(offset, layout.mappingGranularity) || offset < 0) return -MemoryErrno.EINVAL;
  const length = roundUp(request.length, layout.mappingGranularity);
  if (length > layout.taskSize) return -MemoryErrno.ENOMEM;
  if (vmas.size >= layout.maximumAreas) return -MemoryErrno.ENOMEM;
  const address = chooseAddress(state, request, length);
  if (address < 0) return address;
  if (vmas.totalBytes + length > layout.addressSpaceLimitInBytes) return -MemoryErrno.ENOMEM;
  if (request.fixed === 'replace' && vmas.intersects(address, address + length)) {
    const result = unmap(state, address, length);
    if (result < 0) return result;
  }
  const area = areaFor(request, address, length);
  vmas.insert(area);
  vmas.mergeAround(address, address + length);
  return address;
}

function chooseAddress(state: SpaceState, request: MapRequest, length: number): number {
  const { layout, vmas } = state;
  const wanted = request.address ?? 0;
  if (request.fixed === undefined) {
    const alignment = Math.max(request.alignment ?? 0, layout.mappingGranularity);
    const hint = roundDown(wanted, layout.mappingGranularity);
    const found = placeMapping(vmas, layout, length, hint, alignment, request.low32 === true);
    return found < 0 ? -MemoryErrno.ENOMEM : found;
  }
  if (!isAligned(wanted, layout.mappingGranularity)) return -MemoryErrno.EINVAL;
  if (wanted < 0 || wanted > layout.taskSize - length) return -MemoryErrno.ENOMEM;
  if (wanted < layout.minimumAddress) return -MemoryErrno.EPERM;
  if (request.fixed === 'no-replace' && vmas.intersects(wanted, wanted + length)) return -MemoryErrno.EEXIST;
  return wanted;
}

function areaFor(request: MapRequest, address: number, length: number): Vma {
  const shared = request.shared === true;
  return {
    start: address,
    end: address + length,
    protection: request.protection & 7,
    maximumProtection: request.maximumProtection ?? 7,
    flags:
      (shared ? AreaFlag.Shared : 0) |
      (request.growsDown ? AreaFlag.GrowsDown : 0) |
      (request.noReserve ? AreaFlag.NoReserve : 0) |
      (request.locked ? AreaFlag.Locked : 0) |
      (request.name === undefined ? 0 : AreaFlag.Special),
    backing: request.backing ?? (shared ? sharedAnonymousBacking(length) : undefined),
    offset: request.offset ?? 0,
    name: request.name,
  };
}
