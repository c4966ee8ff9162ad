// A memory file for scripts: it grows, shrinks, and keeps its pages and mappings in step.
import type { Backing } from '../backing.ts';
import type { GuestMemory } from '../guest-memory.ts';

const PAGE = 4096;
/** A return instruction, so that pages can be executed. */
const RETURN = 0xc3;

interface Content {
  bytes: Uint8Array;
}

/** What native/memory-calls.c has as a memfd. */
export class ScriptFile {
  readonly backing: Backing;
  readonly isReadOnly: boolean;
  readonly #name: string;
  readonly #content: Content;

  /** A file of some pages, each with a return instruction first and its number plus one at offset 8. */
  constructor(name: string, pages: number, opened?: Content) {
    this.#name = name;
    this.isReadOnly = opened !== undefined;
    this.#content = opened ?? { bytes: new Uint8Array(pages * PAGE) };
    const content = this.#content;
    for (let page = 0; page < pages; page++) {
      content.bytes[page * PAGE] = RETURN;
      content.bytes[page * PAGE + 8] = page + 1;
    }
    this.backing = {
      identity: content,
      openFile: this,
      mapsEntry: { path: `/memfd:${name} (deleted)`, device: '00:01', inode: 1 },
      sizeInBytes: () => content.bytes.length,
      readInto(offset, target) {
        const part = content.bytes.subarray(offset, offset + target.length);
        target.set(part);
        return part.length;
      },
      writeFrom(offset, bytes) {
        content.bytes.set(bytes.subarray(0, Math.max(0, content.bytes.length - offset)), offset);
        return true;
      },
    };
  }

  /** The same file through another descriptor, which may not write. */
  reopenedForReading(): ScriptFile {
    return new ScriptFile(this.#name, 0, this.#content);
  }

  truncate(memory: GuestMemory, size: number): number {
    if (this.isReadOnly) return -22;
    const before = this.#content.bytes;
    const after = new Uint8Array(size);
    after.set(before.subarray(0, size));
    this.#content.bytes = after;
    if (size < before.length) memory.fileFrames.truncate(this.#content, size);
    return 0;
  }

  write(memory: GuestMemory, offset: number, value: number): number {
    if (this.isReadOnly) return -9;
    if (offset >= this.#content.bytes.length) this.truncate(memory, offset + 1);
    this.#content.bytes[offset] = value;
    memory.fileFrames.overwrite(this.#content, offset, Uint8Array.of(value));
    return 1;
  }

  read(memory: GuestMemory, offset: number): number {
    const byte = this.#content.bytes.slice(offset, offset + 1);
    memory.fileFrames.overlay(this.#content, offset, byte);
    return byte.length === 0 ? 0 : byte[0];
  }
}
