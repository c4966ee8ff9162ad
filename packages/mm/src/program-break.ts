// brk(2): the heap as one anonymous area above the program.
import { roundUp } from '@elf/pagesize';
import { Protection } from './page-fault.ts';
import { guardedStart } from './placement.ts';
import type { SpaceState } from './space-state.ts';
import { unmap } from './unmap.ts';

/**
 * Moves the program break. As the system call does, it never fails with a number: the answer is the break as it is now.
 * The heap keeps one page away from the next mapping (mm/mmap.c, SYSCALL brk).
 */
export function moveProgramBreak(state: SpaceState, wanted: number): number {
  const { programBreak, layout, vmas } = state;
  const granularity = layout.mappingGranularity;
  if (wanted < programBreak.start || wanted - programBreak.start > layout.dataLimitInBytes) return programBreak.current;
  const oldEnd = roundUp(programBreak.current, granularity);
  const newEnd = roundUp(wanted, granularity);
  if (newEnd < oldEnd) {
    if (unmap(state, newEnd, oldEnd - newEnd) < 0) return programBreak.current;
  } else if (newEnd > oldEnd) {
    if (newEnd > layout.taskSize || vmas.totalBytes + (newEnd - oldEnd) > layout.addressSpaceLimitInBytes) {
      return programBreak.current;
    }
    const next = vmas.atOrAfter(oldEnd);
    if (next !== undefined && newEnd + granularity > guardedStart(next, granularity)) return programBreak.current;
    if (vmas.size >= layout.maximumAreas) return programBreak.current;
    vmas.insert({
      start: oldEnd,
      end: newEnd,
      protection: Protection.Read | Protection.Write,
      maximumProtection: 7,
      flags: 0,
      backing: undefined,
      offset: 0,
      name: undefined,
    });
    vmas.mergeAround(oldEnd, newEnd);
  }
  programBreak.current = wanted;
  return wanted;
}
