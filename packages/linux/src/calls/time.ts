// Clocks and sleeps: clock_gettime(2), gettimeofday(2), nanosleep(2), times(2), getrusage(2), setitimer(2).
import { address, defineSystemCall, Errno, int, oneOf, Pending, type SystemCallResult, type Thread } from '@elf/kernel';
import { structIn, structOut } from '../abi/struct-arguments.ts';
import { rusage } from '../abi/structs/system.ts';
import {
  itimerval,
  nanosecondsOf,
  printTimespec,
  printTimeval,
  timespec,
  timespecFields,
  timeval,
  timezone,
  tms,
} from '../abi/structs/time.ts';
import { writeWord } from '../abi/words.ts';
import { processState } from '../signals/signal-state.ts';
import { setAlarm } from './signals.ts';

// biome-ignore format: a table
const CLOCKS = {
  CLOCK_REALTIME: 0, CLOCK_MONOTONIC: 1, CLOCK_PROCESS_CPUTIME_ID: 2, CLOCK_THREAD_CPUTIME_ID: 3, CLOCK_MONOTONIC_RAW: 4,
  CLOCK_REALTIME_COARSE: 5, CLOCK_MONOTONIC_COARSE: 6, CLOCK_BOOTTIME: 7, CLOCK_TAI: 11,
} as const;
const clock = oneOf(CLOCKS);
const TIMER_ABSTIME = 1;
/** USER_HZ. */
const TICK_NANOSECONDS = 10_000_000;

export const clockGettime = defineSystemCall({
  name: 'clock_gettime',
  numbers: { 'x86-64': 228, i386: 265 },
  support: 'full',
  arguments: { clock, time: structOut(timespec, printTimespec) },
  run: (task, values) => {
    const now = readClock(task, values.clock);
    return now === undefined ? -Errno.EINVAL : values.time.write(timespecFields(now));
  },
});

export const clockGetres = defineSystemCall({
  name: 'clock_getres',
  numbers: { 'x86-64': 229, i386: 266 },
  support: 'full',
  arguments: { clock, resolution: structOut(timespec, printTimespec) },
  run: (task, values) => {
    if (readClock(task, values.clock) === undefined) return -Errno.EINVAL;
    const isCoarse = values.clock === CLOCKS.CLOCK_REALTIME_COARSE || values.clock === CLOCKS.CLOCK_MONOTONIC_COARSE;
    return values.resolution.isNull
      ? 0
      : values.resolution.write({ seconds: 0, nanoseconds: isCoarse ? 4_000_000 : 1 });
  },
});

export const gettimeofday = defineSystemCall({
  name: 'gettimeofday',
  numbers: { 'x86-64': 96, i386: 78 },
  support: 'full',
  arguments: { time: structOut(timeval, printTimeval), zone: structOut(timezone) },
  run: (task, values) => {
    const now = task.host.clock.realtime();
    const fields = { seconds: now / 1_000_000_000n, microseconds: (now % 1_000_000_000n) / 1000n };
    if (!values.time.isNull && values.time.write(fields) < 0) return -Errno.EFAULT;
    return values.zone.isNull ? 0 : values.zone.write({});
  },
});

export const time = defineSystemCall({
  name: 'time',
  numbers: { 'x86-64': 201, i386: 13 },
  support: 'full',
  arguments: { result: address },
  run: (task, { result }) => {
    const seconds = task.host.clock.realtime() / 1_000_000_000n;
    return result === 0 || writeWord(task, result, Number(seconds)) ? seconds : -Errno.EFAULT;
  },
});

export const nanosleep = defineSystemCall({
  name: 'nanosleep',
  numbers: { 'x86-64': 35, i386: 162 },
  support: 'full',
  arguments: { request: structIn(timespec, printTimespec), remaining: structOut(timespec, printTimespec) },
  run: (task, { request, remaining }) => {
    if (request.seconds < 0 || request.nanoseconds < 0 || request.nanoseconds >= 1e9) return -Errno.EINVAL;
    return sleepUntil(task, task.host.clock.monotonic() + nanosecondsOf(request), remaining);
  },
});

export const clockNanosleep = defineSystemCall({
  name: 'clock_nanosleep',
  numbers: { 'x86-64': 230, i386: 267 },
  support: 'full',
  arguments: {
    clock,
    flags: int,
    request: structIn(timespec, printTimespec),
    remaining: structOut(timespec, printTimespec),
  },
  run: (task, values) => {
    const { request } = values;
    const now = readClock(task, values.clock);
    if (now === undefined || request.seconds < 0 || request.nanoseconds < 0 || request.nanoseconds >= 1e9)
      return -Errno.EINVAL;
    const isAbsolute = (values.flags & TIMER_ABSTIME) !== 0;
    const wait = isAbsolute ? nanosecondsOf(request) - Number(now) : nanosecondsOf(request);
    return sleepUntil(task, task.host.clock.monotonic() + wait, isAbsolute ? undefined : values.remaining);
  },
});

