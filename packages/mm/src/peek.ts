// Reading memory as a debugger or a core dump does: whatever the permissions, and without making pages appear.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { frameOf } from './page-table.ts';
import type { SpaceState } from './space-state.ts';

/**
 * Visits the guest pages of [start, end) that can hold anything but zeros, in address order: touched ones, and those of files
 * (get_dump_page of mm/gup.c). The cost follows their number, not the length of the range.
 * @param visit gets the page's address and its bytes, which are valid during the call.
 */
export function peekPages(
  state: SpaceState,
  start: number,
  end: number,
  visit: (pageAddress: number, bytes: Uint8Array) => void,
): void {
  const touched: number[] = [];
  state.table.update(start, end, (page, entry) => {
    touched.push(page);
    return entry;
  });
  touched.sort((left, right) => left - right);
  const showFrame = (page: number, frame: number) =>
    visit(page, state.memory.u8.subarray(frame, frame + GUEST_PAGE_BYTES));
  let from = start;
  for (const page of touched) {
    peekFiles(state, from, page, showFrame, visit);
    showFrame(page, frameOf(state.table.read(page)));
    from = page + GUEST_PAGE_BYTES;
  }
  peekFiles(state, from, end, showFrame, visit);
}

/** The untouched pages of a range, as far as files stand behind them. */
function peekFiles(
  state: SpaceState,
  start: number,
  end: number,
  showFrame: (page: number, frame: number) => void,
  visit: (pageAddress: number, bytes: Uint8Array) => void,
): void {
  const bytes = new Uint8Array(start < end ? GUEST_PAGE_BYTES : 0);
  for (let position = start; position < end; ) {
    const area = state.vmas.atOrAfter(position);
    if (area === undefined || area.start >= end) return;
    const { backing } = area;
    const stop = Math.min(end, area.end);
    const size = backing?.sizeInBytes() ?? 0;
    for (let page = Math.max(start, area.start); backing !== undefined && page < stop; page += GUEST_PAGE_BYTES) {
      const offset = area.offset + (page - area.start);
      if (offset >= size) break;
      const cached = state.memory.fileFrames.find(backing.identity, offset / GUEST_PAGE_BYTES);
      if (cached > 0) {
        showFrame(page, cached);
        continue;
      }
      // Memory without a file is zeros until somebody stores to it.
      if (backing.isAnonymous) continue;
      const count = backing.readInto(offset, bytes);
      if (count <= 0) continue;
      bytes.fill(0, count);
      visit(page, bytes);
    }
    position = stop;
  }
}
