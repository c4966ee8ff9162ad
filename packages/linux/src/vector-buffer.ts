// The buffers of readv(2) and writev(2) as one.
import { GuestBuffer, type Thread } from '@elf/kernel';

/** Several ranges of guest memory that behave as one buffer. */
export class VectorBuffer extends GuestBuffer {
  readonly #parts: readonly GuestBuffer[];

  constructor(user: Thread['user'], parts: readonly GuestBuffer[], length: number) {
    super(user, parts[0]?.address ?? 0, length);
    this.#parts = parts;
  }

  override copyIn(from = 0, length = this.length - from): Uint8Array | undefined {
    const bytes = new Uint8Array(length);
    const complete = this.#each(from, length, (part, at, count, done) => {
      const piece = part.copyIn(at, count);
      if (piece !== undefined) bytes.set(piece, done);
      return piece !== undefined;
    });
    return complete ? bytes : undefined;
  }

  override copyOut(bytes: Uint8Array, at = 0): boolean {
    return this.#each(at, bytes.length, (part, start, count, done) =>
      part.copyOut(bytes.subarray(done, done + count), start),
    );
  }

  #each(
    from: number,
    length: number,
    copy: (part: GuestBuffer, at: number, count: number, done: number) => boolean,
  ): boolean {
    let skipped = 0;
    let done = 0;
    for (const part of this.#parts) {
      const at = Math.max(0, from + done - skipped);
      const count = Math.min(part.length - at, length - done);
      skipped += part.length;
      if (count <= 0) continue;
      if (!copy(part, at, count, done)) return false;
      done += count;
    }
    return done === length;
  }
}
