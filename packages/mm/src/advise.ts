// madvise(2): one row per advice, each saying what it does to a part of an area.
import { isAligned, roundUp } from '@elf/pagesize';
import { MemoryErrno } from './errno.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag, type Vma } from './vma.ts';

interface AdviceRow {
  /** MADV_* value of Linux (include/uapi/asm-generic/mman-common.h). */
  readonly value: number;
  /** Does it to [start, end) inside one area; 0 or a negative error number. */
  readonly apply: (state: SpaceState, area: Vma, start: number, end: number) => number;
}

/** Advice about speed only. Taking it or not cannot be seen by the program. */
const ignored: AdviceRow['apply'] = () => 0;

function setFlag(flag: number, on: boolean): AdviceRow['apply'] {
  return (state, _area, start, end) => {
    state.vmas.change(start, end, (part) => {
      part.flags = on ? part.flags | flag : part.flags & ~flag;
    });
    return 0;
  };
}

const wipeOnFork = setFlag(AreaFlag.WipeOnFork, true);

function drop(state: SpaceState, area: Vma, start: number, end: number): number {
  if (area.flags & AreaFlag.Locked) return -MemoryErrno.EINVAL;
  state.announceCode(state.dropPages(start, end));
  return 0;
}

function dropPrivateAnonymous(state: SpaceState, area: Vma, start: number, end: number): number {
  // MADV_FREE leaves the moment of freeing to the kernel; now is allowed, and keeps no bookkeeping.
  return area.backing === undefined ? drop(state, area, start, end) : -MemoryErrno.EINVAL;
}

function removeShared(state: SpaceState, area: Vma, start: number, end: number): number {
  const { backing } = area;
  if (area.flags & AreaFlag.Locked || backing === undefined || !(area.flags & AreaFlag.Shared))
    return -MemoryErrno.EINVAL;
  if (!(area.maximumProtection & 2)) return -MemoryErrno.EACCES;
  const zeros = new Uint8Array(end - start);
  const offset = area.offset + (start - area.start);
  state.memory.fileFrames.overwrite(backing.identity, offset, zeros);
  if (backing.writeFrom && !backing.writeFrom(offset, zeros)) return -MemoryErrno.EAGAIN;
  return 0;
}

// biome-ignore format: one row per line
const ADVICE: readonly AdviceRow[] = [
  { value: 0,  apply: ignored },                                  // NORMAL
  { value: 1,  apply: ignored },                                  // RANDOM
  { value: 2,  apply: ignored },                                  // SEQUENTIAL
  { value: 3,  apply: ignored },                                  // WILLNEED
  { value: 4,  apply: drop },                                     // DONTNEED
  { value: 8,  apply: dropPrivateAnonymous },                     // FREE
  { value: 9,  apply: removeShared },                             // REMOVE
  { value: 10, apply: setFlag(AreaFlag.DontFork, true) },         // DONTFORK
  { value: 11, apply: setFlag(AreaFlag.DontFork, false) },        // DOFORK
  { value: 12, apply: ignored },                                  // MERGEABLE
  { value: 13, apply: ignored },                                  // UNMERGEABLE
  { value: 14, apply: ignored },                                  // HUGEPAGE
  { value: 15, apply: ignored },                                  // NOHUGEPAGE
  { value: 16, apply: setFlag(AreaFlag.DontDump, true) },         // DONTDUMP
  { value: 17, apply: setFlag(AreaFlag.DontDump, false) },        // DODUMP
  { value: 18, apply: (state, area, start, end) =>                // WIPEONFORK: private anonymous memory only
      area.backing === undefined ? wipeOnFork(state, area, start, end) : -MemoryErrno.EINVAL },
  { value: 19, apply: setFlag(AreaFlag.WipeOnFork, false) },      // KEEPONFORK
  { value: 20, apply: ignored },                                  // COLD
  { value: 21, apply: ignored },                                  // PAGEOUT
];

/**
 * Applies advice area by area. Holes are skipped and reported at the end with ENOMEM, as the kernel does.
 * @returns 0, or a negative error number.
 */
export function advise(state: SpaceState, address: number, length: number, advice: number): number {
  const row = ADVICE.find((candidate) => candidate.value === advice);
  if (row === undefined || !isAligned(address, state.layout.mappingGranularity) || !(length >= 0))
    return -MemoryErrno.EINVAL;
  const end = address + roundUp(length, state.layout.mappingGranularity);
  if (end > state.layout.taskSize) return -MemoryErrno.ENOMEM;
  let holes = false;
  let position = address;
  while (position < end) {
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
