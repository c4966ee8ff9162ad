// Fetches guest code for the decoder: up to 15 bytes from an address, straight from the frame, or gathered where a page ends.
import {
  Access,
  type AddressSpace,
  FaultCause,
  GUEST_PAGE_BYTES,
  GUEST_PAGE_OFFSET_MASK,
  type GuestMemory,
} from '@elf/mm';
import type { CodeWindow } from '../lift/block-builder.ts';
import { CANONICAL_LIMIT, type GuestAccess } from './guest-access.ts';

/** Longest instruction. */
const WINDOW_BYTES = 15;

/** One window, filled anew for each instruction. */
export class CodeFetcher {
  private readonly memory: GuestMemory;
  private readonly access: GuestAccess;
  private readonly gathered = new Uint8Array(16);
  private readonly window: { bytes: Uint8Array; start: number; end: number; missing: number };

  constructor(memory: GuestMemory, access: GuestAccess) {
    this.memory = memory;
    this.access = access;
    this.window = { bytes: memory.u8, start: 0, end: 0, missing: 0 };
  }

  /** Host offset of the byte at an executable guest address; negative when there is none. */
  hostOffsetOf(address: number): number {
    if (address < 0 || address >= CANONICAL_LIMIT) return -1;
    const offset = address & GUEST_PAGE_OFFSET_MASK;
    const frame = (this.access.space as AddressSpace).resolve(address - offset, Access.Execute);
    return frame < 0 ? frame : frame + offset;
  }

  /** The bytes at an address; fewer where the second page cannot be executed. */
  fetch(address: number): CodeWindow {
    const { window, memory } = this;
    const space = this.access.space as AddressSpace;
    const offset = address & GUEST_PAGE_OFFSET_MASK;
    const page = address - offset;
    window.missing = address;
    window.start = window.end = 0;
    if (address < 0 || address >= CANONICAL_LIMIT) return window;
    const frame = space.resolve(page, Access.Execute);
    if (frame < 0) return window;
    const inPage = Math.min(WINDOW_BYTES, GUEST_PAGE_BYTES - offset);
    if (inPage === WINDOW_BYTES) {
      window.bytes = memory.u8;
      window.start = frame + offset;
      window.end = frame + offset + WINDOW_BYTES;
      return window;
    }
    this.gathered.set(memory.u8.subarray(frame + offset, frame + offset + inPage));
    const isThere = page + GUEST_PAGE_BYTES < CANONICAL_LIMIT;
    const next = isThere ? space.resolve(page + GUEST_PAGE_BYTES, Access.Execute) : -FaultCause.MapError;
    if (next >= 0) this.gathered.set(memory.u8.subarray(next, next + WINDOW_BYTES - inPage), inPage);
    window.bytes = this.gathered;
    window.start = 0;
    window.end = next >= 0 ? WINDOW_BYTES : inPage;
    window.missing = page + GUEST_PAGE_BYTES;
    return window;
  }
}
