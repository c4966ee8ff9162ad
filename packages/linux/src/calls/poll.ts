// poll(2), ppoll(2), select(2), pselect6(2): readiness of many descriptors.
import {
  address,
  defineSystemCall,
  Errno,
  int,
  Pending,
  type PendingRequest,
  type PrintedCall,
  printFlags,
  Readiness,
  type SystemCallResult,
  type Thread,
  unsigned,
  unsignedArgument,
  WaitQueue,
} from '@elf/kernel';
import { POLL_EVENT_NAMES } from '../abi/flags/event-flags.ts';
import { readTimevalFields, writeTimespec, writeTimeval } from '../abi/structs/time.ts';
import { readWord } from '../abi/words.ts';
import { withSignalMask } from '../signals/temporary-mask.ts';
import { readTimespec, relativeDeadline } from '../time-arguments.ts';
import { threadAttributes } from '../thread-attributes.ts';

const POLLNVAL = POLL_EVENT_NAMES.POLLNVAL;
/** Reported without being asked for. */
const ALWAYS = Readiness.Error | Readiness.HangUp;

const ENTRY_BYTES = 8;
const PRINTED_ENTRIES = 32;

/** An array of struct pollfd, printed with what came of it. */
const descriptors = {
  decode: address.decode,
  print: (at: number, call: PrintedCall, index: number) => {
    const count = Math.min(unsignedArgument(call, 1), PRINTED_ENTRIES);
    const bytes = call.task.user.read(at, count * ENTRY_BYTES);
    if (bytes === undefined) return address.print(at, call, index);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const entries = Array.from({ length: count }, (_, which) => {
      const fd = view.getInt32(which * ENTRY_BYTES, true);
      const wanted = printFlags(view.getUint16(which * ENTRY_BYTES + 4, true), POLL_EVENT_NAMES);
      const found = view.getUint16(which * ENTRY_BYTES + 6, true);
      return `{fd=${fd}, events=${wanted}${found === 0 ? '' : `, revents=${printFlags(found, POLL_EVENT_NAMES)}`}}`;
    });
    return `[${entries.join(', ')}]`;
  },
};

/** personality(2): the time left is not stored. */
const STICKY_TIMEOUTS = 0x400_0000;

export const poll = defineSystemCall({
  name: 'poll',
  numbers: { 'x86-64': 7, i386: 168 },
  support: 'full',
  arguments: { descriptors, count: unsigned, timeout: int },
  run: (task, values) => {
    const deadline = values.timeout < 0 ? undefined : task.host.clock.monotonic() + values.timeout * 1e6;
    return pollDescriptors(task, values.descriptors, values.count, deadline);
  },
});

export const ppoll = defineSystemCall({
  name: 'ppoll',
  numbers: { 'x86-64': 271, i386: 309 },
  support: 'full',
  arguments: { descriptors, count: unsigned, timeout: address, mask: address, length: unsigned },
  run: (task, values) => {
    const time = values.timeout === 0 ? undefined : readTimespec(task, values.timeout);
    if (typeof time === 'number') return time;
    const deadline = time && relativeDeadline(task, time);
    const result = withSignalMask(task, values.mask, values.length, () =>
      pollDescriptors(task, values.descriptors, values.count, deadline),
    );
    return withTimeLeft(task, result, deadline, (left) => writeTimespec(task, values.timeout, left));
  },
});

export const select = defineSystemCall({
  name: 'select',
  numbers: { 'x86-64': 23 },
  support: 'full',
  arguments: { count: int, readable: address, writable: address, exceptional: address, timeout: address },
  run: (task, values) => {
    const deadline = timevalDeadline(task, values.timeout);
    if (deadline !== undefined && deadline < 0) return deadline;
    const sets = [values.readable, values.writable, values.exceptional];
    const result = selectDescriptors(task, values.count, sets, deadline);
    return withTimeLeft(task, result, deadline, (left) => writeTimeval(task, values.timeout, left));
  },
});

export const pselect6 = defineSystemCall({
  name: 'pselect6',
  numbers: { 'x86-64': 270, i386: 308 },
  support: 'full',
  arguments: {
    count: int,
    readable: address,
    writable: address,
    exceptional: address,
    timeout: address,
    mask: address,
  },
  run: (task, values) => {
    const time = values.timeout === 0 ? undefined : readTimespec(task, values.timeout);
    if (typeof time === 'number') return time;
    // The sixth argument points to the mask's address and length (man 2 select).
    const mask = values.mask === 0 ? 0 : readWord(task, values.mask);
    const length = values.mask === 0 ? 0 : readWord(task, values.mask + task.wordBytes);
    if (mask === undefined || length === undefined) return -Errno.EFAULT;
    const sets = [values.readable, values.writable, values.exceptional];
    const deadline = time && relativeDeadline(task, time);
    const result = withSignalMask(task, mask, length, () => selectDescriptors(task, values.count, sets, deadline));
    return withTimeLeft(task, result, deadline, (left) => writeTimespec(task, values.timeout, left));
  },
});

