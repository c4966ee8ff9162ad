// brk(2): the heap as one anonymous area above the program.
import { GUEST_PAGE_BYTES, guestPageCeiling } from '@elf/pagesize';
import { Protection } from './page-fault.ts';
import { STACK_GUARD_BYTES } from './placement.ts';
import type { SpaceState } from './space-state.ts';
import { unmap } from './unmap.ts';
import { AreaFlag } from './vma.ts';

/**
 * Moves the program break. As the system call does, it never fails with a number: the answer is the break as it is now.
 * The heap keeps one page away from the next mapping (mm/mmap.c, SYSCALL brk).
 */
export function moveProgramBreak(state: SpaceState, wanted: number): number {
  const { programBreak, layout, vmas } = state;
  if (wanted < programBreak.start || wanted - programBreak.start > layout.dataLimitInBytes) return programBreak.current;
  const oldEnd = guestPageCeiling(programBreak.current);
  const newEnd = guestPageCeiling(wanted);
  if (newEnd < oldEnd) {
    if (unmap(state, newEnd, oldEnd - newEnd) < 0) return programBreak.current;
  } else if (newEnd > oldEnd) {
    if (newEnd > layout.taskSize || vmas.totalBytes + (newEnd - oldEnd) > layout.addressSpaceLimitInBytes) {
      return programBreak.current;
    }
    const next = vmas.atOrAfter(oldEnd);
    if (next !== undefined) {
      const guarded = next.flags & AreaFlag.GrowsDown ? next.start - STACK_GUARD_BYTES : next.start;
      if (newEnd + GUEST_PAGE_BYTES > guarded) return programBreak.current;
    }
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
