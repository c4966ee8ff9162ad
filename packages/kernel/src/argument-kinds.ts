// The argument kinds every personality shares: numbers, addresses, paths, buffers and flags.
import { type ArgumentKind, CallFailure, printPointer, signedArgument, unsignedArgument } from './argument-kind.ts';
import { fromBytes } from './byte-string.ts';
import { Errno } from './errno.ts';
import { GuestBuffer } from './guest-buffer.ts';
import { quote } from './quote.ts';

/** PATH_MAX, terminating NUL included. */
const PATH_MAX = 4096;
const PRINTED_BYTES = 32;

/** A signed 32-bit integer. */
export const int: ArgumentKind<number> = {
  decode: (raw, index) => raw.low[index],
  print: (value) => String(value),
};

/** A file descriptor: printed like an integer, AT_FDCWD by name. */
export const descriptor: ArgumentKind<number> = {
  decode: (raw, index) => raw.low[index],
  print: (value) => (value === -100 ? 'AT_FDCWD' : String(value)),
};

/** An unsigned 32-bit integer. */
export const unsigned: ArgumentKind<number> = {
  decode: (raw, index) => raw.low[index] >>> 0,
  print: (value) => String(value),
};

/** A length in bytes, or any other unsigned 64-bit number. */
export const size: ArgumentKind<number> = { decode: unsignedArgument, print: (value) => String(value) };

/** A signed number of the caller's word size, such as a distance in a file. */
export const offset: ArgumentKind<number> = {
  decode: (raw, index) => (raw.task.wordBytes === 4 ? raw.low[index] : signedArgument(raw, index)),
  print: (value) => String(value),
};

/** A signed 64-bit number on every ABI: two registers where they have 32 bits. */
export const wideOffset: ArgumentKind<number> = {
  isWide: true,
  decode: signedArgument,
  print: (value) => String(value),
};

/** An address that the call itself looks at. */
export const address: ArgumentKind<number> = {
  decode: unsignedArgument,
  print: (_value, call, index) => printPointer(call, index),
};

/** An unsigned number printed in hexadecimal. */
export const hexadecimal: ArgumentKind<number> = {
  decode: unsignedArgument,
  print: (value) => (value === 0 ? '0' : `0x${value.toString(16)}`),
};

/** Permission bits, printed in octal. */
export const permissions: ArgumentKind<number> = {
  decode: (raw, index) => raw.low[index] >>> 0,
  print: (value) => (value === 0 ? '000' : `0${value.toString(8)}`),
};

/** A path as a byte string: EFAULT for a bad pointer, ENAMETOOLONG without a NUL in the first 4096 bytes. */
export const path: ArgumentKind<string> = {
  decode: (raw, index) => {
    const bytes = raw.task.user.readCString(unsignedArgument(raw, index), PATH_MAX);
    if (bytes === undefined) return new CallFailure(Errno.EFAULT);
    return bytes.length >= PATH_MAX ? new CallFailure(Errno.ENAMETOOLONG) : fromBytes(bytes);
  },
  print: (value) => quote(value),
};

/** A path that may be a null pointer. */
export const optionalPath: ArgumentKind<string | undefined> = {
  decode: (raw, index) => (unsignedArgument(raw, index) === 0 ? undefined : path.decode(raw, index)),
  print: (value) => (value === undefined ? 'NULL' : quote(value)),
};

/** Bytes the call reads; `lengthName` names the argument that holds their number. */
export function bytesIn(lengthName: string): ArgumentKind<GuestBuffer> {
  return {
    decode: (raw, index) =>
      new GuestBuffer(raw.task.user, unsignedArgument(raw, index), unsignedArgument(raw, raw.indexOf(lengthName))),
    print: (value, call, index) => printBytes(value, value.length) ?? printPointer(call, index),
  };
}

/** Bytes the call writes; printed as many as its result says. */
export function bytesOut(lengthName: string): ArgumentKind<GuestBuffer> {
  return {
    isStored: true,
    decode: (raw, index) =>
      new GuestBuffer(raw.task.user, unsignedArgument(raw, index), unsignedArgument(raw, raw.indexOf(lengthName))),
    print: (value, call, index) => {
      const failed = call.result === undefined || call.result < 0;
      return (failed ? undefined : printBytes(value, call.result as number)) ?? printPointer(call, index);
    },
  };
}

/** Named bits; `zero` is printed when none is set. Bits without a name are printed in hexadecimal at the end. */
export function flagSet(names: Readonly<Record<string, number>>, zero = '0'): ArgumentKind<number> {
  return { decode: (raw, index) => raw.low[index] >>> 0, print: (value) => printFlags(value, names, zero) };
}

/** One of several named values. */
export function oneOf(names: Readonly<Record<string, number>>): ArgumentKind<number> {
  return {
    decode: (raw, index) => raw.low[index],
    print: (value) =>
      Object.keys(names).find((name) => (names[name] | 0) === (value | 0)) ?? `0x${(value >>> 0).toString(16)}`,
  };
}

/** Flags by name, joined with "|". */
export function printFlags(value: number, names: Readonly<Record<string, number>>, zero = '0'): string {
  const parts: string[] = [];
  let rest = value >>> 0;
  for (const [name, bits] of Object.entries(names)) {
    if (bits !== 0 && (rest & bits) >>> 0 === bits >>> 0) {
      parts.push(name);
      rest = (rest & ~bits) >>> 0;
    }
  }
  if (rest !== 0) parts.push(`0x${rest.toString(16)}`);
  return parts.length === 0 ? zero : parts.join('|');
}

function printBytes(buffer: GuestBuffer, length: number): string | undefined {
  const shown = buffer.copyIn(0, Math.min(length, PRINTED_BYTES));
  return shown && quote(fromBytes(shown)) + (length > PRINTED_BYTES ? '...' : '');
}
