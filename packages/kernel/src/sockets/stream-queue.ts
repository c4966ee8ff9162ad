// What a TCP socket has received: bytes in order, and an urgent byte that overtakes them (man 7 tcp, MSG_OOB).
import { ByteQueue } from './byte-queue.ts';

/** Bytes of a stream with at most one urgent mark. */
export class StreamQueue {
  readonly #bytes = new ByteQueue();
  #urgent: number | undefined;
  /** Bytes before the mark; reads do not go across it. */
  #mark: number | undefined;

  get length(): number {
    return this.#bytes.length;
  }

  /** Bytes up to the mark, or all of them. */
  get available(): number {
    return this.#mark === undefined || this.#mark === 0 ? this.#bytes.length : this.#mark;
  }

  get hasUrgent(): boolean {
    return this.#urgent !== undefined;
  }

  get isAtMark(): boolean {
    return this.#mark === 0;
  }

  add(bytes: Uint8Array): void {
    this.#bytes.add(bytes);
  }

  /** The last byte is urgent. */
  addUrgent(bytes: Uint8Array): void {
    this.#bytes.add(bytes.subarray(0, bytes.length - 1));
    this.#urgent = bytes[bytes.length - 1];
    this.#mark = this.#bytes.length;
  }

  take(maximum: number, peek: boolean): Uint8Array {
    const bytes = this.#bytes.take(Math.min(maximum, this.available), peek);
    if (!peek && bytes.length > 0 && this.#mark !== undefined)
      this.#mark = this.#mark === 0 ? undefined : this.#mark - bytes.length;
    return bytes;
  }

  /** The urgent byte, once. */
  takeUrgent(peek: boolean): number | undefined {
    const byte = this.#urgent;
    if (!peek) this.#urgent = undefined;
    return byte;
  }

  clear(): void {
    this.#bytes.clear();
    this.#urgent = undefined;
    this.#mark = undefined;
  }
}
