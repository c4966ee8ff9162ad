// Reads the stream of native/trace.c record by record from a file descriptor.
import { readSync } from 'node:fs';

/** Bytes of a state record: rip, the sixteen registers in encoding order, rflags, fs base. */
export const STATE_BYTES = 152;

export type TraceRecord =
  | {
      readonly kind: 'map';
      readonly start: number;
      readonly length: number;
      readonly protection: number;
      readonly content: Uint8Array;
    }
  | { readonly kind: 'unmap'; readonly start: number; readonly length: number }
  | { readonly kind: 'write'; readonly start: number; readonly content: Uint8Array }
  | { readonly kind: 'system-call'; readonly number: number }
  | { readonly kind: 'state'; readonly bytes: Buffer }
  | { readonly kind: 'end'; readonly status: number };

/** Pull parser over a blocking descriptor. */
export class TraceStream {
  private readonly descriptor: number;
  private buffer = Buffer.alloc(1 << 20);
  private start = 0;
  private end = 0;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** The next record, or undefined at the end of the stream. */
  next(): TraceRecord | undefined {
    if (!this.ensure(1)) return undefined;
    const kind = String.fromCharCode(this.buffer[this.start]);
    this.start += 1;
    switch (kind) {
      case 'R':
        return { kind: 'state', bytes: Buffer.from(this.take(STATE_BYTES)) };
      case 'M': {
        const head = this.take(24);
        const [start, length] = [Number(head.readBigUInt64LE(0)), Number(head.readBigUInt64LE(8))];
        const [protection, bytes] = [head.readUInt32LE(16), head.readUInt32LE(20)];
        return { kind: 'map', start, length, protection, content: Buffer.from(this.take(bytes)) };
      }
      case 'U': {
        const head = this.take(16);
        return { kind: 'unmap', start: Number(head.readBigUInt64LE(0)), length: Number(head.readBigUInt64LE(8)) };
      }
      case 'W': {
        const head = this.take(12);
        const [start, bytes] = [Number(head.readBigUInt64LE(0)), head.readUInt32LE(8)];
        return { kind: 'write', start, content: Buffer.from(this.take(bytes)) };
      }
      case 'C':
        return { kind: 'system-call', number: Number(this.take(8).readBigUInt64LE(0)) };
      case 'X':
        return { kind: 'end', status: this.take(4).readUInt32LE(0) };
      default:
        throw new TypeError(`the trace has a record of the unknown kind ${JSON.stringify(kind)}`);
    }
  }

  private take(length: number): Buffer {
    if (!this.ensure(length))
      throw new RangeError('the trace was cut off in the middle of a record: did the tracer end early?');
    this.start += length;
    return this.buffer.subarray(this.start - length, this.start);
  }

  private ensure(length: number): boolean {
    while (this.end - this.start < length) {
      if (this.start > 0) {
        this.buffer.copy(this.buffer, 0, this.start, this.end);
        this.end -= this.start;
        this.start = 0;
      }
      if (length > this.buffer.length) this.buffer = Buffer.concat([this.buffer], length * 2);
      const got = readSync(this.descriptor, this.buffer, this.end, this.buffer.length - this.end, null);
      if (got === 0) return false;
      this.end += got;
    }
    return true;
  }
}
