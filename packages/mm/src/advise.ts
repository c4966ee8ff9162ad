// madvise(2): one row per advice, each saying what it does to a part of an area.
import { isAligned, roundUp } from '@elf/pagesize';
import type { Backing } from './backing.ts';
import { MemoryErrno } from './errno.ts';
import { Access } from './page-fault.ts';
import { populateFor } from './populate.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag, type Vma } from './vma.ts';

/** Zeros written to a file at once when a hole is made in it. */
const HOLE_STEP_BYTES = 1 << 20;

/** Does it to [start, end) inside one area; 0 or a negative error number. */
type Apply = (state: SpaceState, area: Vma, start: number, end: number) => number;

interface AdviceRow {
  /** MADV_* value of Linux (include/uapi/asm-generic/mman-common.h). */
  readonly value: number;
  readonly apply: Apply;
}

/** These two take the range page by page and stop at the first page they cannot touch (mm/madvise.c, madvise_populate). */
const MADV_POPULATE_READ = 22;
const MADV_POPULATE_WRITE = 23;

/** Advice about speed only. Taking it or not cannot be seen by the program. */
const ignored: Apply = () => 0;

/** Advice about speed that locked memory refuses. */
const ignoredUnlessLocked: Apply = (_state, area) =>
  area.flags & (AreaFlag.Locked | AreaFlag.KernelPages) ? -MemoryErrno.EINVAL : 0;

/** Clears and sets flags where `accepts` agrees, else fails with EINVAL. */
function setFlags(cleared: number, set: number, accepts: (area: Vma) => boolean = () => true): Apply {
  return (state, area, start, end) => {
    if (!accepts(area)) return -MemoryErrno.EINVAL;
    const flags = (area.flags & ~cleared) | set;
    if (flags === area.flags) return 0;
    const parts = Number(area.start < start) + Number(area.end > end);
    // The kernel reports this shortage as one that may pass (mm/madvise.c, madvise_vma_behavior).
    if (state.vmas.size + parts > state.layout.maximumAreas) return -MemoryErrno.EAGAIN;
    if (state.vmas.cutsSpecial(start, end)) return -MemoryErrno.EINVAL;
    state.vmas.modify(area, start, end, (part) => {
      part.flags = flags;
    });
    return 0;
  };
}

/** The kernel's own areas have no file either. */
const isPrivateAnonymous = (area: Vma) => area.backing === undefined || (area.flags & AreaFlag.Special) !== 0;
const hasMemory = (area: Vma) => !(area.flags & AreaFlag.KernelPages);
const isOrdinary = (area: Vma) => !(area.flags & AreaFlag.Special);

const dropLocked: Apply = (state, area, start, end) => {
  if (area.flags & AreaFlag.KernelPages) return -MemoryErrno.EINVAL;
  state.announceCode(state.dropPages(start, end));
  return 0;
};

const drop: Apply = (state, area, start, end) =>
  area.flags & AreaFlag.Locked ? -MemoryErrno.EINVAL : dropLocked(state, area, start, end);

/** MADV_FREE leaves the moment of freeing to the kernel; now is allowed, and keeps no bookkeeping. */
const free: Apply = (state, area, start, end) =>
  area.backing === undefined ? drop(state, area, start, end) : -MemoryErrno.EINVAL;

/** MADV_REMOVE makes a hole in the file, for which it must be mapped shared and writable. */
const remove: Apply = (state, area, start, end) => {
  const { backing } = area;
  if (area.flags & (AreaFlag.Locked | AreaFlag.Special) || backing === undefined) return -MemoryErrno.EINVAL;
  if (!(area.flags & AreaFlag.Shared) || !(area.maximumProtection & 2)) return -MemoryErrno.EACCES;
  const offset = area.offset + (start - area.start);
  return punchHole(state, backing, offset, offset + (end - start));
};

/** Zeros in [start, end) of a file, whose size stays (FALLOC_FL_PUNCH_HOLE). */
function punchHole(state: SpaceState, backing: Backing, start: number, end: number): number {
  if (!backing.isAnonymous && backing.writeFrom === undefined) return -MemoryErrno.EOPNOTSUPP;
  state.memory.fileFrames.discard(backing.identity, start, end);
  if (backing.isAnonymous) return 0;
  const stop = Math.min(end, backing.sizeInBytes());
  for (let at = start; at < stop; at += HOLE_STEP_BYTES) {
    const zeros = new Uint8Array(Math.min(HOLE_STEP_BYTES, stop - at));
    if (!backing.writeFrom?.(at, zeros)) return -MemoryErrno.EIO;
  }
  return 0;
}

