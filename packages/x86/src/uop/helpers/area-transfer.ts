// Copies between guest memory and an image of many bytes: every piece is checked before the first byte is written.
import { GUEST_PAGE_BYTES, GUEST_PAGE_OFFSET_MASK } from '@elf/mm';
import { EXIT_STATUS } from '../../state/layout.ts';
import type { HelperContext } from './helper-row.ts';

const CHUNK = 16;

/**
 * Reads or writes parts of an image that lies in guest memory at the address in a cell.
 * @param parts byte ranges of the image; the whole image when absent
 * @param probes offsets and sizes of what is looked at before all others, as processors do: the last byte of the image when absent
 * @returns 0, or the exit status of the fault
 */
export function transferImage(
  context: HelperContext,
  address: number,
  image: Uint8Array,
  write: boolean,
  parts: readonly (readonly [from: number, to: number])[] = [[0, image.length]],
  probes: readonly (readonly [offset: number, size: number])[] = [[image.length - 1, 1]],
): number {
  const { memory, access, cpu } = context;
  const start = (memory.i32[(address >>> 2) + 1] >>> 0) * 0x1_0000_0000 + (memory.i32[address >>> 2] >>> 0);
  const locate = (offset: number, size: number) => {
    const at = start + offset;
    const high = Math.floor(at / 0x1_0000_0000) | 0;
    return write ? access.slowWrite(at | 0, high, size) : access.slowRead(at | 0, high, size);
  };
  if (probes.some(([offset, size]) => locate(offset, size) === 0)) return memory.i32[(cpu.state + EXIT_STATUS) >>> 2];
  for (let pass = write ? 0 : 1; pass < 2; pass += 1) {
    for (const [from, to] of parts) {
      // What lies on one page is one piece.
      const isOnOnePage = (((start + from) & GUEST_PAGE_OFFSET_MASK) >>> 0) + to - from <= GUEST_PAGE_BYTES;
      const step = isOnOnePage ? to - from : CHUNK;
      for (let offset = from; offset < to; offset += step) {
        const size = Math.min(step, to - offset);
        const host = locate(offset, size);
        if (host === 0) return memory.i32[(cpu.state + EXIT_STATUS) >>> 2];
        if (pass === 0) continue;
        if (write) {
          memory.u8.set(image.subarray(offset, offset + size), host);
          access.commitIfCrossing(host);
        } else image.set(memory.u8.subarray(host, host + size), offset);
      }
    }
  }
  return 0;
}
