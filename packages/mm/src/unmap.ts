// munmap(2): pages first, then areas, then the listeners of translated code.
import { isAligned, roundUp } from '@elf/pagesize';
import { MemoryErrno } from './errno.ts';
import type { SpaceState } from './space-state.ts';

/**
 * Unmaps whole pages. Costs what is mapped and touched there, not what the range spans.
 * @returns 0, or a negative error number.
 */
export function unmap(state: SpaceState, address: number, length: number): number {
  if (!isAligned(address, state.layout.mappingGranularity) || !(length > 0)) return -MemoryErrno.EINVAL;
  const end = address + roundUp(length, state.layout.mappingGranularity);
  if (address < 0 || end > state.layout.taskSize) return -MemoryErrno.EINVAL;
  const { vmas } = state;
  const first = vmas.atOrAfter(address);
  if (first === undefined || first.start >= end) return 0;
  // Punching a hole makes one area more (mm/vma.c, vms_gather_munmap_vmas).
  const punchesHole = first.start < address && first.end > end;
  if (punchesHole && vmas.size >= state.layout.maximumAreas) return -MemoryErrno.ENOMEM;
  if (vmas.cutsSpecial(address, end)) return -MemoryErrno.EINVAL;
  const codePages = state.dropPages(address, end);
  vmas.remove(address, end);
  state.announceCode(codePages);
  return 0;
}
