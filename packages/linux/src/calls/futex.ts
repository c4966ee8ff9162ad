// futex(2), futex_waitv(2), set_robust_list(2), get_robust_list(2): waiting at a word of memory.
import {
  address,
  type ArgumentKind,
  defineSystemCall,
  Errno,
  int,
  Pending,
  type SystemCallResult,
  size,
  type Thread,
  unsigned,
} from '@elf/kernel';
import { writeWord } from '../abi/words.ts';
import { requeueToLock, waitToBeRequeued } from '../futex/requeue-to-lock.ts';
import { lockPriority, tryLock, unlockPriority } from '../futex/priority-lock.ts';
import { dequeue, enqueue, futexKey, requeueWaiters, type Waiter, wakeWaiters } from '../futex/waiters.ts';
import { mayInspect } from '../signals/permission.ts';
import { threadState } from '../signals/signal-state.ts';
import {
  absoluteDeadline,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  readTimespec,
  relativeDeadline,
} from '../time-arguments.ts';

// biome-ignore format: a table
const FUTEX = {
  WAIT: 0, WAKE: 1, FD: 2, REQUEUE: 3, CMP_REQUEUE: 4, WAKE_OP: 5, LOCK_PI: 6, UNLOCK_PI: 7, TRYLOCK_PI: 8, WAIT_BITSET: 9, WAKE_BITSET: 10,
  WAIT_REQUEUE_PI: 11, CMP_REQUEUE_PI: 12, LOCK_PI2: 13,
} as const;
/** Commands whose timeout is a moment. */
const ABSOLUTE: readonly number[] = [FUTEX.WAIT_BITSET, FUTEX.LOCK_PI, FUTEX.LOCK_PI2, FUTEX.WAIT_REQUEUE_PI];
const PRIVATE = 128;
const CLOCK_REALTIME_BIT = 256;
const COMMAND_MASK = 127;
/** futex_waitv: FUTEX_32, the only size there is. */
const WAITV_32 = 2;
const LONGEST_WAITV = 128;
const WAITV_BYTES = 24;
/** struct robust_list_head: three words. */
const ROBUST_HEAD_WORDS = 3;

const operation: ArgumentKind<number> = {
  decode: (raw, index) => raw.low[index],
  print: (value) => {
    const name = Object.entries(FUTEX).find(([, number]) => number === (value & COMMAND_MASK))?.[0];
    const text = name === undefined ? `0x${(value & COMMAND_MASK).toString(16)}` : `FUTEX_${name}`;
    const marks = `${value & PRIVATE ? '_PRIVATE' : ''}${value & CLOCK_REALTIME_BIT ? '|FUTEX_CLOCK_REALTIME' : ''}`;
    return text + marks;
  },
};

/** An argument that a trace shows for some commands only. */
function shownFor(kind: ArgumentKind<number>, isShown: (command: number) => boolean): ArgumentKind<number> {
  const commandOf = (call: { low: Int32Array; indexOf(name: string): number }) =>
    call.low[call.indexOf('operation')] & COMMAND_MASK;
  return {
    ...kind,
    print: (value, call, index) => (isShown(commandOf(call)) ? kind.print(value, call, index) : undefined),
  };
}

const SINGLE: readonly number[] = [FUTEX.WAKE, FUTEX.FD, FUTEX.UNLOCK_PI, FUTEX.TRYLOCK_PI, FUTEX.WAKE_BITSET];
const PAIRED: readonly number[] = [
  FUTEX.REQUEUE,
  FUTEX.CMP_REQUEUE,
  FUTEX.WAKE_OP,
  FUTEX.WAIT_REQUEUE_PI,
  FUTEX.CMP_REQUEUE_PI,
];
const BITSETS: readonly number[] = [FUTEX.WAIT_BITSET, FUTEX.WAKE_BITSET];
const bitsOrValue: typeof unsigned = {
  ...unsigned,
  print: (value) => (value === 0xffff_ffff ? 'FUTEX_BITSET_MATCH_ANY' : `0x${value.toString(16)}`),
};

/** An address, or for some commands a count: -1 stays -1. */
const timeoutOrCount: typeof address = {
  ...shownFor(address, (command) => !SINGLE.includes(command)),
  decode: (raw, index) => (raw.high[index] === -1 ? raw.low[index] : address.decode(raw, index)),
};

const pairedAddress = shownFor(address, (command) => PAIRED.includes(command));
const pairedValue = shownFor(
  bitsOrValue,
  (command) => command !== FUTEX.REQUEUE && (PAIRED.includes(command) || BITSETS.includes(command)),
);

