// The argument kind: how one argument of a system call is decoded from registers and printed in a trace.
import type { Thread } from './thread.ts';

const TWO_TO_32 = 4294967296;

/** What a kind may look at while decoding. */
export interface RawArguments {
  readonly task: Thread;
  /** Low and high halves of the argument registers. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Register index of another argument of the same call, by name. */
  readonly indexOf: (name: string) => number;
}

/** What a kind may look at while printing. */
export interface PrintedCall extends RawArguments {
  /** The result; undefined when the call does not return. */
  readonly result: number | undefined;
}

/** One kind of argument. */
export interface ArgumentKind<Value> {
  /** Takes 64 bits: two registers, the low half first, where registers have 32. */
  readonly isWide?: true;
  /** The value, or a {@link CallFailure} that ends the call before it begins. */
  decode(raw: RawArguments, index: number): Value | CallFailure;
  /** The call stores it: before the call has ended there is nothing to print. */
  readonly isStored?: true;
  /** The argument as strace prints it, undefined where it shows nothing. Called after the call, so that output buffers have their content. */
  print(value: Value, call: PrintedCall, index: number): string | undefined;
}

/** An argument that cannot be decoded: the call fails with this error. */
export class CallFailure {
  readonly errno: number;

  constructor(errno: number) {
    this.errno = errno;
  }
}

/** An argument register as an unsigned number: exact below 2^53, and above every valid address beyond. */
export function unsignedArgument(raw: RawArguments, index: number): number {
  return (raw.high[index] >>> 0) * TWO_TO_32 + (raw.low[index] >>> 0);
}

/** An argument register as a signed number: exact within 2^53. */
export function signedArgument(raw: RawArguments, index: number): number {
  return raw.high[index] * TWO_TO_32 + (raw.low[index] >>> 0);
}

/** An argument register as 64 unsigned bits. */
export function bigArgument(raw: RawArguments, index: number): bigint {
  return (BigInt(raw.high[index] >>> 0) << 32n) | BigInt(raw.low[index] >>> 0);
}

/** A pointer as strace prints it. */
export function printPointer(raw: RawArguments, index: number): string {
  const value = bigArgument(raw, index);
  return value === 0n ? 'NULL' : `0x${value.toString(16)}`;
}
