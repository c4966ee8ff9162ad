// Clocks of CPU time: the two that have names, and those whose number holds a process or thread (include/linux/posix-timers_types.h).
import { type CpuTime, type Process, processCpuTime, type Thread, threadCpuTime } from '@elf/kernel';

const PROCESS_CPUTIME = 2;
const THREAD_CPUTIME = 3;
/** What a negative number counts: user and system time, user time, or what the scheduler measured; 3 would be a descriptor. */
const Kind = { Profiling: 0, Virtual: 1, Scheduled: 2 } as const;
const PER_THREAD = 4;

/** What a clock counts, and whose. */
export interface CpuClock {
  readonly process: Process;
  /** Absent: all threads of the process. */
  readonly thread?: Thread;
  /** Counts user time only. */
  readonly isVirtual: boolean;
  /** Kinds that a tick moves on, not every nanosecond. */
  readonly isCoarse: boolean;
}

/** The clock of a number; undefined when it is no clock of CPU time, or of nobody there is. */
export function cpuClock(task: Thread, id: number): CpuClock | undefined {
  if (id === PROCESS_CPUTIME) return { process: task.process, isVirtual: false, isCoarse: false };
  if (id === THREAD_CPUTIME) return { process: task.process, thread: task, isVirtual: false, isCoarse: false };
  if (id >= 0) return undefined;
  const kind = id & 3;
  if (kind > Kind.Scheduled) return undefined;
  const which = ~(id >> 3);
  const counts = { isVirtual: kind === Kind.Virtual, isCoarse: kind !== Kind.Scheduled };
  if (id & PER_THREAD) {
    const thread = which === 0 ? task : task.kernel.threads.get(which);
    // Other processes' threads have no clocks here (kernel/time/posix-cpu-timers.c, pid_for_clock).
    return thread?.process === task.process ? { process: thread.process, thread, ...counts } : undefined;
  }
  const process = which === 0 ? task.process : task.kernel.processes.get(which);
  // The caller's own thread stands for its process.
  const own = which === task.id ? task.process : undefined;
  const found = process ?? own;
  return found && found.exitStatus === undefined ? { process: found, ...counts } : undefined;
}

/** Nanoseconds on a clock. `task` is any thread of the machine. */
export function readCpuClock(task: Thread, { process, thread, isVirtual }: CpuClock): number {
  const { user, system } = thread === undefined ? processCpuTime(task, process) : threadCpuTime(thread);
  return isVirtual ? user : user + system;
}

/** Fields of struct rusage for times and memory. */
export function usageFields({ user, system }: CpuTime, peakBytes: number) {
  return {
    userSeconds: Math.floor(user / 1e9),
    userMicroseconds: Math.floor((user % 1e9) / 1000),
    systemSeconds: Math.floor(system / 1e9),
    systemMicroseconds: Math.floor((system % 1e9) / 1000),
    maximumResidentKilobytes: Math.floor(peakBytes / 1024),
  };
}
