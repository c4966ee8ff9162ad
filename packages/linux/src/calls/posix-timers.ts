// POSIX timers (timer_create(2) and relatives), getitimer(2), and the calls that would set the host's clock.
import {
  address,
  defineSystemCall,
  Errno,
  flagSet,
  int,
  oneOf,
  type Process,
  type Thread,
  TimerControl,
} from '@elf/kernel';
import { optionalStructIn, structIn, structOut } from '../abi/struct-arguments.ts';
import { defineStruct } from '../abi/struct-layout.ts';
import {
  itimerspec,
  itimerspecFields,
  itimerval,
  printItimerspec,
  timespec,
  timeval,
  timezone,
} from '../abi/structs/time.ts';
import { type CpuClock, cpuClock, readCpuClock } from '../cpu-time/cpu-clocks.ts';
import { addCpuTimer, cpuItimerLeft } from '../cpu-time/cpu-timers.ts';
import { sendToProcess, sendToThread } from '../signals/send-signal.ts';
import { processState, type SignalInfo, threadState } from '../signals/signal-state.ts';
import { LAST_SIGNAL, Signal, SignalCode } from '../signals/signal-table.ts';
import { momentOf, readTimespec, relativeDeadline } from '../time-arguments.ts';

// biome-ignore format: a table
const CLOCKS = {
  CLOCK_REALTIME: 0, CLOCK_MONOTONIC: 1, CLOCK_PROCESS_CPUTIME_ID: 2, CLOCK_THREAD_CPUTIME_ID: 3, CLOCK_BOOTTIME: 7, CLOCK_TAI: 11,
} as const;
const NOTIFY = { SIGNAL: 0, NONE: 1, THREAD: 2, THREAD_ID: 4 } as const;
const TIMER_ABSTIME = 1;
/** DELAYTIMER_MAX. */
const MAXIMUM_OVERRUN = 0x7fff_ffff;

// biome-ignore format: a table
const sigevent32 = defineStruct(64, { value: [0, 'u32'], signal: [4, 'i32'], notify: [8, 'i32'], thread: [12, 'i32'] });
// biome-ignore format: a table
const sigevent = defineStruct(64, { value: [0, 'u64'], signal: [8, 'i32'], notify: [12, 'i32'], thread: [16, 'i32'] }, { layout: sigevent32 });
const timer = int;

/** Clocks that can be read and not waited for (no timer_create in kernel/time/posix-timers.c). */
const TIMERLESS: ReadonlySet<number> = /* @__PURE__ */ new Set([4, 5, 6]);

/** One timer of a process. */
interface PosixTimer {
  readonly clock: number;
  /** Set for a clock of CPU time, whose nanoseconds the control counts then. */
  readonly cpu: CpuClock | undefined;
  readonly control: TimerControl;
  cancel: (() => void) | undefined;
  readonly notice: ExpiryNotice;
}

/** The signal of a timer: there is one at a time, which counts the expiries that happen while it waits (man 2 timer_getoverrun). */
class ExpiryNotice {
  readonly #send: ((info: SignalInfo) => void) | undefined;
  readonly #queue: () => readonly SignalInfo[];
  readonly #facts: Omit<SignalInfo, 'user'>;
  #waiting: (SignalInfo & { user: number }) | undefined;
  #last = 0;

  /** Without `send` nobody is told. */
  constructor(
    facts: Omit<SignalInfo, 'user'>,
    queue: () => readonly SignalInfo[],
    send: ((info: SignalInfo) => void) | undefined,
  ) {
    this.#facts = facts;
    this.#queue = queue;
    this.#send = send;
  }

  /** The expiries that the signal taken last stands for, beyond one. */
  get overrun(): number {
    this.#settle();
    return this.#last;
  }

  reset(): void {
    this.#settle();
    this.#last = 0;
  }

