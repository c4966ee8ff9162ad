// brk(2): the heap as one anonymous area above the program.
import { roundUp } from '@elf/pagesize';
import { mayExpand, mayLock, mayPromise } from './limits.ts';
import { Protection } from './page-fault.ts';
import { guardedStart } from './placement.ts';
import type { SpaceState } from './space-state.ts';
import { unmap } from './unmap.ts';
import { AreaFlag } from './vma.ts';

/**
 * Moves the program break. As the system call does, it never fails with a number: the answer is the break as it is now.
 * The heap keeps one page away from the next mapping (mm/mmap.c, SYSCALL brk).
 */
export function moveProgramBreak(state: SpaceState, wanted: number): number {
  const { programBreak, layout } = state;
  if (!(wanted >= programBreak.start) || wanted - programBreak.start + programBreak.dataBytes > layout.dataLimitInBytes)
    return programBreak.current;
  const oldEnd = roundUp(programBreak.current, layout.mappingGranularity);
  const newEnd = roundUp(wanted, layout.mappingGranularity);
  if (newEnd !== oldEnd && !(newEnd < oldEnd ? shrink(state, newEnd, oldEnd) : grow(state, oldEnd, newEnd))) {
    return programBreak.current;
  }
  programBreak.current = wanted;
  return wanted;
}

function shrink(state: SpaceState, newEnd: number, oldEnd: number): boolean {
  // A program that unmapped its heap cannot give it back.
  return state.vmas.intersects(newEnd, oldEnd) && unmap(state, newEnd, oldEnd - newEnd) === 0;
}

function grow(state: SpaceState, oldEnd: number, newEnd: number): boolean {
  const { layout, vmas } = state;
  const granularity = layout.mappingGranularity;
  const flags = state.futureFlags | AreaFlag.Account;
  const length = newEnd - oldEnd;
  if (newEnd > layout.taskSize || !mayLock(state, flags, length)) return false;
  const next = vmas.atOrAfter(oldEnd);
  if (next !== undefined && newEnd + granularity > guardedStart(next, granularity)) return false;
  const protection = Protection.Read | Protection.Write;
  if (!mayExpand(state, { protection, flags }, length) || !mayPromise(state, length)) return false;
  if (vmas.size >= layout.maximumAreas) return false;
  const last = vmas.find(oldEnd - granularity);
  vmas.insertMerging(
    {
      start: oldEnd,
      end: newEnd,
      protection,
      maximumProtection: 7,
      flags,
      backing: undefined,
      offset: oldEnd,
      name: undefined,
      privatePages: undefined,
      sharesPrivatePages: false,
    },
    // Never with the zero-initialised data below the heap, nor with what a program put above it.
    { below: last !== undefined && last.end > state.programBreak.start ? last : undefined },
  );
  return true;
}
