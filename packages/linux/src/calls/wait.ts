// wait4(2), waitid(2): how children ended, stopped and continued.
import {
  address,
  childrenCpuTime,
  defineSystemCall,
  Errno,
  flagSet,
  inheritCpuTime,
  int,
  oneOf,
  Pending,
  type Process,
  processCpuTime,
  type Thread,
} from '@elf/kernel';
import { structOut } from '../abi/struct-arguments.ts';
import { rusage } from '../abi/structs/system.ts';
import { waitStatus } from '../abi/trace-arguments.ts';
import { usageFields } from '../cpu-time/cpu-clocks.ts';
import { childrenPeakBytes, inheritPeak, peakBytes } from '../memory-peak.ts';
import { encodeInfo, INFORMATION_BYTES } from '../signals/signal-information.ts';
import { describe } from '../files-at.ts';
import { processState } from '../signals/signal-state.ts';
import { Signal, SignalCode } from '../signals/signal-table.ts';
import { processOf } from './process-descriptors.ts';

// biome-ignore format: a table
const WAIT = {
  WNOHANG: 1, WUNTRACED: 2, WEXITED: 4, WCONTINUED: 8, WNOWAIT: 0x0100_0000, __WNOTHREAD: 0x2000_0000, __WALL: 0x4000_0000, __WCLONE: 0x8000_0000,
} as const;
const WSTOPPED = WAIT.WUNTRACED;
const CLONE_FLAGS = WAIT.__WNOTHREAD + WAIT.__WALL + WAIT.__WCLONE;
const ID_TYPES = { P_ALL: 0, P_PID: 1, P_PGID: 2, P_PIDFD: 3 } as const;
/** Status word of a continued child. */
const CONTINUED = 0xffff;

/** What a wait call tells of a child. */
interface Report {
  readonly child: Process;
  /** A CLD_ code. */
  readonly code: number;
  /** Exit status or signal. */
  readonly status: number;
  /** The status word of wait(2). */
  readonly word: number;
}

const usageArgument = structOut(rusage, () => '{...}');

export const wait4 = defineSystemCall({
  name: 'wait4',
  numbers: { 'x86-64': 61, i386: 114 },
  support: 'partial',
  note: 'Resource usage has times and nothing else.',
  arguments: { process: int, status: waitStatus, options: flagSet(WAIT), usage: usageArgument },
  run: (task, { process: wanted, status, options, usage }) => {
    if ((options & ~(CLONE_FLAGS | WAIT.WNOHANG | WAIT.WUNTRACED | WAIT.WCONTINUED)) !== 0) return -Errno.EINVAL;
    if (wanted === -0x8000_0000) return -Errno.ESRCH;
    const matches = (child: Process) => {
      if (wanted === -1) return true;
      if (wanted > 0) return child.id === wanted;
      return child.group === (wanted === 0 ? task.process.group : -wanted);
    };
    return waitFor(task, matches, options | WAIT.WEXITED, (report) => {
      if (report === undefined) return 0;
      if (status !== 0 && !task.user.writeU32(status, report.word)) return -Errno.EFAULT;
      if (!usage.isNull && usage.write(usageOf(task, report.child)) < 0) return -Errno.EFAULT;
      return report.child.id;
    });
  },
});

export const waitid = defineSystemCall({
  name: 'waitid',
  numbers: { 'x86-64': 247, i386: 284 },
  support: 'partial',
  note: 'Resource usage has times and nothing else.',
  arguments: { kind: oneOf(ID_TYPES), id: int, info: address, options: flagSet(WAIT), usage: usageArgument },
  run: (task, { kind, id, info, options, usage }) => {
    const known = CLONE_FLAGS | WAIT.WNOHANG | WAIT.WNOWAIT | WAIT.WEXITED | WSTOPPED | WAIT.WCONTINUED;
    if ((options & ~known) !== 0 || (options & (WAIT.WEXITED | WSTOPPED | WAIT.WCONTINUED)) === 0) return -Errno.EINVAL;
    if (kind < 0 || kind > ID_TYPES.P_PIDFD || (kind !== ID_TYPES.P_ALL && id < (kind === ID_TYPES.P_PID ? 1 : 0)))
      return -Errno.EINVAL;
    const pointed = kind === ID_TYPES.P_PIDFD ? processOf(task, id) : undefined;
    if (typeof pointed === 'number') return pointed;
    // PIDFD_NONBLOCK: a child that has nothing to tell is EAGAIN (man 2 waitid).
    const described = pointed === undefined ? undefined : describe(task, id);
    const isImpatient = typeof described === 'object' && described.mode.nonBlocking && (options & WAIT.WNOHANG) === 0;
    const group = id === 0 ? task.process.group : id;
    const matches = (child: Process) =>
      pointed === undefined
        ? kind === ID_TYPES.P_ALL || (kind === ID_TYPES.P_PID ? child.id === id : child.group === group)
        : child === pointed;
    return waitFor(task, matches, isImpatient ? options | WAIT.WNOHANG : options, (report) => {
      if (report === undefined && isImpatient) return -Errno.EAGAIN;
      if (info !== 0 && !task.user.write(info, siginfoOf(report, task.wordBytes))) return -Errno.EFAULT;
      if (report !== undefined && !usage.isNull && usage.write(usageOf(task, report.child)) < 0) return -Errno.EFAULT;
      return 0;
    });
  },
});

