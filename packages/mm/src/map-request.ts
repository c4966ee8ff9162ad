// mmap(2): checks, placement and the new area.
import { isAligned, roundDown, roundUp } from '@elf/pagesize';
import { type Backing, sharedAnonymousBacking } from './backing.ts';
import { MemoryErrno } from './errno.ts';
import { isAccountable, mayExpand, mayLock, mayPromise } from './limits.ts';
import { unmappedArea } from './placement.ts';
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
  /** MAP_LOCKED: the pages come at once, as with {@link AddressSpace.populate}. */
  readonly locked?: boolean;
  /** MAP_STACK: no huge pages, and so no merging with memory that may have them. */
  readonly stack?: boolean;
  /** Placement at a multiple of this power of two (loader alignment); page alignment by default. */
  readonly alignment?: number;
  /**
   * Zero pages of a program (mm/vma.c, vm_brk_flags): what they replace is gone before limits are asked, and the area may join
   * the one below it, never the one above.
   */
  readonly programZeros?: boolean;
  /** Name of a kernel-made area, such as "[vdso]". */
  readonly name?: string;
  /** Such an area shows pages of the kernel (VM_PFNMAP): they are not dumped, locked or dropped. */
  readonly kernelPages?: boolean;
}

/** The end of a file mapping lies below it; asked after there was room for it (mm/mmap.c, file_mmap_ok). */
const OFFSET_LIMIT = 2 ** 63;

/**
 * Maps memory as mmap(2) does.
 * @returns the address, or a negative error number.
 */
export function map(state: SpaceState, request: MapRequest): number {
  const { layout, vmas } = state;
  const granularity = layout.mappingGranularity;
  const offset = request.offset ?? 0;
  if (!(request.length > 0) || !isAligned(offset, granularity) || offset < 0) return -MemoryErrno.EINVAL;
  const length = roundUp(request.length, granularity);
  if (vmas.size >= layout.maximumAreas) return -MemoryErrno.ENOMEM;
  const hint = request.address ?? 0;
  const address = unmappedArea(state, {
    length,
    address: request.fixed === undefined ? hintFrom(hint, layout.minimumAddress, granularity) : hint,
    isFixed: request.fixed !== undefined,
    low32: request.low32 === true,
    alignment: Math.max(request.alignment ?? 0, granularity),
    mayBeHuge: request.backing === undefined && request.shared !== true,
    hugeFileOffset: request.backing?.alignsToHugePages ? offset : undefined,
  });
  if (address < 0) return address;
  if (request.backing !== undefined && offset + length >= OFFSET_LIMIT) return -MemoryErrno.EOVERFLOW;
  if (request.fixed === 'no-replace' && vmas.intersects(address, address + length)) return -MemoryErrno.EEXIST;
  const area = areaFor(state, request, address, length);
  if (area.flags & AreaFlag.Locked && layout.lockLimitInBytes === 0) return -MemoryErrno.EPERM;
  if (!mayLock(state, area.flags, length)) return -MemoryErrno.EAGAIN;
  if (area.protection & ~area.maximumProtection) return -MemoryErrno.EACCES;
  if (request.growsDown && area.backing !== undefined) return -MemoryErrno.EINVAL;
  if (request.programZeros && request.fixed === 'replace') unmap(state, address, length);
  const refused = makeRoom(state, area);
  if (refused < 0) return refused;
  vmas.insertMerging(area, request.programZeros ? { below: vmas.find(address - 1) } : undefined);
  return address;
}

/** Checks the limits, counting what the new area replaces, and unmaps that (mm/vma.c, __mmap_setup). */
function makeRoom(state: SpaceState, area: Vma): number {
  const { vmas, layout } = state;
  const { start, end } = area;
  if (vmas.cutsSpecial(start, end)) return -MemoryErrno.EINVAL;
  const replaced = vmas.bytesIn(start, end);
  const first = vmas.atOrAfter(start);
  const punchesHole = first !== undefined && first.start < start && first.end > end;
  if (punchesHole && vmas.size >= layout.maximumAreas) return -MemoryErrno.ENOMEM;
  // The kernel cuts what it is going to replace before it asks, and leaves it cut when the answer is no.
  if (replaced > 0) {
    vmas.splitAt(start);
    vmas.splitAt(end);
  }
  // The kernel's own areas are counted, not refused (mm/vma.c, __install_special_mapping).
  const isSpecial = (area.flags & AreaFlag.Special) !== 0;
  if (!isSpecial && !mayExpand(state, area, end - start - replaced)) return -MemoryErrno.ENOMEM;
  const promised = area.flags & AreaFlag.Account ? end - start - vmas.bytesIn(start, end, AreaFlag.Account) : 0;
  if (!mayPromise(state, promised)) return -MemoryErrno.ENOMEM;
  return replaced > 0 ? unmap(state, start, end - start) : 0;
}

/** A hint rounded down to its page; below the lowest address it stands for that one (mm/mmap.c, round_hint_to_min). */
function hintFrom(address: number, minimumAddress: number, granularity: number): number {
  const hint = roundDown(address, granularity);
  return hint > 0 ? Math.max(hint, roundUp(minimumAddress, granularity)) : 0;
}

function areaFor(state: SpaceState, request: MapRequest, address: number, length: number): Vma {
  const shared = request.shared === true;
  const backing = request.backing ?? (shared ? sharedAnonymousBacking(length) : undefined);
  const area: Vma = {
    start: address,
    end: address + length,
    protection: request.protection & 7,
    maximumProtection: request.maximumProtection ?? 7,
    flags:
      state.futureFlags |
      (shared ? AreaFlag.Shared : 0) |
      (request.growsDown ? AreaFlag.GrowsDown : 0) |
      (request.noReserve ? AreaFlag.NoReserve : 0) |
      (request.locked ? AreaFlag.Locked : 0) |
      (request.stack ? AreaFlag.NoHugePages : 0) |
      (request.name === undefined ? 0 : AreaFlag.Special) |
      (request.kernelPages ? AreaFlag.KernelPages | AreaFlag.DontDump : 0),
    backing,
    offset: backing === undefined ? address : request.backing === undefined ? 0 : (request.offset ?? 0),
    name: request.name,
    privatePages: undefined,
    sharesPrivatePages: false,
  };
  if (isAccountable(area)) area.flags |= AreaFlag.Account;
  return area;
}
