// Stopping and continuing processes (man 7 signal, "Signal dispositions"; kernel/signal.c: prepare_signal, do_signal_stop).
import { eventLine, type Kernel, type Process } from '@elf/kernel';
import { ActionFlag, processState, type SignalInfo, threadState } from './signal-state.ts';
import { defaultAction, Signal, SignalCode, signalName } from './signal-table.ts';

/** Sends a signal to a process: how the parent hears of a change. */
type Send = (process: Process, info: SignalInfo) => void;

/**
 * What a signal does at the moment it is sent, before any thread takes it: stop signals and SIGCONT cancel each other, SIGCONT continues
 * even when it is blocked or ignored, and SIGKILL reaches a stopped process.
 */
export function prepareJobControl(process: Process, info: SignalInfo, send: Send): void {
  if (info.signal === Signal.KILL && process.isStopped) kernelOf(process)?.continueProcess(process);
  else if (info.signal === Signal.CONT) {
    discardPending(process, (signal) => defaultAction(signal) === 'stop');
    continueProcess(process, send);
  } else if (defaultAction(info.signal) === 'stop') discardPending(process, (signal) => signal === Signal.CONT);
}

const firstGroups = /* @__PURE__ */ new WeakMap<Kernel, number>();

/** The group a machine starts with has its shell outside: what would stop it stops the emulator. */
export function watchFirstGroup(kernel: Kernel, group: number): void {
  firstGroups.set(kernel, group);
}

/** The default action of a stop signal. Terminal stops leave a process alone that no shell would continue. */
export function stopProcess(process: Process, signal: number, send: Send): void {
  const kernel = kernelOf(process);
  if (kernel === undefined || process.isStopped) return;
  if (signal !== Signal.STOP && isOrphaned(process)) {
    if (process.group === firstGroups.get(kernel)) kernel.host.suspend?.();
    return;
  }
  const [thread] = process.threads;
  kernel.trace?.(eventLine(thread, `--- stopped by ${signalName(signal)} ---`));
  processState(process).change = { kind: 'stopped', signal };
  kernel.stopProcess(process);
  tellParent(process, SignalCode.ChildStopped, signal, send);
}

function continueProcess(process: Process, send: Send): void {
  if (!process.isStopped) return;
  processState(process).change = { kind: 'continued', signal: Signal.CONT };
  kernelOf(process)?.continueProcess(process);
  tellParent(process, SignalCode.ChildContinued, Signal.CONT, send);
}

/**
 * No member of the process group has a parent in another group of the same session: nobody would continue it (POSIX, "Orphaned
 * Process Group").
 */
export function isOrphaned(process: Process): boolean {
  const members = [...(kernelOf(process)?.processes.values() ?? [])].filter((each) => each.group === process.group);
  return !members.some(
    ({ parent, exitStatus }) =>
      exitStatus === undefined &&
      parent !== undefined &&
      parent.group !== process.group &&
      parent.session === process.session,
  );
}

function tellParent(process: Process, code: number, status: number, send: Send): void {
  const { parent } = process;
  if (parent === undefined) return;
  const action = processState(parent).actions[Signal.CHLD];
  if (((action?.flags ?? 0) & ActionFlag.NOCLDSTOP) === 0)
    send(parent, { signal: Signal.CHLD, code, process: process.id, user: process.credentials.user, status });
  parent.childChanges.wake();
}

function discardPending(process: Process, isUnwanted: (signal: number) => boolean): void {
  const queues = [processState(process).pending, ...[...process.threads].map((thread) => threadState(thread).pending)];
  for (const queue of queues) {
    for (let at = queue.length - 1; at >= 0; at--) if (isUnwanted(queue[at].signal)) queue.splice(at, 1);
  }
}

function kernelOf(process: Process) {
  const [thread] = process.threads;
  return thread?.kernel;
}
