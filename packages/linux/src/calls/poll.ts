// poll(2), ppoll(2), select(2), pselect6(2): readiness of many descriptors.
import {
  address,
  defineSystemCall,
  Errno,
  int,
  Pending,
  type PendingRequest,
  Readiness,
  type SystemCallResult,
  type Thread,
  unsigned,
  WaitQueue,
} from '@elf/kernel';

const POLLNVAL = 0x20;
/** Reported without being asked for. */
const ALWAYS = Readiness.Error | Readiness.HangUp;

export const poll = defineSystemCall({
  name: 'poll',
  numbers: { 'x86-64': 7 },
  support: 'full',
  arguments: { descriptors: address, count: unsigned, timeout: int },
  run: (task, values) => {
    const deadline = values.timeout < 0 ? undefined : task.host.clock.monotonic() + values.timeout * 1e6;
    return pollDescriptors(task, values.descriptors, values.count, deadline);
  },
});

export const ppoll = defineSystemCall({
  name: 'ppoll',
  numbers: { 'x86-64': 271 },
  support: 'partial',
  note: 'The signal mask is not applied.',
  arguments: { descriptors: address, count: unsigned, timeout: address, mask: address, length: unsigned },
  run: (task, values) => {
    const deadline = timeoutAt(task, values.timeout, 1);
    if (deadline === 'fault') return -Errno.EFAULT;
    return pollDescriptors(task, values.descriptors, values.count, deadline);
  },
});

export const select = defineSystemCall({
  name: 'select',
  numbers: { 'x86-64': 23 },
  support: 'full',
  arguments: { count: int, readable: address, writable: address, exceptional: address, timeout: address },
  run: (task, values) => {
    const deadline = timeoutAt(task, values.timeout, 1000);
    if (deadline === 'fault') return -Errno.EFAULT;
    return selectDescriptors(task, values.count, [values.readable, values.writable, values.exceptional], deadline);
  },
});

export const pselect6 = defineSystemCall({
  name: 'pselect6',
  numbers: { 'x86-64': 270 },
  support: 'partial',
  note: 'The signal mask is not applied.',
  arguments: {
    count: int,
    readable: address,
    writable: address,
    exceptional: address,
    timeout: address,
    mask: address,
  },
  run: (task, values) => {
    const deadline = timeoutAt(task, values.timeout, 1);
    if (deadline === 'fault') return -Errno.EFAULT;
    return selectDescriptors(task, values.count, [values.readable, values.writable, values.exceptional], deadline);
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
  const length = Math.ceil(Math.min(count, task.process.descriptors.limit) / 64) * 8;
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

/** Deadline of a timespec (unit 1) or timeval (unit 1000); undefined: no limit. */
function timeoutAt(task: Thread, at: number, unit: number): number | undefined | 'fault' {
  if (at === 0) return undefined;
  const seconds = task.user.readU64(at);
  const rest = task.user.readU64(at + 8);
  if (seconds === undefined || rest === undefined) return 'fault';
  return task.host.clock.monotonic() + Number(seconds) * 1e9 + Number(rest) * unit;
}
