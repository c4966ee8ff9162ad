// Allocation and reference counts of the 4 KiB frames inside the guest memory.
import { GUEST_PAGE_BYTES, GUEST_PAGE_SHIFT } from '@elf/pagesize';
import type { GuestMemory } from './guest-memory.ts';

/** Frames taken from the memory at once, so that regions and frames do not interleave page by page. */
const BATCH_FRAMES = 64;

/**
 * Frames by number (host offset / 4096). Free frames wait in a stack with whatever they held; they are cleared when handed
 * out again, so that a process that exits pays nothing for its pages.
 */
export class FrameArena {
  readonly #memory: GuestMemory;
  #referenceCounts = new Int32Array(4096); // not a page size: first capacity
  #free = new Int32Array(1024);
  #freeCount = 0;
  #batchNext = 0;
  #batchEnd = 0;
  #zeroFrame = -1;
  inUse = 0;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  allocate(cleared: boolean): number {
    if (this.#freeCount > 0) {
      const frame = this.#free[--this.#freeCount];
      const hostOffset = frame * GUEST_PAGE_BYTES;
      if (cleared) this.#memory.u8.fill(0, hostOffset, hostOffset + GUEST_PAGE_BYTES);
      this.#referenceCounts[frame] = 1;
      this.inUse++;
      return hostOffset;
    }
    if (this.#batchNext === this.#batchEnd && !this.#takeBatch()) return -1;
    const hostOffset = this.#batchNext;
    this.#batchNext += GUEST_PAGE_BYTES;
    const frame = hostOffset >>> GUEST_PAGE_SHIFT;
    if (frame >= this.#referenceCounts.length) this.#growReferenceCounts(frame);
    this.#referenceCounts[frame] = 1;
    this.inUse++;
    return hostOffset;
  }

  retain(hostOffset: number): void {
    this.#referenceCounts[hostOffset >>> GUEST_PAGE_SHIFT]++;
  }

  release(hostOffset: number): void {
    const frame = hostOffset >>> GUEST_PAGE_SHIFT;
    const left = --this.#referenceCounts[frame];
    if (left > 0) return;
    if (left < 0) throw new RangeError(`Frame at host offset ${hostOffset} was released more often than retained.`);
    if (this.#freeCount === this.#free.length) {
      const larger = new Int32Array(this.#free.length * 2);
      larger.set(this.#free);
      this.#free = larger;
    }
    this.#free[this.#freeCount++] = frame;
    this.inUse--;
  }

  references(hostOffset: number): number {
    const frame = hostOffset >>> GUEST_PAGE_SHIFT;
    return frame < this.#referenceCounts.length ? this.#referenceCounts[frame] : 0;
  }

  zeroFrame(): number {
    // One reference stays with the arena, so the count never reaches zero and copy-on-write always copies.
    if (this.#zeroFrame < 0) this.#zeroFrame = this.allocate(true);
    return this.#zeroFrame;
  }

  #takeBatch(): boolean {
    let frames = BATCH_FRAMES;
    let start = this.#memory.takeFresh(frames * GUEST_PAGE_BYTES, GUEST_PAGE_BYTES);
    if (start < 0) {
      // Close to the maximum a single frame may still fit.
      frames = 1;
      start = this.#memory.takeFresh(GUEST_PAGE_BYTES, GUEST_PAGE_BYTES);
      if (start < 0) return false;
    }
    this.#batchNext = start;
    this.#batchEnd = start + frames * GUEST_PAGE_BYTES;
    return true;
  }

  #growReferenceCounts(frame: number): void {
    const larger = new Int32Array(Math.max(frame + 1, this.#referenceCounts.length * 2));
    larger.set(this.#referenceCounts);
    this.#referenceCounts = larger;
  }
}
