// Sending signals: to a thread, to a process, and the ones a fault forces.
import { eventLine, type Process, type Thread } from '@elf/kernel';
import { prepareJobControl, stopProcess } from './job-control.ts';
import { processState, type SignalInfo, signalBit, threadState, UNBLOCKABLE } from './signal-state.ts';
import { defaultAction, FIRST_REAL_TIME, Signal, SignalCode, signalName } from './signal-table.ts';

/**
 * Sends to one thread (tgkill, a fault).
 * @example
 * sendToThread(thread, { signal: 15, code: SignalCode.User, process: 0, user: 0 });
 */
export function sendToThread(thread: Thread, info: SignalInfo): void {
  if (isUnkillable(thread)) return;
  prepareJobControl(thread.process, info, sendToProcess);
  if (stopsAtOnce(thread, info)) return;
  if (isIgnored(thread.process, info.signal) && !isBlocked(thread, info.signal)) return;
  enqueue(threadState(thread).pending, info);
  processState(thread.process).arrivals.wake();
  alert(thread, info.signal);
}

/** Sends to a process: any thread that does not block it takes it. */
export function sendToProcess(process: Process, info: SignalInfo): void {
  if (process.exitStatus !== undefined) return;
  const threads = [...process.threads];
  if (threads.some(isUnkillable)) return;
  prepareJobControl(process, info, sendToProcess);
  const taker = threads.find((thread) => !isBlocked(thread, info.signal));
  if (taker !== undefined && (isIgnored(process, info.signal) || stopsAtOnce(taker, info))) return;
  enqueue(processState(process).pending, info);
  processState(process).arrivals.wake();
  for (const thread of taker === undefined ? threads : [taker]) alert(thread, info.signal);
}

/** Process 1 has no handlers, and without one no signal reaches it, SIGKILL included (man 2 kill, "Notes"). */
function isUnkillable(thread: Thread): boolean {
  return thread === thread.kernel.resident;
}

/**
 * A stop that nothing holds back takes effect when it is sent: threads that wait stay where they are, and their deadlines with them.
 */
function stopsAtOnce(thread: Thread, info: SignalInfo): boolean {
  if (defaultAction(info.signal) !== 'stop' || isBlocked(thread, info.signal)) return false;
  if (info.signal !== Signal.STOP && (processState(thread.process).actions[info.signal]?.handler ?? 0) !== 0)
    return false;
  thread.kernel.trace?.(eventLine(thread, describeSignal(info)));
  stopProcess(thread.process, info.signal, sendToProcess);
  return true;
}

/** A signal that cannot be held back: a fault while it is blocked or ignored kills (force_sig_info). */
export function forceSignal(thread: Thread, info: SignalInfo): void {
  const state = processState(thread.process);
  const own = threadState(thread);
  const ignored = state.actions[info.signal]?.handler === 1;
  if (ignored || isBlocked(thread, info.signal)) {
    state.actions[info.signal] = undefined;
    own.mask &= ~signalBit(info.signal);
  }
  own.pending.unshift(info);
  thread.attention = true;
  thread.kernel.trace?.(eventLine(thread, describeSignal(info)));
}

/** strace's line about a signal. */
export function describeSignal(info: SignalInfo): string {
  const parts = [`si_signo=${signalName(info.signal)}`, `si_code=${codeName(info)}`];
  if (info.signal === Signal.CHLD)
    parts.push(`si_pid=${info.process}`, `si_uid=${info.user}`, `si_status=${info.status}`);
  else if (info.process !== undefined) parts.push(`si_pid=${info.process}`, `si_uid=${info.user}`);
  else if (info.address !== undefined)
    parts.push(`si_addr=${info.address === 0 ? 'NULL' : `0x${info.address.toString(16)}`}`);
  return `--- ${signalName(info.signal)} {${parts.join(', ')}} ---`;
}

function codeName(info: SignalInfo): string {
  if (info.code === SignalCode.User) return 'SI_USER';
  if (info.code === SignalCode.Kernel) return 'SI_KERNEL';
  if (info.code === SignalCode.ThreadKill) return 'SI_TKILL';
  const names: Readonly<Record<number, readonly string[]>> = {
    [Signal.SEGV]: ['', 'SEGV_MAPERR', 'SEGV_ACCERR'],
    [Signal.BUS]: ['', 'BUS_ADRALN', 'BUS_ADRERR'],
    [Signal.ILL]: ['', 'ILL_ILLOPC', 'ILL_ILLOPN'],
    [Signal.FPE]: [
      '',
      'FPE_INTDIV',
      'FPE_INTOVF',
      'FPE_FLTDIV',
      'FPE_FLTOVF',
      'FPE_FLTUND',
      'FPE_FLTRES',
      'FPE_FLTINV',
    ],
    [Signal.CHLD]: ['', 'CLD_EXITED', 'CLD_KILLED', 'CLD_DUMPED', 'CLD_TRAPPED', 'CLD_STOPPED', 'CLD_CONTINUED'],
    [Signal.TRAP]: ['', 'TRAP_BRKPT', 'TRAP_TRACE'],
  };
  return names[info.signal]?.[info.code] || String(info.code);
}

export function isBlocked(thread: Thread, signal: number): boolean {
  return (threadState(thread).mask & signalBit(signal) & ~UNBLOCKABLE) !== 0n;
}

function isIgnored(process: Process, signal: number): boolean {
  const action = processState(process).actions[signal];
  if (action === undefined || action.handler === 0) return defaultAction(signal) === 'ignore';
  return action.handler === 1;
}

function enqueue(queue: SignalInfo[], info: SignalInfo): void {
  if (info.signal < FIRST_REAL_TIME && queue.some((waiting) => waiting.signal === info.signal)) return;
  queue.push(info);
}

function alert(thread: Thread, signal: number): void {
  if (isBlocked(thread, signal)) return;
  thread.attention = true;
  thread.kernel.wake(thread);
}
