// Kinds of arguments that Plan 9 calls have beyond the kernel's: names and buffers whose pointers are checked as validaddr(9) does.
import {
  type ArgumentKind,
  bigArgument,
  bytesIn,
  bytesOut,
  flagSet,
  fromBytes,
  GuestBuffer,
  printFlags,
  printPointer,
  quote,
  type RawArguments,
  unsignedArgument,
} from '@elf/kernel';
import { Failure } from './errors.ts';
import { isAddressable } from './memory/segments.ts';
import { stateOf } from './process-state.ts';
import { badAddress, oddAddress, refuseArgument } from './settle-call.ts';

/** Longest name a call takes (validname0 of chan.c). */
const NAME_BYTES = 1 << 16;

/** A pointer: unsigned, of the caller's word size. */
export const pointer: ArgumentKind<number> = {
  decode: (raw, index) => unsignedArgument(raw, index),
  print: (_value, call, index) => (unsignedArgument(call, index) === 0 ? 'nil' : printPointer(call, index)),
};

/** A word the kernel only hands around. */
export const word: ArgumentKind<bigint> = {
  decode: bigArgument,
  print: (value) => `0x${value.toString(16)}`,
};

/** A vlong: 64 bits, two words on 386. */
export const vlong: ArgumentKind<bigint> = {
  isWide: true,
  decode: (raw, index) => BigInt.asIntN(64, bigArgument(raw, index)),
  print: (value) => String(value),
};

/** A file name (byte string). */
export const fileName: ArgumentKind<string> = {
  decode: (raw, index) => {
    const { task } = raw;
    const address = unsignedArgument(raw, index);
    if (!isAddressable(stateOf(task), address, 1, false)) {
      badAddress(task, address, 1);
      return refuseArgument(task, Failure.BadArgument);
    }
    const bytes = task.user.readCString(address, NAME_BYTES);
    if (bytes === undefined) {
      badAddress(task, address, NAME_BYTES);
      return refuseArgument(task, Failure.BadArgument);
    }
    return bytes.length >= NAME_BYTES ? refuseArgument(task, Failure.NameTooLong) : fromBytes(bytes);
  },
  print: (value) => quote(value),
};

/** A file name or nil. */
export const optionalName: ArgumentKind<string | undefined> = {
  decode: (raw, index) => (unsignedArgument(raw, index) === 0 ? undefined : fileName.decode(raw, index)),
  print: (value) => (value === undefined ? 'nil' : quote(value)),
};

/** The status of exits(2): cut at ERRMAX, and "invalid exit string" for a bad pointer. */
export const exitString: ArgumentKind<string> = {
  decode: (raw, index) => {
    const address = unsignedArgument(raw, index);
    if (address === 0) return '';
    const bytes = raw.task.user.readCString(address, 127);
    return bytes === undefined ? 'invalid exit string' : fromBytes(bytes);
  },
  print: (value) => (value === '' ? 'nil' : quote(value)),
};

/** Bytes the call reads, `count` being the name of the argument with their number. */
export function bufferIn(count: string): ArgumentKind<GuestBuffer> {
  return { ...bytesIn(count), decode: (raw, index) => checked(raw, index, lengthOf(raw, count), false) };
}

/** Bytes the call stores. */
export function bufferOut(count: string): ArgumentKind<GuestBuffer> {
  return { ...bytesOut(count), decode: (raw, index) => checked(raw, index, lengthOf(raw, count), true) };
}

/** A buffer the call fills with a string: printed up to its NUL. */
export function textOut(count: string): ArgumentKind<GuestBuffer> {
  return {
    ...bufferOut(count),
    print: (value, call, index) => {
      const text = call.task.state === 'ended' ? undefined : call.task.user.readCString(value.address, value.length);
      return text === undefined || (call.result ?? -1) < 0 ? printPointer(call, index) : quote(fromBytes(text));
    },
  };
}

/** A place for a result of so many bytes, at a multiple of four. */
export function resultAt(length: number): ArgumentKind<GuestBuffer> {
  return {
    decode: (raw, index) => {
      if (unsignedArgument(raw, index) % 4 !== 0) {
        oddAddress(raw.task);
        return refuseArgument(raw.task, Failure.BadArgument);
      }
      return checked(raw, index, length, true);
    },
    print: (_value, call, index) => printPointer(call, index),
  };
}

/** Numbers of bytes are 32 bits wide on both machines. */
function lengthOf(raw: RawArguments, name: string): number {
  return raw.low[raw.indexOf(name)] >>> 0;
}

function checked(raw: RawArguments, index: number, length: number, writes: boolean) {
  const { task } = raw;
  const address = unsignedArgument(raw, index);
  if (!isAddressable(stateOf(task), address, length, writes)) {
    badAddress(task, address, length);
    return refuseArgument(task, Failure.BadArgument);
  }
  return new GuestBuffer(task.user, address, length);
}

/** Modes of open(2) and create(2). */
export const OpenMode = {
  Read: 0,
  Write: 1,
  ReadWrite: 2,
  Execute: 3,
  Truncate: 0x10,
  CloseOnExec: 0x20,
  RemoveOnClose: 0x40,
  Exclusive: 0x1000,
} as const;
const ACCESS_NAMES = ['OREAD', 'OWRITE', 'ORDWR', 'OEXEC'];
const MODE_BITS = { OTRUNC: 0x10, OCEXEC: 0x20, ORCLOSE: 0x40, OEXCL: 0x1000 };

/** A mode of open(2). */
export const openMode: ArgumentKind<number> = {
  decode: (raw, index) => raw.low[index] >>> 0,
  print: (value) => {
    const access = ACCESS_NAMES[value & 3];
    return (value & ~3) === 0 ? access : `${access}|${printFlags(value & ~3, MODE_BITS)}`;
  },
};

/** How something is bound or mounted. */
export const mountFlags = flagSet({ MBEFORE: 1, MAFTER: 2, MCREATE: 4, MCACHE: 0x10 }, 'MREPL');

/** Permissions of create(2): DM bits by name, the rest in octal. */
export const permissions: ArgumentKind<number> = {
  decode: (raw, index) => raw.low[index] >>> 0,
  print: (value) => {
    const kinds = printFlags(
      (value & ~0o777) >>> 0,
      { DMDIR: 0x8000_0000, DMAPPEND: 0x4000_0000, DMEXCL: 0x2000_0000, DMTMP: 0x0400_0000 },
      '',
    );
    const low = `0${(value & 0o777).toString(8).padStart(3, '0')}`;
    return kinds === '' ? low : `${kinds}|${low}`;
  },
};
