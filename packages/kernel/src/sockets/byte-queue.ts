// Bytes of a stream that arrived and were not received yet.

/** Chunks in order, taken from the front without moving what stays. */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  /** Chunks before this one are gone. */
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Keeps the bytes themselves: they must not change afterwards. */
  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** Up to `maximum` bytes from the front. `peek`: they stay. */
  take(maximum: number, peek = false): Uint8Array {
    const length = Math.min(maximum, this.#length);
    const taken = new Uint8Array(length);
    let at = 0;
    for (let index = this.#first; at < length; index++) {
      const chunk = this.#chunks[index];
      const part = chunk.subarray(0, length - at);
      taken.set(part, at);
      at += part.length;
      if (peek) continue;
      if (part.length === chunk.length) this.#first++;
      else this.#chunks[index] = chunk.subarray(part.length);
    }
    if (!peek) this.#length -= length;
    if (this.#first > COMPACT_FROM && this.#first * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#first);
      this.#first = 0;
    }
    return taken;
  }

  clear(): void {
    this.#chunks = [];
    this.#first = 0;
    this.#length = 0;
  }
}

/** Chunks that are gone before the list is made shorter. */
const COMPACT_FROM = 32;
