// eventfd(2), timerfd_create(2), signalfd(2): counters, timers and signals as descriptors.
import {
  address,
  createEventCounter,
  createTimerFile,
  defineSystemCall,
  descriptor,
  Errno,
  flagSet,
  type OpenFile,
  OpenDescription,
  oneOf,
  size,
  type Thread,
  TimerControl,
  unsigned,
} from '@elf/kernel';
import { EFD_NAMES, SFD_NAMES, TFD_NAMES, TFD_TIMER_NAMES } from '../abi/flags/event-flags.ts';
import { O } from '../abi/flags/file-flags.ts';
import { structOut } from '../abi/struct-arguments.ts';
import { itimerspec, itimerspecFields, printItimerspec } from '../abi/structs/time.ts';
import { describe } from '../files-at.ts';
import { createSignalFile, SignalFileControl } from '../signals/signal-file.ts';
import { UNBLOCKABLE } from '../signals/signal-state.ts';
import { absoluteDeadline, readTimespec, relativeDeadline } from '../time-arguments.ts';

// biome-ignore format: a table
const TIMER_CLOCKS = { CLOCK_REALTIME: 0, CLOCK_MONOTONIC: 1, CLOCK_BOOTTIME: 7, CLOCK_REALTIME_ALARM: 8, CLOCK_BOOTTIME_ALARM: 9 } as const;
const MASK_BYTES = 8;

export const eventfd = defineSystemCall({
  name: 'eventfd',
  numbers: { 'x86-64': 284, i386: 323 },
  support: 'full',
  arguments: { count: unsigned },
  run: (task, { count }) => insert(task, createEventCounter(BigInt(count), false), 0),
});

export const eventfd2 = defineSystemCall({
  name: 'eventfd2',
  numbers: { 'x86-64': 290, i386: 328 },
  support: 'full',
  arguments: { count: unsigned, flags: flagSet(EFD_NAMES) },
  run: (task, { count, flags }) => {
    if ((flags & ~(EFD_NAMES.EFD_SEMAPHORE | O.NONBLOCK | O.CLOEXEC)) !== 0) return -Errno.EINVAL;
    return insert(task, createEventCounter(BigInt(count), (flags & EFD_NAMES.EFD_SEMAPHORE) !== 0), flags);
  },
});

export const timerfdCreate = defineSystemCall({
  name: 'timerfd_create',
  numbers: { 'x86-64': 283, i386: 322 },
  support: 'full',
  arguments: { clock: oneOf(TIMER_CLOCKS), flags: flagSet(TFD_NAMES) },
  run: (task, { clock, flags }) => {
    if ((flags & ~(O.NONBLOCK | O.CLOEXEC)) !== 0) return -Errno.EINVAL;
    if (!Object.values(TIMER_CLOCKS).some((known) => known === clock)) return -Errno.EINVAL;
    const { kernel } = task;
    const port = {
      now: () => kernel.host.clock.monotonic(),
      add: (at: number, expire: () => void) => kernel.addTimer(at, expire),
    };
    return insert(task, createTimerFile(port, clock), flags);
  },
});

export const timerfdSettime = defineSystemCall({
  name: 'timerfd_settime',
  numbers: { 'x86-64': 286, i386: 325 },
  support: 'partial',
  note: 'TFD_TIMER_CANCEL_ON_SET is accepted: the clock is never set.',
  arguments: {
    fd: descriptor,
    flags: flagSet(TFD_TIMER_NAMES),
    time: address,
    old: structOut(itimerspec, printItimerspec),
  },
  run: (task, { fd, flags, time, old }) => {
    const interval = readTimespec(task, time);
    const first = readTimespec(task, time + 16);
    if (interval === -Errno.EFAULT || first === -Errno.EFAULT) return -Errno.EFAULT;
    if (typeof interval === 'number' || typeof first === 'number' || (flags & ~3) !== 0) return -Errno.EINVAL;
    const control = timerOf(task, fd);
    if (typeof control === 'number') return control;
    const before = control.remaining();
    const isAbsolute = (flags & TFD_TIMER_NAMES.TFD_TIMER_ABSTIME) !== 0;
    const deadline = isAbsolute
      ? Math.max(1, absoluteDeadline(task, first, control.clock))
      : relativeDeadline(task, first);
    control.arm(first.nanoseconds === 0 ? 0 : deadline, interval.nanoseconds);
    return old.isNull ? 0 : old.write(itimerspecFields(before));
  },
});

export const timerfdGettime = defineSystemCall({
  name: 'timerfd_gettime',
  numbers: { 'x86-64': 287, i386: 326 },
  support: 'full',
  arguments: { fd: descriptor, current: structOut(itimerspec, printItimerspec) },
  run: (task, { fd, current }) => {
    const control = timerOf(task, fd);
    return typeof control === 'number' ? control : current.write(itimerspecFields(control.remaining()));
  },
});

export const signalfd = defineSystemCall({
  name: 'signalfd',
  numbers: { 'x86-64': 282, i386: 321 },
  support: 'full',
  arguments: { fd: descriptor, mask: address, length: size },
  run: (task, values) => watchSignals(task, { ...values, flags: 0 }),
});

export const signalfd4 = defineSystemCall({
  name: 'signalfd4',
  numbers: { 'x86-64': 289, i386: 327 },
  support: 'full',
  arguments: { fd: descriptor, mask: address, length: size, flags: flagSet(SFD_NAMES) },
  run: watchSignals,
});

interface SignalWatch {
  readonly fd: number;
  readonly mask: number;
  readonly length: number;
  readonly flags: number;
}

function watchSignals(task: Thread, { fd, mask, length, flags }: SignalWatch): number {
  if (length !== MASK_BYTES) return -Errno.EINVAL;
  const given = task.user.readU64(mask);
  if (given === undefined) return -Errno.EFAULT;
  if ((flags & ~(O.NONBLOCK | O.CLOEXEC)) !== 0) return -Errno.EINVAL;
  const set = given & ~UNBLOCKABLE;
  if (fd === -1) return insert(task, createSignalFile(task.kernel, set), flags);
  const description = describe(task, fd);
  if (typeof description === 'number') return description;
  const { control } = description.file;
  if (!(control instanceof SignalFileControl)) return -Errno.EINVAL;
  control.change(set);
  return fd;
}

function timerOf(task: Thread, fd: number): TimerControl | number {
  const description = describe(task, fd);
  if (typeof description === 'number') return description;
  const { control } = description.file;
  return control instanceof TimerControl ? control : -Errno.EINVAL;
}

function insert(task: Thread, file: OpenFile, flags: number): number {
  const mode = { readable: true, writable: true, append: false, nonBlocking: (flags & O.NONBLOCK) !== 0 };
  return task.process.descriptors.insert(new OpenDescription(file, mode), (flags & O.CLOEXEC) !== 0);
}
