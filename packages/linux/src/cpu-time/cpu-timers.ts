// What happens after so much CPU time: timers on its clocks, ITIMER_VIRTUAL and ITIMER_PROF, RLIMIT_CPU (kernel/time/posix-cpu-timers.c).
import { type Process, processCpuTime, type Thread } from '@elf/kernel';
import { limitOf, RESOURCES } from '../calls/resource-limits.ts';
import { sendToProcess } from '../signals/send-signal.ts';
import { processState } from '../signals/signal-state.ts';
import { Signal, SignalCode } from '../signals/signal-table.ts';
import { type CpuClock, readCpuClock } from './cpu-clocks.ts';

interface Waiting {
  readonly clock: CpuClock;
  /** Nanoseconds on the clock. */
  readonly deadline: number;
  readonly expire: () => void;
}

const waitingIn = /* @__PURE__ */ new WeakMap<Process, Set<Waiting>>();
const NANOSECONDS = 1_000_000_000;

/** Calls `expire` at the end of the turn in which the clock reaches `deadline`. Returns what cancels it. */
export function addCpuTimer(clock: CpuClock, deadline: number, expire: () => void): () => void {
  const waiting = { clock, deadline, expire };
  const all = waitingIn.get(clock.process) ?? new Set();
  waitingIn.set(clock.process, all.add(waiting));
  return () => {
    all.delete(waiting);
  };
}

/** Looks at what a thread's turn has used up: for its process nothing else moves these clocks. */
export function expireCpuTimers(thread: Thread): void {
  const { process } = thread;
  for (const waiting of [...(waitingIn.get(process) ?? [])]) {
    if (readCpuClock(thread, waiting.clock) < waiting.deadline) continue;
    waitingIn.get(process)?.delete(waiting);
    waiting.expire();
  }
  if (processState(process).limits.has(RESOURCES.RLIMIT_CPU)) enforceLimit(thread);
}

/** RLIMIT_CPU: SIGXCPU at the soft limit and every second after it, SIGKILL at the hard one. */
function enforceLimit(thread: Thread): void {
  const { process } = thread;
  const [soft, hard] = limitOf(process, RESOURCES.RLIMIT_CPU);
  const { user, system } = processCpuTime(thread, process);
  const seconds = BigInt(Math.floor((user + system) / NANOSECONDS));
  if (seconds >= hard) sendToProcess(process, { signal: Signal.KILL, code: SignalCode.Kernel });
  else if (seconds >= soft) {
    sendToProcess(process, { signal: Signal.XCPU, code: SignalCode.Kernel });
    // The kernel moves the limit itself, and getrlimit(2) tells.
    processState(process).limits.set(RESOURCES.RLIMIT_CPU, [soft + 1n, hard]);
  }
}

/** ITIMER_VIRTUAL and ITIMER_PROF. */
export const CPU_ITIMERS = {
  1: { signal: Signal.VTALRM, isVirtual: true },
  2: { signal: Signal.PROF, isVirtual: false },
} as const;
export type CpuItimer = keyof typeof CPU_ITIMERS;

interface Armed {
  readonly clock: CpuClock;
  readonly deadline: number;
  readonly interval: number;
  readonly cancel: () => void;
}

const itimers = /* @__PURE__ */ new WeakMap<Process, Map<CpuItimer, Armed>>();

/** Nanoseconds to the next expiry of an interval timer (0 when disarmed) and between further ones. */
export function cpuItimerLeft(task: Thread, which: CpuItimer): { readonly first: number; readonly interval: number } {
  const armed = itimers.get(task.process)?.get(which);
  if (armed === undefined) return { first: 0, interval: 0 };
  // A timer that is armed is never told to be over: the tick that will end it has not come (get_cpu_itimer).
  return { first: Math.max(1000, armed.deadline - readCpuClock(task, armed.clock)), interval: armed.interval };
}

/** Arms one, in nanoseconds; a first time of 0 disarms it. */
export function setCpuItimer(task: Thread, which: CpuItimer, first: number, interval: number): void {
  const { process } = task;
  const own = itimers.get(process) ?? new Map<CpuItimer, Armed>();
  itimers.set(process, own);
  own.get(which)?.cancel();
  own.delete(which);
  if (first <= 0) return;
  const { signal, isVirtual } = CPU_ITIMERS[which];
  const clock: CpuClock = { process, isVirtual, isCoarse: true };
  const arm = (deadline: number) => {
    const cancel = addCpuTimer(clock, deadline, () => {
      own.delete(which);
      sendToProcess(process, { signal, code: SignalCode.Kernel });
      // Expiries that fell into one turn are one signal.
      const late = readCpuClock(task, clock) - deadline;
      if (interval > 0) arm(deadline + interval * (1 + Math.floor(Math.max(0, late) / interval)));
    });
    own.set(which, { clock, deadline, interval, cancel });
  };
  arm(readCpuClock(task, clock) + first);
}
