// epoll_create(2), epoll_ctl(2), epoll_wait(2) and their forms: readiness of many descriptors without naming them each time.
import {
  address,
  createInterestFile,
  defineSystemCall,
  descriptor,
  Errno,
  flagSet,
  type Interest,
  interestListOf,
  int,
  OpenDescription,
  oneOf,
  Pending,
  type PrintedCall,
  printFlags,
  type Report,
  type SystemCallResult,
  type Thread,
  unsigned,
  unsignedArgument,
} from '@elf/kernel';
import { EPOLL_EVENT_NAMES } from '../abi/flags/event-flags.ts';
import { O } from '../abi/flags/file-flags.ts';
import { describe } from '../files-at.ts';
import { withSignalMask } from '../signals/temporary-mask.ts';
import { readTimespec, relativeDeadline } from '../time-arguments.ts';

const CONTROL = { EPOLL_CTL_ADD: 1, EPOLL_CTL_DEL: 2, EPOLL_CTL_MOD: 3 } as const;
/** struct epoll_event is packed on x86: 32 bits of events, 64 of data. */
const EVENT_BYTES = 12;
const LARGEST_WAIT = Math.floor(0x7fff_ffff / EVENT_BYTES);
const { EPOLLEXCLUSIVE, EPOLLONESHOT, EPOLLET, EPOLLWAKEUP } = EPOLL_EVENT_NAMES;
const INPUT_BITS = 0x7fff;
/** What may stand beside EPOLLEXCLUSIVE (fs/eventpoll.c, EPOLLEXCLUSIVE_OK_BITS). */
const BESIDE_EXCLUSIVE = 0x1 | 0x4 | 0x8 | 0x10 | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;

const events = {
  decode: address.decode,
  print: (at: number, call: PrintedCall, index: number) => {
    const count = call.result ?? -1;
    if (count < 0) return address.print(at, call, index);
    const parts = Array.from({ length: count }, (_, which) => printEvent(call.task, at + which * EVENT_BYTES));
    return `[${parts.join(', ')}]`;
  },
};
const event = {
  decode: address.decode,
  print: (at: number, call: PrintedCall, index: number) =>
    unsignedArgument(call, 1) === CONTROL.EPOLL_CTL_DEL || at === 0
      ? address.print(at, call, index)
      : printEvent(call.task, at),
};

export const epollCreate = defineSystemCall({
  name: 'epoll_create',
  numbers: { 'x86-64': 213, i386: 254 },
  support: 'full',
  arguments: { size: int },
  run: (task, { size }) => (size <= 0 ? -Errno.EINVAL : create(task, 0)),
});

export const epollCreate1 = defineSystemCall({
  name: 'epoll_create1',
  numbers: { 'x86-64': 291, i386: 329 },
  support: 'full',
  arguments: { flags: flagSet({ EPOLL_CLOEXEC: O.CLOEXEC }) },
  run: (task, { flags }) => create(task, flags),
});

export const epollCtl = defineSystemCall({
  name: 'epoll_ctl',
  numbers: { 'x86-64': 233, i386: 255 },
  support: 'full',
  arguments: { list: descriptor, operation: oneOf(CONTROL), fd: descriptor, event },
  run: (task, values) => {
    const { operation } = values;
    const bytes = operation === CONTROL.EPOLL_CTL_DEL ? new Uint8Array(EVENT_BYTES) : readEvent(task, values.event);
    if (bytes === undefined) return -Errno.EFAULT;
    const description = describe(task, values.list);
    const target = describe(task, values.fd);
    if (typeof description === 'number') return description;
    if (typeof target === 'number' || target.mode.pathOnly) return -Errno.EBADF;
    // Files that are always ready cannot be waited for.
    if (target.file.isSeekable && target.file.changes === undefined) return -Errno.EPERM;
    const list = interestListOf(description);
    if (list === undefined || target === description) return -Errno.EINVAL;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const bits = view.getUint32(0, true);
    const isExclusive = (bits & EPOLLEXCLUSIVE) !== 0;
    if (operation === CONTROL.EPOLL_CTL_MOD && isExclusive) return -Errno.EINVAL;
    if (operation === CONTROL.EPOLL_CTL_ADD && isExclusive) {
      if (interestListOf(target) !== undefined || (bits & ~BESIDE_EXCLUSIVE) !== 0) return -Errno.EINVAL;
    }
    const interest: Interest = {
      events: bits & INPUT_BITS,
      edgeTriggered: (bits & EPOLLET) !== 0,
      oneShot: (bits & EPOLLONESHOT) !== 0,
      exclusive: isExclusive,
      data: view.getBigUint64(4, true),
    };
    switch (operation) {
      case CONTROL.EPOLL_CTL_ADD:
        return list.add(values.fd, target, interest);
      case CONTROL.EPOLL_CTL_MOD:
        return list.change(values.fd, target, interest);
      case CONTROL.EPOLL_CTL_DEL:
        return list.remove(values.fd, target);
      default:
        return -Errno.EINVAL;
    }
  },
});