const { RandomAccess, SequentialAccess, HugePages, NoHugePages } = AreaFlag;
/** MADV_MERGEABLE is for private memory only, and says nothing where it does not apply (mm/ksm.c, ksm_madvise). */
const mergeSamePages: Apply = (state, area, start, end) =>
  area.flags & (AreaFlag.Shared | AreaFlag.Special)
    ? 0
    : setFlags(0, AreaFlag.SamePageMerging)(state, area, start, end);

// biome-ignore format: one row per line
const ADVICE: readonly AdviceRow[] = [
  { value: 0,  apply: setFlags(RandomAccess | SequentialAccess, 0) },                     // NORMAL
  { value: 1,  apply: setFlags(SequentialAccess, RandomAccess) },                         // RANDOM
  { value: 2,  apply: setFlags(RandomAccess, SequentialAccess) },                         // SEQUENTIAL
  { value: 3,  apply: ignored },                                                          // WILLNEED
  { value: 4,  apply: drop },                                                             // DONTNEED
  { value: 8,  apply: free },                                                             // FREE
  { value: 9,  apply: remove },                                                           // REMOVE
  { value: 10, apply: setFlags(0, AreaFlag.DontFork) },                                   // DONTFORK
  { value: 11, apply: setFlags(AreaFlag.DontFork, 0, hasMemory) },                        // DOFORK
  { value: 12, apply: mergeSamePages },                                                   // MERGEABLE
  { value: 13, apply: setFlags(AreaFlag.SamePageMerging, 0) },                            // UNMERGEABLE
  { value: 14, apply: setFlags(NoHugePages, HugePages) },                                 // HUGEPAGE
  { value: 15, apply: setFlags(HugePages, NoHugePages) },                                 // NOHUGEPAGE
  { value: 16, apply: setFlags(0, AreaFlag.DontDump) },                                   // DONTDUMP
  { value: 17, apply: setFlags(AreaFlag.DontDump, 0, isOrdinary) },                       // DODUMP
  { value: 18, apply: setFlags(0, AreaFlag.WipeOnFork, isPrivateAnonymous) },             // WIPEONFORK
  { value: 19, apply: setFlags(AreaFlag.WipeOnFork, 0) },                                 // KEEPONFORK
  { value: 20, apply: ignoredUnlessLocked },                                              // COLD
  { value: 21, apply: ignoredUnlessLocked },                                              // PAGEOUT
  { value: 24, apply: dropLocked },                                                       // DONTNEED_LOCKED
];

/**
 * Applies advice area by area. Holes are skipped and reported at the end with ENOMEM, as the kernel does.
 * MADV_COLLAPSE, MADV_GUARD_INSTALL and MADV_HWPOISON get EINVAL, as from a kernel that does not know them.
 * @returns 0, or a negative error number.
 */
export function advise(state: SpaceState, address: number, length: number, advice: number): number {
  const { mappingGranularity } = state.layout;
  const populates = advice === MADV_POPULATE_READ || advice === MADV_POPULATE_WRITE;
  const row = ADVICE.find((candidate) => candidate.value === advice);
  if ((row === undefined && !populates) || !isAligned(address, mappingGranularity)) return -MemoryErrno.EINVAL;
  if (!(length >= 0)) return -MemoryErrno.EINVAL;
  const end = address + roundUp(length, mappingGranularity);
  if (row === undefined) {
    return populateFor(state, address, end, advice === MADV_POPULATE_WRITE ? Access.Write : Access.Read);
  }
  let holes = false;
  for (let position = address; position < end; ) {
    const area = state.vmas.atOrAfter(position);
    if (area === undefined || area.start >= end) return -MemoryErrno.ENOMEM;
    if (area.start > position) {
      holes = true;
      position = area.start;
    }
    const stop = Math.min(end, area.end);
    const result = row.apply(state, area, position, stop);
    if (result < 0) return result;
    position = stop;
  }
  return holes ? -MemoryErrno.ENOMEM : 0;
}
