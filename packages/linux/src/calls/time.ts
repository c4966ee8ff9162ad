// Clocks and sleeps: clock_gettime(2), gettimeofday(2), nanosleep(2), times(2), getrusage(2), setitimer(2).
import {
  address,
  childrenCpuTime,
  defineSystemCall,
  Errno,
  int,
  oneOf,
  Pending,
  processCpuTime,
  type SystemCallResult,
  type Thread,
  threadCpuTime,
  WaitQueue,
} from '@elf/kernel';
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
import { type CpuClock, cpuClock, readCpuClock, usageFields } from '../cpu-time/cpu-clocks.ts';
import { addCpuTimer, cpuItimerLeft, setCpuItimer } from '../cpu-time/cpu-timers.ts';
import { childrenPeakBytes, peakBytes } from '../memory-peak.ts';
import { processState } from '../signals/signal-state.ts';
import { clockOffset } from '../namespaces/time-offsets.ts';
import { setAlarm } from './signals.ts';

// biome-ignore format: a table
const CLOCKS = {
  CLOCK_REALTIME: 0, CLOCK_MONOTONIC: 1, CLOCK_PROCESS_CPUTIME_ID: 2, CLOCK_THREAD_CPUTIME_ID: 3, CLOCK_MONOTONIC_RAW: 4,
  CLOCK_REALTIME_COARSE: 5, CLOCK_MONOTONIC_COARSE: 6, CLOCK_BOOTTIME: 7, CLOCK_TAI: 11,
} as const;
const clock = oneOf(CLOCKS);
/** Clocks nobody can sleep on (no nsleep in kernel/time/posix-timers.c and posix-cpu-timers.c). */
const SLEEPLESS: ReadonlySet<number> = /* @__PURE__ */ new Set([
  CLOCKS.CLOCK_THREAD_CPUTIME_ID,
  CLOCKS.CLOCK_MONOTONIC_RAW,
  CLOCKS.CLOCK_REALTIME_COARSE,
  CLOCKS.CLOCK_MONOTONIC_COARSE,
]);
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
    const isCoarse =
      values.clock === CLOCKS.CLOCK_REALTIME_COARSE ||
      values.clock === CLOCKS.CLOCK_MONOTONIC_COARSE ||
      cpuClock(task, values.clock)?.isCoarse;
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
    if (SLEEPLESS.has(values.clock)) return -Errno.EOPNOTSUPP;
    const isAbsolute = (values.flags & TIMER_ABSTIME) !== 0;
    const cpu = cpuClock(task, values.clock);
    if (cpu !== undefined) return sleepOnCpuClock(task, cpu, nanosecondsOf(request), isAbsolute, values.remaining);
    const wait = isAbsolute ? nanosecondsOf(request) - Number(now) : nanosecondsOf(request);
    return sleepUntil(task, task.host.clock.monotonic() + wait, isAbsolute ? undefined : values.remaining);
  },
});

export const times = defineSystemCall({
  name: 'times',
  numbers: { 'x86-64': 100, i386: 43 },
  support: 'full',
  arguments: { buffer: structOut(tms) },
  run: (task, { buffer }) => {
    const own = processCpuTime(task, task.process);
    const children = childrenCpuTime(task.process);
    const [user, system] = [ticksOf(own.user), ticksOf(own.system)];
    const fields = { user, system, childUser: ticksOf(children.user), childSystem: ticksOf(children.system) };
    if (!buffer.isNull && buffer.write(fields) < 0) return -Errno.EFAULT;
    return ticksOf(task.host.clock.monotonic());
  },
});

const ticksOf = (nanoseconds: number) => Math.floor(nanoseconds / TICK_NANOSECONDS);
const RUSAGE = { RUSAGE_SELF: 0, RUSAGE_CHILDREN: -1, RUSAGE_THREAD: 1 } as const;