/** The value is compared and the wait begun in one step, since nothing else runs meanwhile. */
export const futex = defineSystemCall({
  name: 'futex',
  numbers: { 'x86-64': 202, i386: 240 },
  support: 'partial',
  note: 'An inherited priority decides who is woken first and is told; the scheduler takes turns.',
  arguments: {
    address,
    operation,
    value: unsigned,
    timeout: timeoutOrCount,
    second: pairedAddress,
    third: pairedValue,
  },
  run: (task, values) => {
    const { address: at, value } = values;
    const command = values.operation & COMMAND_MASK;
    const isPrivate = (values.operation & PRIVATE) !== 0;
    const isRealtime = (values.operation & CLOCK_REALTIME_BIT) !== 0;
    const takesClock = command === FUTEX.WAIT_BITSET || command === FUTEX.LOCK_PI2 || command === FUTEX.WAIT_REQUEUE_PI;
    if (isRealtime && !takesClock) return -Errno.ENOSYS;
    const deadline = deadlineOf(task, command, values.timeout, isRealtime);
    if (deadline !== undefined && deadline < 0) return deadline;
    if (at % 4 !== 0) return -Errno.EINVAL;
    if (at >= task.process.space.layout.taskSize) return -Errno.EFAULT;
    switch (command) {
      case FUTEX.WAIT:
        return wait(task, at, isPrivate, value, 0xffff_ffff, deadline);
      case FUTEX.WAIT_BITSET:
        return wait(task, at, isPrivate, value, values.third, deadline);
      case FUTEX.WAKE:
        return wake(task, at, isPrivate, value, 0xffff_ffff);
      case FUTEX.WAKE_BITSET:
        return wake(task, at, isPrivate, value, values.third);
      case FUTEX.REQUEUE:
        return requeue(task, values, isPrivate, undefined);
      case FUTEX.CMP_REQUEUE:
        return requeue(task, values, isPrivate, values.third);
      case FUTEX.WAKE_OP:
        return wakeOperation(task, values, isPrivate);
      case FUTEX.LOCK_PI:
      case FUTEX.LOCK_PI2:
        return lockPriority(task, at, isPrivate, deadline);
      case FUTEX.TRYLOCK_PI:
        return tryLock(task, at, isPrivate);
      case FUTEX.UNLOCK_PI:
        return unlockPriority(task, at, isPrivate);
      case FUTEX.WAIT_REQUEUE_PI:
        return waitToBeRequeued(task, values, isPrivate, deadline);
      case FUTEX.CMP_REQUEUE_PI:
        return requeueToLock(task, values, values.timeout | 0, values.third, isPrivate);
      default:
        return -Errno.ENOSYS;
    }
  },
});

/** Waits at several words at once; the result is the index of the one that was woken. */
export const futexWaitv = defineSystemCall({
  name: 'futex_waitv',
  numbers: { 'x86-64': 449 },
  support: 'full',
  arguments: { waiters: address, count: unsigned, flags: unsigned, timeout: address, clock: int },
  run: (task, { waiters: table, count, flags, timeout, clock }) => {
    if (flags !== 0 || count === 0 || count > LONGEST_WAITV) return -Errno.EINVAL;
    if (timeout !== 0 && clock !== 0 && clock !== 1) return -Errno.EINVAL;
    const time = timeout === 0 ? undefined : readTimespec(task, timeout);
    if (typeof time === 'number') return time;
    if (table === 0) return -Errno.EINVAL;
    const bytes = task.user.read(table, count * WAITV_BYTES);
    if (bytes === undefined) return -Errno.EFAULT;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const rows = Array.from({ length: count }, (_, index) => ({
      value: Number(view.getBigUint64(index * WAITV_BYTES, true)),
      at: Number(view.getBigUint64(index * WAITV_BYTES + 8, true)),
      flags: view.getUint32(index * WAITV_BYTES + 16, true),
      reserved: view.getUint32(index * WAITV_BYTES + 20, true),
    }));
    if (rows.some((row) => (row.flags & ~PRIVATE) !== WAITV_32 || row.reserved !== 0 || row.at % 4 !== 0))
      return -Errno.EINVAL;
    for (const row of rows) {
      const current = task.user.readU32(row.at);
      if (current === undefined) return -Errno.EFAULT;
      if (current !== row.value) return -Errno.EAGAIN;
    }
    const joined = rows.map((row) => enqueue(task, futexKey(task, row.at, (row.flags & PRIVATE) !== 0)));
    const attempt = () => {
      const woken = joined.findIndex((waiter) => waiter.isWoken);
      if (woken < 0) return undefined;
      for (const waiter of joined) dequeue(waiter);
      return woken;
    };
    return pending(joined, attempt, time && absoluteDeadline(task, time, clock), timeout === 0);
  },
});

export const setRobustList = defineSystemCall({
  name: 'set_robust_list',
  numbers: { 'x86-64': 273, i386: 311 },
  support: 'full',
  arguments: { head: address, length: size },
  run: (task, { head, length }) => {
    if (length !== ROBUST_HEAD_WORDS * task.wordBytes) return -Errno.EINVAL;
    threadState(task).robustList = { address: head, length };
    return 0;
  },
});

export const getRobustList = defineSystemCall({
  name: 'get_robust_list',
  numbers: { 'x86-64': 274, i386: 312 },
  support: 'full',
  arguments: { thread: int, head: address, length: address },
  run: (task, values) => {
    const thread = values.thread === 0 ? task : task.kernel.threads.get(values.thread);
    if (thread === undefined) return -Errno.ESRCH;
    if (!mayInspect(task, thread.process)) return -Errno.EPERM;
    const { address: head } = threadState(thread).robustList;
    const stored =
      writeWord(task, values.length, ROBUST_HEAD_WORDS * task.wordBytes) && writeWord(task, values.head, head);
    return stored ? 0 : -Errno.EFAULT;
  },
});