export const epollWait = defineSystemCall({
  name: 'epoll_wait',
  numbers: { 'x86-64': 232, i386: 256 },
  support: 'full',
  arguments: { list: descriptor, events, maximum: int, timeout: int },
  run: (task, values) => wait(task, values, () => milliseconds(task, values.timeout)),
});

export const epollPwait = defineSystemCall({
  name: 'epoll_pwait',
  numbers: { 'x86-64': 281, i386: 319 },
  support: 'full',
  arguments: { list: descriptor, events, maximum: int, timeout: int, mask: address, length: unsigned },
  run: (task, values) =>
    withSignalMask(task, values.mask, values.length, () =>
      wait(task, values, () => milliseconds(task, values.timeout)),
    ),
});

export const epollPwait2 = defineSystemCall({
  name: 'epoll_pwait2',
  numbers: { 'x86-64': 441 },
  support: 'full',
  arguments: { list: descriptor, events, maximum: int, timeout: address, mask: address, length: unsigned },
  run: (task, values) => {
    const time = values.timeout === 0 ? undefined : readTimespec(task, values.timeout);
    if (typeof time === 'number') return time;
    return withSignalMask(task, values.mask, values.length, () =>
      wait(task, values, () => time && relativeDeadline(task, time)),
    );
  },
});

function create(task: Thread, flags: number): number {
  if ((flags & ~O.CLOEXEC) !== 0) return -Errno.EINVAL;
  const mode = { readable: true, writable: true, append: false, nonBlocking: false };
  return task.process.descriptors.insert(new OpenDescription(createInterestFile(), mode), flags !== 0);
}

interface WaitArguments {
  readonly list: number;
  readonly events: number;
  readonly maximum: number;
}

function wait(task: Thread, values: WaitArguments, limit: () => number | undefined): SystemCallResult {
  const { events: at, maximum } = values;
  if (maximum <= 0 || maximum > LARGEST_WAIT) return -Errno.EINVAL;
  if (at + maximum * EVENT_BYTES > task.process.space.layout.taskSize) return -Errno.EFAULT;
  const description = describe(task, values.list);
  if (typeof description === 'number') return description;
  const list = interestListOf(description);
  if (list === undefined) return -Errno.EINVAL;
  const attempt = () => {
    const reports = list.take(maximum);
    if (reports.length === 0) return undefined;
    return task.user.write(at, encode(reports)) ? reports.length : -Errno.EFAULT;
  };
  const now = attempt();
  if (now !== undefined) return now;
  const deadline = limit();
  if (deadline !== undefined && deadline <= task.host.clock.monotonic()) return 0;
  return new Pending({ queues: [list.changes], attempt, deadline });
}

function milliseconds(task: Thread, timeout: number): number | undefined {
  return timeout < 0 ? undefined : task.host.clock.monotonic() + timeout * 1e6;
}

function readEvent(task: Thread, at: number): Uint8Array | undefined {
  return task.user.read(at, EVENT_BYTES);
}

function encode(reports: readonly Report[]): Uint8Array {
  const bytes = new Uint8Array(reports.length * EVENT_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, report] of reports.entries()) {
    view.setUint32(index * EVENT_BYTES, report.events, true);
    view.setBigUint64(index * EVENT_BYTES + 4, report.data, true);
  }
  return bytes;
}

function printEvent(task: Thread, at: number): string {
  const bytes = readEvent(task, at);
  if (bytes === undefined) return `0x${at.toString(16)}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const bits = printFlags(view.getUint32(0, true), EPOLL_EVENT_NAMES);
  return `{events=${bits}, data={u32=${view.getUint32(4, true)}, u64=${view.getBigUint64(4, true)}}}`;
}