function pollDescriptors(task: Thread, at: number, count: number, deadline: number | undefined): SystemCallResult {
  const table = task.process.descriptors;
  if (count > table.limit) return -Errno.EINVAL;
  const entries = task.user.read(at, count * 8);
  if (entries === undefined) return -Errno.EFAULT;
  const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
  const attempt = () => {
    let ready = 0;
    for (let index = 0; index < count; index++) {
      const number = view.getInt32(index * 8, true);
      const wanted = view.getInt16(index * 8 + 4, true);
      const file = number < 0 ? undefined : table.get(number);
      const found = number < 0 ? 0 : file === undefined ? POLLNVAL : file.file.readiness() & (wanted | ALWAYS);
      view.setInt16(index * 8 + 6, found, true);
      if (found !== 0) ready++;
    }
    if (ready === 0) return undefined;
    return task.user.write(at, entries) ? ready : -Errno.EFAULT;
  };
  const numbers = Array.from({ length: count }, (_, index) => view.getInt32(index * 8, true));
  return waitFor(task, numbers, attempt, deadline, () => (task.user.write(at, entries) ? 0 : -Errno.EFAULT));
}

function selectDescriptors(
  task: Thread,
  count: number,
  sets: readonly number[],
  deadline: number | undefined,
): SystemCallResult {
  if (count < 0) return -Errno.EINVAL;
  const length = Math.ceil(Math.min(count, task.process.descriptors.limit) / (8 * task.wordBytes)) * task.wordBytes;
  const asked = sets.map((at) => (at === 0 ? undefined : task.user.read(at, length)));
  if (asked.some((bytes, index) => bytes === undefined && sets[index] !== 0)) return -Errno.EFAULT;
  const bits = [Readiness.Readable | ALWAYS, Readiness.Writable | Readiness.Error, Readiness.Priority];
  const isSet = (bytes: Uint8Array | undefined, number: number) =>
    bytes !== undefined && (bytes[number >> 3] & (1 << (number & 7))) !== 0;
  const numbers: number[] = [];
  for (let number = 0; number < Math.min(count, length * 8); number++)
    if (asked.some((bytes) => isSet(bytes, number))) numbers.push(number);
  if (numbers.some((number) => task.process.descriptors.get(number) === undefined)) return -Errno.EBADF;
  const store = (results: readonly Uint8Array[]) =>
    sets.every((at, index) => at === 0 || task.user.write(at, results[index]));
  const empty = () => sets.map(() => new Uint8Array(length));
  const attempt = () => {
    const results = empty();
    let ready = 0;
    for (const number of numbers) {
      const state = task.process.descriptors.get(number)?.file.readiness() ?? 0;
      for (const [index, mask] of bits.entries()) {
        if (!isSet(asked[index], number) || (state & mask) === 0) continue;
        results[index][number >> 3] |= 1 << (number & 7);
        ready++;
      }
    }
    if (ready === 0) return undefined;
    return store(results) ? ready : -Errno.EFAULT;
  };
  return waitFor(task, numbers, attempt, deadline, () => (store(empty()) ? 0 : -Errno.EFAULT));
}

function waitFor(
  task: Thread,
  numbers: readonly number[],
  attempt: PendingRequest['attempt'],
  deadline: number | undefined,
  expire: () => number,
): SystemCallResult {
  const now = attempt();
  if (now !== undefined) return now;
  if (deadline !== undefined && deadline <= task.host.clock.monotonic()) return expire();
  const queues = numbers
    .map((number) => task.process.descriptors.get(number)?.file.changes)
    .filter((queue) => queue instanceof WaitQueue);
  return new Pending({ queues, attempt, deadline, expire });
}

/** Has the time left stored whatever the result is, as long as there was a limit (fs/select.c, poll_select_finish). */
function withTimeLeft(
  task: Thread,
  result: SystemCallResult,
  deadline: number | undefined,
  store: (left: number) => void,
): SystemCallResult {
  if (deadline === undefined || (threadAttributes(task).persona & STICKY_TIMEOUTS) !== 0) return result;
  const stored = <T>(value: T): T => {
    if (value !== undefined) store(Math.max(0, deadline - task.host.clock.monotonic()));
    return value;
  };
  if (!(result instanceof Pending)) return stored(result);
  const { request } = result;
  return new Pending({
    ...request,
    attempt: () => stored(request.attempt()),
    expire: () => stored(request.expire?.() ?? 0),
    interrupt: () => stored(request.interrupt?.() ?? -Errno.EINTR),
  });
}

/** Deadline of a timeval: undefined without one, a negated error for a bad one. Microseconds may be many, as the kernel allows. */
function timevalDeadline(task: Thread, at: number): number | undefined {
  if (at === 0) return undefined;
  const time = readTimevalFields(task, at);
  if (time === undefined) return -Errno.EFAULT;
  const { seconds: whole, microseconds: part } = time;
  if (whole < 0 || part < 0) return -Errno.EINVAL;
  return task.host.clock.monotonic() + whole * 1e9 + part * 1000;
}