/** The timeout argument where the command has one: a monotonic deadline, undefined for none, or a negated error. */
function deadlineOf(task: Thread, command: number, at: number, isRealtime: boolean): number | undefined {
  if (at === 0) return undefined;
  const isAbsolute = ABSOLUTE.includes(command);
  if (!isAbsolute && command !== FUTEX.WAIT) return undefined;
  const time = readTimespec(task, at);
  if (typeof time === 'number') return time;
  return isAbsolute
    ? absoluteDeadline(task, time, isRealtime || command === FUTEX.LOCK_PI ? CLOCK_REALTIME : CLOCK_MONOTONIC)
    : relativeDeadline(task, time);
}

function wait(
  task: Thread,
  at: number,
  isPrivate: boolean,
  expected: number,
  bits: number,
  deadline: number | undefined,
): SystemCallResult {
  if (bits === 0) return -Errno.EINVAL;
  const current = task.user.readU32(at);
  if (current === undefined) return -Errno.EFAULT;
  if (current !== expected) return -Errno.EAGAIN;
  const waiter = enqueue(task, futexKey(task, at, isPrivate), bits);
  return pending([waiter], () => (waiter.isWoken ? 0 : undefined), deadline, deadline === undefined);
}

function pending(
  waiters: readonly Waiter[],
  attempt: () => number | undefined,
  deadline: number | undefined,
  restartable: boolean,
): Pending {
  const giveUp = (result: number) => () => {
    for (const waiter of waiters) dequeue(waiter);
    return result;
  };
  return new Pending({
    queues: [],
    deadline,
    attempt,
    expire: giveUp(-Errno.ETIMEDOUT),
    interrupt: giveUp(-Errno.EINTR),
    restartable,
  });
}

/** A count of zero (or a negative one) wakes one all the same (kernel/futex/waitwake.c). */
function wake(task: Thread, at: number, isPrivate: boolean, count: number, bits: number): number {
  if (bits === 0) return -Errno.EINVAL;
  if (!isPrivate && isLost(task, at)) return -Errno.EFAULT;
  return wakeWaiters(futexKey(task, at, isPrivate), Math.max(1, count | 0), bits);
}

/** A shared word is found by its page: without one there is nothing to wake at (kernel/futex/core.c, get_futex_key). */
function isLost(task: Thread, at: number): boolean {
  return task.user.readU32(at) === undefined;
}

interface TwoWords {
  readonly address: number;
  readonly value: number;
  /** The second count travels where the timeout would. */
  readonly timeout: number;
  readonly second: number;
  readonly third: number;
}

function requeue(task: Thread, values: TwoWords, isPrivate: boolean, expected: number | undefined): number {
  const limit = values.timeout | 0;
  if ((values.value | 0) < 0 || limit < 0 || values.second % 4 !== 0) return -Errno.EINVAL;
  if (expected !== undefined) {
    const current = task.user.readU32(values.address);
    if (current === undefined) return -Errno.EFAULT;
    if (current !== expected) return -Errno.EAGAIN;
  }
  if (!isPrivate && (isLost(task, values.address) || isLost(task, values.second))) return -Errno.EFAULT;
  const from = futexKey(task, values.address, isPrivate);
  const woken = wakeWaiters(from, values.value);
  const moved = woken < 0 ? woken : requeueWaiters(from, futexKey(task, values.second, isPrivate), limit);
  return moved < 0 ? moved : woken + moved;
}

/** FUTEX_WAKE_OP: changes the second word, wakes at the first, and at the second when its old value compares. */
function wakeOperation(task: Thread, values: TwoWords, isPrivate: boolean): number {
  if (values.second % 4 !== 0) return -Errno.EINVAL;
  const code = values.third;
  const shifts = (code & 0x8000_0000) !== 0;
  // Two signed fields of twelve bits.
  const given = (code << 8) >> 20;
  const argument = shifts ? 1 << (given & 31) : given;
  const comparand = (code << 20) >> 20;
  const old = task.user.readI32(values.second);
  if (old === undefined) return -Errno.EFAULT;
  const changed = [argument, old + argument, old | argument, old & ~argument, old ^ argument][(code >>> 28) & 7];
  const compared = [
    old === comparand,
    old !== comparand,
    old < comparand,
    old <= comparand,
    old > comparand,
    old >= comparand,
  ][(code >>> 24) & 15];
  if (changed === undefined) return -Errno.ENOSYS;
  if (!task.user.writeU32(values.second, changed)) return -Errno.EFAULT;
  if (compared === undefined) return -Errno.ENOSYS;
  const woken = wake(task, values.address, isPrivate, values.value, 0xffff_ffff);
  if (woken < 0 || !compared) return woken;
  const others = wake(task, values.second, isPrivate, values.timeout, 0xffff_ffff);
  return others < 0 ? others : woken + others;
}