export const getrusage = defineSystemCall({
  name: 'getrusage',
  numbers: { 'x86-64': 98, i386: 77 },
  support: 'partial',
  note: 'Times and ru_maxrss; page faults, switches and transfers are not counted.',
  arguments: { who: oneOf(RUSAGE), usage: structOut(rusage, () => '{...}') },
  run: (task, { who, usage }) => {
    if (who < RUSAGE.RUSAGE_CHILDREN || who > RUSAGE.RUSAGE_THREAD) return -Errno.EINVAL;
    if (who === RUSAGE.RUSAGE_CHILDREN)
      return usage.write(usageFields(childrenCpuTime(task.process), childrenPeakBytes(task.process)));
    const used = who === RUSAGE.RUSAGE_THREAD ? threadCpuTime(task) : processCpuTime(task, task.process);
    return usage.write(usageFields(used, peakBytes(task.process)));
  },
});

export const setitimer = defineSystemCall({
  name: 'setitimer',
  numbers: { 'x86-64': 38, i386: 104 },
  support: 'full',
  arguments: {
    which: oneOf({ ITIMER_REAL: 0, ITIMER_VIRTUAL: 1, ITIMER_PROF: 2 }),
    value: structIn(itimerval),
    old: structOut(itimerval),
  },
  run: (task, values) => {
    const { seconds, microseconds, intervalSeconds, intervalMicroseconds } = values.value;
    if (values.which < 0 || values.which > 2 || !isMicroseconds(microseconds) || !isMicroseconds(intervalMicroseconds))
      return -Errno.EINVAL;
    if (seconds < 0 || intervalSeconds < 0) return -Errno.EINVAL;
    const first = seconds * 1e9 + microseconds * 1000;
    const interval = intervalSeconds * 1e9 + intervalMicroseconds * 1000;
    if (values.which === 1 || values.which === 2) {
      const before = cpuItimerLeft(task, values.which);
      if (!values.old.isNull && values.old.write(timerFields(before.first, before.interval)) < 0) return -Errno.EFAULT;
      setCpuItimer(task, values.which, first, interval);
      return 0;
    }
    const { alarm } = processState(task.process);
    const left = alarm === undefined ? 0 : Math.max(1000, alarm.deadline - task.host.clock.monotonic());
    if (!values.old.isNull && values.old.write(timerFields(left, alarm?.interval ?? 0)) < 0) return -Errno.EFAULT;
    setAlarm(task, first, interval);
    return 0;
  },
});

const isMicroseconds = (value: number) => value >= 0 && value < 1_000_000;

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
      return BigInt(Math.floor(host.monotonic() + clockOffset(task, id)));
    default: {
      const cpu = cpuClock(task, id);
      return cpu && BigInt(Math.floor(readCpuClock(task, cpu)));
    }
  }
}

interface TimeTarget {
  readonly isNull: boolean;
  write(values: { seconds: bigint; nanoseconds: bigint }): number;
}

/** Sleeps until a clock of CPU time is there, which other threads move on. */
function sleepOnCpuClock(
  task: Thread,
  clock: CpuClock,
  time: number,
  isAbsolute: boolean,
  remaining: TimeTarget,
): SystemCallResult {
  // A thread that sleeps uses no time up (do_cpu_nanosleep).
  if (clock.thread === task) return -Errno.EINVAL;
  const read = () => readCpuClock(task, clock);
  const deadline = isAbsolute ? time : read() + time;
  if (read() >= deadline) return 0;
  const reached = new WaitQueue();
  const cancel = addCpuTimer(clock, deadline, () => reached.wake());
  const interrupt = () => {
    cancel();
    if (isAbsolute || remaining.isNull) return -Errno.EINTR;
    const left = BigInt(Math.max(0, Math.ceil(deadline - read())));
    return remaining.write(timespecFields(left)) < 0 ? -Errno.EFAULT : -Errno.EINTR;
  };
  return new Pending({ queues: [reached], attempt: () => (read() >= deadline ? 0 : undefined), interrupt });
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