export const times = defineSystemCall({
  name: 'times',
  numbers: { 'x86-64': 100, i386: 43 },
  support: 'partial',
  note: 'Children count as nothing.',
  arguments: { buffer: structOut(tms) },
  run: (task, { buffer }) => {
    const elapsed = task.host.clock.monotonic();
    const user = Math.floor((elapsed - task.process.startTime) / TICK_NANOSECONDS);
    if (!buffer.isNull && buffer.write({ user }) < 0) return -Errno.EFAULT;
    return Math.floor(elapsed / TICK_NANOSECONDS);
  },
});

export const getrusage = defineSystemCall({
  name: 'getrusage',
  numbers: { 'x86-64': 98, i386: 77 },
  support: 'partial',
  note: 'Elapsed time counts as user time; children are zero.',
  arguments: {
    who: oneOf({ RUSAGE_SELF: 0, RUSAGE_CHILDREN: -1, RUSAGE_THREAD: 1 }),
    usage: structOut(rusage, () => '{...}'),
  },
  run: (task, { who, usage }) => {
    if (who < -1 || who > 1) return -Errno.EINVAL;
    const used = who === -1 ? 0 : task.host.clock.monotonic() - task.process.startTime;
    return usage.write({
      userSeconds: Math.floor(used / 1e9),
      userMicroseconds: Math.floor((used % 1e9) / 1000),
      maximumResidentKilobytes: Math.floor(task.process.space.mappedBytes / 1024),
    });
  },
});

export const setitimer = defineSystemCall({
  name: 'setitimer',
  numbers: { 'x86-64': 38, i386: 104 },
  support: 'partial',
  note: 'ITIMER_REAL only; the CPU-time timers are refused with EINVAL.',
  arguments: {
    which: oneOf({ ITIMER_REAL: 0, ITIMER_VIRTUAL: 1, ITIMER_PROF: 2 }),
    value: structIn(itimerval),
    old: structOut(itimerval),
  },
  run: (task, values) => {
    if (values.which !== 0) return -Errno.EINVAL;
    const { alarm } = processState(task.process);
    const left = alarm === undefined ? 0 : Math.max(1000, alarm.deadline - task.host.clock.monotonic());
    if (!values.old.isNull && values.old.write(timerFields(left, alarm?.interval ?? 0)) < 0) return -Errno.EFAULT;
    const { seconds, microseconds, intervalSeconds, intervalMicroseconds } = values.value;
    setAlarm(task, seconds * 1e9 + microseconds * 1000, intervalSeconds * 1e9 + intervalMicroseconds * 1000);
    return 0;
  },
});

function timerFields(left: number, interval: number) {
  return {
    seconds: Math.floor(left / 1e9),
    microseconds: Math.floor((left % 1e9) / 1000),
    intervalSeconds: Math.floor(interval / 1e9),
    intervalMicroseconds: Math.floor((interval % 1e9) / 1000),
  };
}

function readClock(task: Thread, id: number): bigint | undefined {
  const { clock: host } = task.host;
  switch (id) {
    case CLOCKS.CLOCK_REALTIME:
    case CLOCKS.CLOCK_REALTIME_COARSE:
    case CLOCKS.CLOCK_TAI:
      return host.realtime();
    case CLOCKS.CLOCK_MONOTONIC:
    case CLOCKS.CLOCK_MONOTONIC_RAW:
    case CLOCKS.CLOCK_MONOTONIC_COARSE:
    case CLOCKS.CLOCK_BOOTTIME:
      return BigInt(Math.floor(host.monotonic()));
    case CLOCKS.CLOCK_PROCESS_CPUTIME_ID:
    case CLOCKS.CLOCK_THREAD_CPUTIME_ID:
      return BigInt(Math.floor(host.monotonic() - task.process.startTime));
    default:
      return undefined;
  }
}

interface TimeTarget {
  readonly isNull: boolean;
  write(values: { seconds: bigint; nanoseconds: bigint }): number;
}

function sleepUntil(task: Thread, deadline: number, remaining: TimeTarget | undefined): SystemCallResult {
  const { clock: host } = task.host;
  if (host.monotonic() >= deadline) return 0;
  const interrupt = () => {
    const left = BigInt(Math.max(0, Math.ceil(deadline - host.monotonic())));
    if (remaining === undefined || remaining.isNull) return -Errno.EINTR;
    return remaining.write(timespecFields(left)) < 0 ? -Errno.EFAULT : -Errno.EINTR;
  };
  return new Pending({ queues: [], deadline, attempt: () => undefined, expire: () => 0, interrupt });
}
