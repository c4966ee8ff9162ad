// The one WebAssembly memory that holds guest frames, CPU state blocks and TLBs, with the typed views over it.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { CodeFrames } from './code-frames.ts';
import { FileFrames } from './file-frames.ts';
import { FrameArena } from './frame-arena.ts';
import { MemoryExhausted } from './memory-exhausted.ts';

/** Bytes of one WebAssembly memory page (WebAssembly core specification, section 4.2.8). */
const WASM_PAGE_BYTES = 65536;
const INITIAL_BYTES = 16 * 1024 * 1024;
/** Growth step: large, because every growth replaces the buffer and therefore every typed view. */
const GROWTH_BYTES = 16 * 1024 * 1024;
const ADDRESSABLE_BYTES = 65536 * WASM_PAGE_BYTES;
/** The first frame is never handed out, so that host offset 0 and frame number 0 can mean "none". */
const FIRST_USABLE_OFFSET = GUEST_PAGE_BYTES;

/** How large the memory may become. */
export interface GuestMemoryOptions {
  /** Upper limit in bytes, at most and by default 4 GiB. Rounded up to 64 KiB. */
  readonly maximumBytes?: number;
}

/**
 * Host memory of a machine: every address space, CPU and TLB of the machine lives in this one `WebAssembly.Memory`.
 * The views (`u8`, `i32`, ...) are replaced when the memory grows: read them from the object at each use, never keep one.
 *
 * @example
 * const memory = new GuestMemory();
 * const frame = memory.allocateFrame();     // host offset of 4 KiB of zeros, or -1
 * memory.u8[frame] = 42;
 * memory.releaseFrame(frame);
 */
export class GuestMemory {
  readonly memory: WebAssembly.Memory;
  /** Frames of file pages that hold translated code. */
  readonly codeFrames = new CodeFrames();
  /** File pages that several mappings share. */
  readonly fileFrames: FileFrames;
  u8!: Uint8Array;
  u16!: Uint16Array;
  i32!: Int32Array;
  u32!: Uint32Array;
  f64!: Float64Array;
  i64!: BigInt64Array;
  view!: DataView;
  readonly #maximumBytes: number;
  readonly #frames: FrameArena;
  #used = FIRST_USABLE_OFFSET;

  constructor(options: GuestMemoryOptions = {}) {
    const wanted = Math.min(options.maximumBytes ?? ADDRESSABLE_BYTES, ADDRESSABLE_BYTES);
    const maximum = Math.max(1, Math.ceil(wanted / WASM_PAGE_BYTES));
    const initial = Math.min(maximum, INITIAL_BYTES / WASM_PAGE_BYTES);
    this.#maximumBytes = maximum * WASM_PAGE_BYTES;
    this.memory = new WebAssembly.Memory({ initial, maximum });
    this.#refreshViews();
    this.#frames = new FrameArena(this);
    this.fileFrames = new FileFrames(this);
  }

  /** Bytes the memory may have at most. */
  get maximumBytes(): number {
    return this.#maximumBytes;
  }

  /** Bytes handed out so far to regions and frames, including frames that were released since. */
  get usedBytes(): number {
    return this.#used;
  }

  /** Frames that are allocated now. */
  get framesInUse(): number {
    return this.#frames.inUse;
  }

  /**
   * Reserves a zeroed region for good (CPU state, TLB, tables); `alignment` is a power of two, 64 bytes by default.
   * @returns the host offset of the region.
   * @throws MemoryExhausted when the maximum does not allow it.
   */
  reserveRegion(lengthInBytes: number, alignment = 64): number {
    const offset = this.takeFresh(lengthInBytes, alignment);
    if (offset < 0) throw new MemoryExhausted(lengthInBytes);
    return offset;
  }

  /** A zeroed 4 KiB frame with one reference: its host offset, or -1 when the memory is exhausted. */
  allocateFrame(): number {
    return this.#frames.allocate(true);
  }

  /** Like {@link allocateFrame}, with undefined content: for a frame the caller overwrites completely. */
  allocateUnclearedFrame(): number {
    return this.#frames.allocate(false);
  }

  /** Adds a reference to a frame. */
  retainFrame(hostOffset: number): void {
    this.#frames.retain(hostOffset);
  }

  /** Drops a reference; the last one returns the frame for reuse. */
  releaseFrame(hostOffset: number): void {
    this.#frames.release(hostOffset);
  }

  /** References held on a frame; 0 for a free one. */
  frameReferences(hostOffset: number): number {
    return this.#frames.references(hostOffset);
  }

  /**
   * The frame of zeros that untouched anonymous pages share while they are only read. Never written, never released.
   * -1 when the memory is exhausted before it was first wanted.
   */
  zeroFrame(): number {
    return this.#frames.zeroFrame();
  }

  /**
   * Takes never-used, hence zeroed, bytes from the end, growing the memory when needed. For regions and the frame arena.
   * @returns the host offset, or -1 when the maximum or the host does not allow it.
   */
  takeFresh(lengthInBytes: number, alignment: number): number {
    const start = Math.ceil(this.#used / alignment) * alignment;
    const end = start + lengthInBytes;
    if (end > this.memory.buffer.byteLength && !this.#grow(end)) return -1;
    this.#used = end;
    return start;
  }

  #grow(neededBytes: number): boolean {
    const current = this.memory.buffer.byteLength;
    if (neededBytes > this.#maximumBytes) return false;
    const target = Math.min(this.#maximumBytes, Math.max(neededBytes, current + GROWTH_BYTES));
    try {
      this.memory.grow(Math.ceil((target - current) / WASM_PAGE_BYTES));
    } catch {
      // The host refused although our own maximum allows it: the same answer as being at the maximum.
      return false;
    }
    this.#refreshViews();
    return true;
  }

  #refreshViews(): void {
    const buffer = this.memory.buffer;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i64 = new BigInt64Array(buffer);
    this.view = new DataView(buffer);
  }
}
