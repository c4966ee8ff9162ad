// Reads the stream of native/trace.c record by record, and answers its questions on the way.
import { readSync } from 'node:fs';

/** 64-bit words of a state: rip, the sixteen registers in encoding order, rflags, bases of FS and GS, ES CS DS FS GS. */
export const STATE_WORDS = 25;
/** Bytes of an XSAVE image with x87, SSE and AVX. */
export const XSAVE_BYTES = 832;
const PAGE = 4096;
const CODE_WINDOW = 256;

export type TraceRecord =
  /** `file` is 0 for private memory: mappings of one file at one offset are the same memory. */
  | {
      readonly kind: 'map';
      readonly start: number;
      readonly length: number;
      readonly flags: number;
      readonly file: number;
      readonly offset: number;
    }
  | { readonly kind: 'protect'; readonly start: number; readonly length: number; readonly flags: number }
  | { readonly kind: 'unmap'; readonly start: number; readonly length: number }
  /** A page the kernel changed, and one that the program did. */
  | { readonly kind: 'changed' | 'written'; readonly start: number; readonly content: Uint8Array }
  /** The native state has moved on: by a block, or to where a system call or signal comes. */
  | { readonly kind: 'block'; readonly instructions: number; readonly isSoft: boolean }
  | { readonly kind: 'call'; readonly instructions: number }
  | { readonly kind: 'signal'; readonly instructions: number; readonly number: number }
  | { readonly kind: 'end'; readonly status: number; readonly reason: number };

/** Who answers the tracer. */
export interface TraceAnswers {
  /** The tracer's `answer` for the block at an address. */
  block(address: number, code: Uint8Array, mode: 32 | 64, limit: number): Buffer;
  /** EAX EBX ECX EDX. */
  cpuid(leaf: number, subleaf: number, mode: 32 | 64): readonly number[];
  /** Sends an answer. */
  send(bytes: Uint8Array): void;
}

/** Pull parser over a blocking descriptor. It keeps the native state, which records change. */
export class TraceStream {
  /** The native state after the record read last, little endian. */
  readonly state = Buffer.alloc(8 * STATE_WORDS);
  /** The native XSAVE image; `vectorChanges` counts its changes. */
  readonly vectors = Buffer.alloc(XSAVE_BYTES);
  vectorChanges = 0;
  /** What RDTSC and RDRAND gave, oldest first. */
  readonly numbers: bigint[] = [];
  private readonly descriptor: number;
  private readonly answers: TraceAnswers;
  private readonly buffer = Buffer.alloc(1 << 20);
  private start = 0;
  private end = 0;

  constructor(descriptor: number, answers: TraceAnswers) {
    this.descriptor = descriptor;
    this.answers = answers;
  }

  /** The next record, or undefined at the end of the stream. */
  next(): TraceRecord | undefined {
    for (;;) {
      if (!this.ensure(1)) return undefined;
      const kind = String.fromCharCode(this.buffer[this.start]);
      this.start += 1;
      const record = this.record(kind);
      if (record !== undefined) return record;
    }
  }

  private record(kind: string): TraceRecord | undefined {
    switch (kind) {
      case 'B': {
        const [instructions, isSoft] = this.takeState();
        return { kind: 'block', instructions, isSoft };
      }
      case 'C':
        return { kind: 'call', instructions: this.takeState()[0] };
      case 'S': {
        const [instructions] = this.takeState();
        return { kind: 'signal', instructions, number: this.u32() };
      }
      case 'M':
        return {
          kind: 'map',
          start: this.u64(),
          length: this.u64(),
          flags: this.u32(),
          file: this.u64(),
          offset: this.u64(),
        };
      case 'A':
        return { kind: 'protect', start: this.u64(), length: this.u64(), flags: this.u32() };
      case 'U':
        return { kind: 'unmap', start: this.u64(), length: this.u64() };
      case 'W':
      case 'P': {
        const start = this.u64();
        return { kind: kind === 'W' ? 'changed' : 'written', start, content: Buffer.from(this.take(PAGE)) };
      }
      case 'X':
        return { kind: 'end', status: this.u32(), reason: this.u32() };
      case 'V':
        for (let left = this.take(2).readUInt16LE(0); left > 0; left -= 1) {
          const change = this.take(10);
          change.copy(this.vectors, 8 * change.readUInt16LE(0), 2);
        }
        this.vectorChanges += 1;
        return undefined;
      case 'N':
        this.numbers.push(this.take(8).readBigUInt64LE(0));
        return undefined;
      case 'Q':
      case 'I':
        this.answer(kind);
        return undefined;
      default:
        throw new TypeError(`the trace has a record of the unknown kind ${JSON.stringify(kind)}`);
    }
  }

  private answer(kind: 'Q' | 'I'): void {
    const { answers } = this;
    if (kind === 'Q') {
      const head = this.take(12);
      const [address, mode, limit] = [Number(head.readBigUInt64LE(0)), head[8] === 32 ? 32 : 64, head[9]] as const;
      const length = head.readUInt16LE(10);
      const code = Buffer.from(this.take(CODE_WINDOW)).subarray(0, length);
      answers.send(answers.block(address, code, mode, limit));
      return;
    }
    const head = this.take(9);
    const words = answers.cpuid(head.readUInt32LE(0), head.readUInt32LE(4), head[8] === 32 ? 32 : 64);
    const answer = Buffer.alloc(16);
    for (const [index, word] of words.entries()) answer.writeUInt32LE(word >>> 0, 4 * index);
    answers.send(answer);
  }

  // The changed words into `state`.
  private takeState(): [instructions: number, isSoft: boolean] {
    const head = this.take(9);
    const [instructions, isSoft] = [head.readUInt32LE(0), head[4] !== 0];
    for (let changed = head.readUInt32LE(5), at = 0; changed !== 0; changed >>>= 1, at += 8)
      if (changed & 1) this.take(8).copy(this.state, at);
    return [instructions, isSoft];
  }

  private u32(): number {
    return this.take(4).readUInt32LE(0);
  }
  private u64(): number {
    return Number(this.take(8).readBigUInt64LE(0));
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
        this.buffer.copyWithin(0, this.start, this.end);
        this.end -= this.start;
        this.start = 0;
      }
      const got = readSync(this.descriptor, this.buffer, this.end, this.buffer.length - this.end, null);
      if (got === 0) return false;
      this.end += got;
    }
    return true;
  }
}
