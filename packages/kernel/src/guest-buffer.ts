// A buffer argument: a range of guest memory that is only touched when the call copies.
import type { UserMemory } from '@elf/mm';

/** Bytes per copy: bounds what one call of a guest can make us allocate. */
const CHUNK_BYTES = 1 << 20;

/** A range of guest memory. Nothing is checked before the copy, as in the kernel. */
export class GuestBuffer {
  readonly address: number;
  readonly length: number;
  readonly #user: UserMemory;

  constructor(user: UserMemory, address: number, length: number) {
    this.#user = user;
    this.address = address;
    this.length = length;
  }

  /** A copy of some of the bytes; undefined is EFAULT. */
  copyIn(from = 0, length = this.length - from): Uint8Array | undefined {
    return length === 0 ? new Uint8Array(0) : this.#user.read(this.address + from, length);
  }

  /** Stores bytes; false is EFAULT. */
  copyOut(bytes: Uint8Array, at = 0): boolean {
    return bytes.length === 0 || this.#user.write(this.address + at, bytes);
  }

  /**
   * Fills the buffer in chunks from `produce`, which returns how many bytes of the chunk it filled or a negative error.
   * Stops at the first short chunk, error or fault. Returns bytes stored, or the error when nothing was.
   */
  fill(produce: (chunk: Uint8Array, done: number) => number, faultErrno: number): number {
    let done = 0;
    while (done < this.length) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, this.length - done));
      const count = produce(chunk, done);
      if (count < 0) return done > 0 ? done : count;
      if (!this.copyOut(chunk.subarray(0, count), done)) return done > 0 ? done : -faultErrno;
      done += count;
      if (count < chunk.length) break;
    }
    return done;
  }

  /** Hands the bytes to `consume` in chunks, with the same rules as {@link fill}. */
  drain(consume: (chunk: Uint8Array, done: number) => number, faultErrno: number): number {
    let done = 0;
    do {
      const chunk = this.copyIn(done, Math.min(CHUNK_BYTES, this.length - done));
      if (chunk === undefined) return done > 0 ? done : -faultErrno;
      const count = consume(chunk, done);
      if (count < 0) return done > 0 ? done : count;
      done += count;
      if (count < chunk.length) break;
    } while (done < this.length);
    return done;
  }
}