function waitFor(
  task: Thread,
  matches: (child: Process) => boolean,
  options: number,
  answer: (report: Report | undefined) => number,
): number | Pending {
  const attempt = (): number | undefined => {
    const candidates = [...task.process.children].filter((child) => matches(child) && isWaitedFor(child, options));
    if (candidates.length === 0) return -Errno.ECHILD;
    for (const child of candidates) {
      const report = reportOf(child, options);
      if (report === undefined) continue;
      const result = answer(report);
      if (result >= 0 && (options & WAIT.WNOWAIT) === 0) forget(task, child);
      return result;
    }
    return (options & WAIT.WNOHANG) !== 0 ? answer(undefined) : undefined;
  };
  return attempt() ?? new Pending({ queues: [task.process.childChanges], attempt, restartable: true });
}

/** Children with another exit signal than SIGCHLD are only seen with __WALL or __WCLONE, the others not with __WCLONE alone (man 2 wait). */
function isWaitedFor(child: Process, options: number): boolean {
  if ((options & WAIT.__WALL) !== 0) return true;
  return (processState(child).exitSignal !== Signal.CHLD) === ((options & WAIT.__WCLONE) !== 0);
}

function reportOf(child: Process, options: number): Report | undefined {
  const { exitStatus } = child;
  if (exitStatus !== undefined) {
    if ((options & WAIT.WEXITED) === 0) return undefined;
    if (exitStatus.kind === 'exited')
      return { child, code: SignalCode.ChildExited, status: exitStatus.code, word: exitStatus.code << 8 };
    const { signal, coreDumped } = exitStatus;
    const code = coreDumped ? SignalCode.ChildDumped : SignalCode.ChildKilled;
    return { child, code, status: signal, word: signal | (coreDumped ? 0x80 : 0) };
  }
  const { change } = processState(child);
  if (change?.kind === 'stopped' && (options & WSTOPPED) !== 0)
    return { child, code: SignalCode.ChildStopped, status: change.signal, word: (change.signal << 8) | 0x7f };
  if (change?.kind === 'continued' && (options & WAIT.WCONTINUED) !== 0)
    return { child, code: SignalCode.ChildContinued, status: Signal.CONT, word: CONTINUED };
  return undefined;
}

/** What a child and the children it waited for have used (man 2 wait4). */
function usageOf(task: Thread, child: Process) {
  const own = processCpuTime(task, child);
  const { user, system } = childrenCpuTime(child);
  const peak = Math.max(peakBytes(child), childrenPeakBytes(child));
  return usageFields({ user: own.user + user, system: own.system + system }, peak);
}

/** What was reported is not reported again. */
function forget(task: Thread, child: Process): void {
  if (child.exitStatus !== undefined) {
    inheritCpuTime(task.process, child);
    inheritPeak(task.process, child);
    task.kernel.reap(child);
  } else processState(child).change = undefined;
}

/** siginfo_t of a child; all zero when there was nothing to report (man 2 waitid). */
function siginfoOf(report: Report | undefined, wordBytes: 4 | 8): Uint8Array {
  if (report === undefined) return new Uint8Array(INFORMATION_BYTES);
  const { child, code, status } = report;
  return encodeInfo({ signal: Signal.CHLD, code, process: child.id, user: child.credentials.user, status }, wordBytes);
}
