// The text of /proc/PID/maps, column for column (fs/proc/task_mmu.c, show_map_vma).
import type { SpaceState } from './space-state.ts';
import { AreaFlag, type Vma } from './vma.ts';

/** Width the kernel pads to before the name: 25 + 6 * sizeof(void *) - 1, then one space. */
const NAME_COLUMN = 73;

/** One line per area, addresses in at least 8 hexadecimal digits. */
export function mapsText(state: SpaceState): string {
  return state.vmas.areas.map((area) => mapsLine(state, area)).join('');
}

/** The line of one area. */
export function mapsLine(state: SpaceState, area: Vma): string {
  const { protection: rights } = area;
  const permissions = `${rights & 1 ? 'r' : '-'}${rights & 2 ? 'w' : '-'}${rights & 4 ? 'x' : '-'}`;
  const sharing = area.flags & AreaFlag.Shared ? 's' : 'p';
  const entry = area.backing?.mapsEntry;
  const offset = area.backing === undefined ? 0 : area.offset;
  const prefix = `${hex(area.start)}-${hex(area.end)} ${permissions}${sharing} ${hex(offset)} ${entry?.device ?? '00:00'} ${entry?.inode ?? 0} `;
  const name = entry?.path ?? area.name ?? specialName(state, area);
  return name === '' ? `${prefix}\n` : `${prefix.padEnd(NAME_COLUMN)}${name}\n`;
}

function specialName(state: SpaceState, area: Vma): string {
  if (area.backing !== undefined) return '';
  const { start, current } = state.programBreak;
  if (area.start < current && area.end > start) return '[heap]';
  if (area.start <= state.stackStart && area.end >= state.stackStart && state.stackStart > 0) return '[stack]';
  return '';
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
