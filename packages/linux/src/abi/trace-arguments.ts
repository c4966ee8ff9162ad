// Addresses as argument kinds that say in a trace what is stored there: signal sets, descriptors, how a child ended.
import { type ArgumentKind, address, type PrintedCall, printPointer } from '@elf/kernel';
import { FIRST_REAL_TIME, signalName } from '../signals/signal-table.ts';

type Reader = (at: number, call: PrintedCall) => string | undefined;

function readBefore(read: Reader): ArgumentKind<number> {
  return { ...address, print: (at, call, index) => (at === 0 ? undefined : read(at, call)) ?? printPointer(call, index) };
}

function readAfter(read: Reader): ArgumentKind<number> {
  const looks = (at: number, call: PrintedCall) => (at === 0 || (call.result ?? -1) < 0 ? undefined : read(at, call));
  return { ...address, isStored: true, print: (at, call, index) => looks(at, call) ?? printPointer(call, index) };
}

/** A set of signals that the call reads. */
export const signalSetIn = readBefore(signalSetAt);
/** A set of signals that the call stores. */
export const signalSetOut = readAfter(signalSetAt);

function signalSetAt(at: number, { task }: PrintedCall): string | undefined {
  const bits = task.user.readU64(at);
  return bits === undefined ? undefined : printSignalSet(bits);
}

/** Signals by name, those that are missing where that is shorter: "[INT CHLD]", "~[KILL STOP]". */
export function printSignalSet(bits: bigint): string {
  const numbers = Array.from({ length: 64 }, (_, index) => index + 1);
  const has = (number: number) => (bits & (1n << BigInt(number - 1))) !== 0n;
  const isInverse = numbers.filter(has).length >= 32;
  const listed = numbers.filter((number) => has(number) !== isInverse);
  return `${isInverse ? '~' : ''}[${listed.map((number) => (number === FIRST_REAL_TIME ? 'RTMIN' : signalName(number).replace(/^SIG/, ''))).join(' ')}]`;
}

/** Two descriptors that the call stores. */
export const descriptorPair = readAfter((at, { task }) => {
  const [first, second] = [task.user.readI32(at), task.user.readI32(at + 4)];
  return first === undefined || second === undefined ? undefined : `[${first}, ${second}]`;
});

/** A status word of wait(2); without a child there is none. */
export const waitStatus = readAfter((at, { task, result }) => {
  const word = result === 0 ? undefined : task.user.readU32(at);
  return word === undefined ? undefined : `[${printStatus(word)}]`;
});

/** How a child ended, stopped or went on, as strace says it. */
function printStatus(word: number): string {
  if (word === 0xffff) return '{WIFCONTINUED(s)}';
  const [low, high] = [word & 0x7f, (word >>> 8) & 0xff];
  if ((word & 0xff) === 0x7f) return `{WIFSTOPPED(s) && WSTOPSIG(s) == ${signalName(high)}}`;
  if (low === 0) return `{WIFEXITED(s) && WEXITSTATUS(s) == ${high}}`;
  return `{WIFSIGNALED(s) && WTERMSIG(s) == ${signalName(low)}${(word & 0x80) !== 0 ? ' && WCOREDUMP(s)' : ''}}`;
}

/** Flags of a call that makes a process, of which the lowest byte is the signal of its end. */
export function withExitSignal(kind: ArgumentKind<number>): ArgumentKind<number> {
  return {
    ...kind,
    print: (value, call, index) => {
      const [signal, flags] = [value & 0xff, value & ~0xff];
      const names = flags === 0 ? [] : [kind.print(flags, call, index)];
      return [...names, ...(signal === 0 ? [] : [signalName(signal)])].join('|') || '0';
    },
  };
}

/** The words for the end of a process, between plus signs in a trace. */
export function describeEnd(status: { kind: 'exited'; code: number } | { kind: 'signaled'; signal: number; coreDumped: boolean }): string {
  if (status.kind === 'exited') return `exited with ${status.code}`;
  return `killed by ${signalName(status.signal)}${status.coreDumped ? ' (core dumped)' : ''}`;
}