  expired(count: number): void {
    this.#settle();
    if (this.#waiting !== undefined) {
      this.#waiting.user = Math.min(this.#waiting.user + count, MAXIMUM_OVERRUN);
      return;
    }
    if (this.#send === undefined) return;
    this.#waiting = { ...this.#facts, user: Math.min(count - 1, MAXIMUM_OVERRUN) };
    this.#send(this.#waiting);
  }

  #settle(): void {
    if (this.#waiting === undefined || this.#queue().includes(this.#waiting)) return;
    this.#last = this.#waiting.user;
    this.#waiting = undefined;
  }
}

const timersOf = /* @__PURE__ */ new WeakMap<Process, Map<number, PosixTimer>>();

export const timerCreate = defineSystemCall({
  name: 'timer_create',
  numbers: { 'x86-64': 222, i386: 259 },
  support: 'full',
  arguments: { clock: oneOf(CLOCKS), event: optionalStructIn(sigevent), timer: address },
  run: (task, { clock, event, timer: at }) => {
    if (TIMERLESS.has(clock)) return -Errno.EOPNOTSUPP;
    const cpu = cpuClock(task, clock);
    if (cpu === undefined && !Object.values(CLOCKS).some((known) => known === clock)) return -Errno.EINVAL;
    const notify = event?.notify ?? NOTIFY.SIGNAL;
    const signal = event?.signal ?? Signal.ALRM;
    const named =
      event !== undefined && notify === NOTIFY.THREAD_ID ? task.kernel.threads.get(event.thread) : undefined;
    if (!Object.values(NOTIFY).some((known) => known === notify)) return -Errno.EINVAL;
    if (notify === NOTIFY.THREAD_ID && named?.process !== task.process) return -Errno.EINVAL;
    if (notify !== NOTIFY.NONE && (signal < 1 || signal > LAST_SIGNAL)) return -Errno.EINVAL;
    const { kernel, process } = task;
    const timers = timersOf.get(process) ?? new Map<number, PosixTimer>();
    timersOf.set(process, timers);
    let id = 0;
    while (timers.has(id)) id++;
    const value = BigInt(event?.value ?? id);
    const now = () => (cpu === undefined ? kernel.host.clock.monotonic() : readCpuClock(task, cpu));
    const port = { now, add: () => () => {} };
    const send = (info: SignalInfo) => (named === undefined ? sendToProcess(process, info) : sendToThread(named, info));
    timers.set(id, {
      clock,
      cpu,
      control: new TimerControl(port, clock),
      cancel: undefined,
      notice: new ExpiryNotice(
        { signal, code: SignalCode.Timer, process: id, value },
        () => (named === undefined ? processState(process) : threadState(named)).pending,
        notify === NOTIFY.NONE ? undefined : send,
      ),
    });
    return task.user.writeU32(at, id) ? 0 : -Errno.EFAULT;
  },
});

export const timerSettime = defineSystemCall({
  name: 'timer_settime',
  numbers: { 'x86-64': 223, i386: 260 },
  support: 'full',
  arguments: { timer, flags: flagSet({ TIMER_ABSTIME }), time: address, old: structOut(itimerspec, printItimerspec) },
  run: (task, values) => {
    if (values.time === 0) return -Errno.EINVAL;
    const interval = readTimespec(task, values.time);
    const first = readTimespec(task, values.time + 16);
    if (typeof interval === 'number') return interval;
    if (typeof first === 'number') return first;
    const found = timersOf.get(task.process)?.get(values.timer);
    if (found === undefined) return -Errno.EINVAL;
    if (!values.old.isNull && values.old.write(itimerspecFields(found.control.remaining())) < 0) return -Errno.EFAULT;
    const isAbsolute = (values.flags & TIMER_ABSTIME) !== 0;
    const { cpu } = found;
    const relative = cpu === undefined ? relativeDeadline(task, first) : readCpuClock(task, cpu) + first.nanoseconds;
    const deadline = isAbsolute ? momentOf(task, first, found.clock) || 1 : relative;
    found.control.arm(first.nanoseconds === 0 ? 0 : deadline, interval.nanoseconds);
    found.notice.reset();
    schedule(task, found);
    return 0;
  },
});

export const timerGettime = defineSystemCall({
  name: 'timer_gettime',
  numbers: { 'x86-64': 224, i386: 261 },
  support: 'full',
  arguments: { timer, time: structOut(itimerspec, printItimerspec) },
  run: (task, values) => {
    const found = timersOf.get(task.process)?.get(values.timer);
    return found === undefined ? -Errno.EINVAL : values.time.write(itimerspecFields(found.control.remaining()));
  },
});

export const timerGetoverrun = defineSystemCall({
  name: 'timer_getoverrun',
  numbers: { 'x86-64': 225, i386: 262 },
  support: 'full',
  arguments: { timer },
  run: (task, values) => timersOf.get(task.process)?.get(values.timer)?.notice.overrun ?? -Errno.EINVAL,
});

export const timerDelete = defineSystemCall({
  name: 'timer_delete',
  numbers: { 'x86-64': 226, i386: 263 },
  support: 'full',
  arguments: { timer },
  run: (task, values) => {
    const timers = timersOf.get(task.process);
    const found = timers?.get(values.timer);
    if (found === undefined) return -Errno.EINVAL;
    found.cancel?.();
    timers?.delete(values.timer);
    return 0;
  },
});

export const getitimer = defineSystemCall({
  name: 'getitimer',
  numbers: { 'x86-64': 36, i386: 105 },
  support: 'full',
  arguments: { which: oneOf({ ITIMER_REAL: 0, ITIMER_VIRTUAL: 1, ITIMER_PROF: 2 }), value: structOut(itimerval) },
  run: (task, { which, value }) => {
    if (which < 0 || which > 2) return -Errno.EINVAL;
    const { first, interval } = which === 1 || which === 2 ? cpuItimerLeft(task, which) : alarmLeft(task);
    return value.write({
      seconds: Math.floor(first / 1e9),
      microseconds: Math.floor((first % 1e9) / 1000),
      intervalSeconds: Math.floor(interval / 1e9),
      intervalMicroseconds: Math.floor((interval % 1e9) / 1000),
    });
  },
});

function alarmLeft(task: Thread): { readonly first: number; readonly interval: number } {
  const { alarm } = processState(task.process);
  if (alarm === undefined) return { first: 0, interval: 0 };
  return { first: Math.max(1000, alarm.deadline - task.host.clock.monotonic()), interval: alarm.interval };
}

const refusal = 'EPERM: a machine never changes the clock of its host.';

export const clockSettime = defineSystemCall({
  name: 'clock_settime',
  numbers: { 'x86-64': 227, i386: 264 },
  support: 'refused',
  note: refusal,
  arguments: { clock: oneOf(CLOCKS), time: structIn(timespec) },
  run: (task, { clock, time }) => {
    if (time.nanoseconds < 0 || time.nanoseconds >= 1e9) return -Errno.EINVAL;
    // A clock of CPU time that is named by its number is looked up first, and then never set (posix_cpu_clock_set).
    const isCounted = clock < 0 && cpuClock(task, clock) !== undefined;
    return clock === CLOCKS.CLOCK_REALTIME || isCounted ? -Errno.EPERM : -Errno.EINVAL;
  },
});

export const settimeofday = defineSystemCall({
  name: 'settimeofday',
  numbers: { 'x86-64': 164, i386: 79 },
  support: 'refused',
  note: refusal,
  arguments: { time: optionalStructIn(timeval), zone: optionalStructIn(timezone) },
  run: (_task, { time }) =>
    time !== undefined && (time.microseconds < 0 || time.microseconds >= 1e6) ? -Errno.EINVAL : -Errno.EPERM,
});

/** execve and exit delete all timers of a process (man 2 timer_create). */
export function deleteTimers(process: Process): void {
  for (const { cancel } of timersOf.get(process)?.values() ?? []) cancel?.();
  timersOf.delete(process);
}

function schedule(task: Thread, found: PosixTimer): void {
  found.cancel?.();
  found.cancel = undefined;
  const { first } = found.control.remaining();
  if (first === 0 && !found.control.hasExpired) return;
  const { kernel } = task;
  const expire = () => {
    const count = found.control.take();
    if (count > 0) found.notice.expired(count);
    schedule(task, found);
  };
  found.cancel =
    found.cpu === undefined
      ? kernel.addTimer(kernel.host.clock.monotonic() + first, expire)
      : addCpuTimer(found.cpu, readCpuClock(task, found.cpu) + first, expire);
}
