// The page cache: frames of file pages, shared by all mappings of a file and dropped with its last mapping.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import type { GuestMemory } from './guest-memory.ts';

interface FilePages {
  /** Mappings (VMAs, in all address spaces) of this file. */
  mappings: number;
  /** Called when there is none left. */
  readonly listeners: (() => void)[];
  /** Page number in the file -> host offset of the frame. The cache holds one reference on each. */
  readonly frames: Map<number, number>;
}

/**
 * Frames by file identity and page number. Because the cache itself holds a reference, a frame here always counts at
 * least two references once mapped, so copy-on-write never writes into the file's own page.
 */
export class FileFrames {
  readonly #memory: GuestMemory;
  readonly #files = new Map<object, FilePages>();

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** One more mapping of the file exists. */
  attach(identity: object): void {
    const file = this.#files.get(identity);
    if (file) file.mappings++;
    else this.#files.set(identity, { mappings: 1, listeners: [], frames: new Map() });
  }

  /** A mapping of the file is gone; with the last one its frames go. */
  detach(identity: object): void {
    const file = this.#files.get(identity);
    if (!file) throw new RangeError('A file was detached more often than attached.');
    if (--file.mappings > 0) return;
    for (const hostOffset of file.frames.values()) this.#memory.releaseFrame(hostOffset);
    this.#files.delete(identity);
    for (const listener of file.listeners) listener();
  }

  /** Calls `listener` once, when the last mapping of a file goes; at once without any. */
  whenUnmapped(identity: object, listener: () => void): void {
    const file = this.#files.get(identity);
    if (file === undefined) listener();
    else file.listeners.push(listener);
  }

  /** Host offset of the frame that holds a page of the file, or 0. */
  find(identity: object, filePage: number): number {
    return this.#files.get(identity)?.frames.get(filePage) ?? 0;
  }

  /** Makes `hostOffset` the frame of a page; takes over the caller's reference. The file must be attached. */
  insert(identity: object, filePage: number, hostOffset: number): void {
    const file = this.#files.get(identity);
    if (!file || file.frames.has(filePage)) throw new RangeError('A file page was cached twice, or without a mapping.');
    file.frames.set(filePage, hostOffset);
  }

  /**
   * Copies bytes that write(2) stored into the cached pages, so that mappings see them at once, as on Linux.
   * @example
   * memory.fileFrames.overwrite(backing.identity, position, bytes); // after the file itself was written
   */
  overwrite(identity: object, offset: number, bytes: Uint8Array): void {
    this.#overlap(identity, offset, bytes.length, (hostOffset, at, length) => {
      this.#memory.u8.set(bytes.subarray(at, at + length), hostOffset);
      this.#memory.codeFrames.announce(hostOffset - (hostOffset % GUEST_PAGE_BYTES));
    });
  }

  /** Copies cached pages over bytes that read(2) fetched from the file, so that it sees stores through shared mappings. */
  overlay(identity: object, offset: number, target: Uint8Array): void {
    this.#overlap(identity, offset, target.length, (hostOffset, at, length) => {
      target.set(this.#memory.u8.subarray(hostOffset, hostOffset + length), at);
    });
  }

  /**
   * The file became smaller: whole pages behind its end leave every mapping, private copies included, so that a touch is a bus
   * error; cached bytes behind the end become zeros, so that a later extension reads zeros. Call it after the file was cut.
   */
  truncate(identity: object, sizeInBytes: number): void {
    const frames = this.#files.get(identity)?.frames;
    if (frames === undefined) return;
    for (const space of this.#memory.codeFrames.spaces) {
      space.dropFilePages(identity, sizeInBytes, Number.POSITIVE_INFINITY, true);
    }
    for (const [filePage, hostOffset] of frames) {
      const keep = Math.min(GUEST_PAGE_BYTES, sizeInBytes - filePage * GUEST_PAGE_BYTES);
      if (keep === GUEST_PAGE_BYTES) continue;
      // Where the kernel's page is larger than a frame, frames behind the end may still be mapped.
      if (keep <= 0 && this.#memory.frameReferences(hostOffset) === 1) this.#remove(frames, filePage, hostOffset);
      else {
        this.#memory.u8.fill(0, hostOffset + Math.max(0, keep), hostOffset + GUEST_PAGE_BYTES);
        this.#memory.codeFrames.announce(hostOffset);
      }
    }
  }

  /** [start, end) of a file, page multiples, became a hole: its pages leave the cache and every mapping, copies excepted. */
  discard(identity: object, start: number, end: number): void {
    const frames = this.#files.get(identity)?.frames;
    if (frames === undefined) return;
    for (const space of this.#memory.codeFrames.spaces) space.dropFilePages(identity, start, end, false);
    for (const [filePage, hostOffset] of frames) {
      const at = filePage * GUEST_PAGE_BYTES;
      if (at >= start && at < end) this.#remove(frames, filePage, hostOffset);
    }
  }

  /** Pages cached for a file, and its mappings: for tests and the invariants. */
  describe(identity: object): { readonly mappings: number; readonly pages: number } {
    const file = this.#files.get(identity);
    return { mappings: file?.mappings ?? 0, pages: file?.frames.size ?? 0 };
  }

  #remove(frames: Map<number, number>, filePage: number, hostOffset: number): void {
    frames.delete(filePage);
    this.#memory.releaseFrame(hostOffset);
  }

  #overlap(
    identity: object,
    offset: number,
    length: number,
    visit: (hostOffset: number, at: number, length: number) => void,
  ): void {
    const frames = this.#files.get(identity)?.frames;
    if (!frames || frames.size === 0) return;
    for (let at = 0; at < length; ) {
      const within = (offset + at) % GUEST_PAGE_BYTES;
      const part = Math.min(GUEST_PAGE_BYTES - within, length - at);
      const hostOffset = frames.get(Math.floor((offset + at) / GUEST_PAGE_BYTES));
      if (hostOffset !== undefined) visit(hostOffset + within, at, part);
      at += part;
    }
  }
}
