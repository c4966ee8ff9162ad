// Delivering signals: before guest code continues, the first signal that is not blocked takes its effect.
import { eventLine, type Thread } from '@elf/kernel';
import { X86_64_ABI } from '../abi/x86-64.ts';
import { dumpCore } from '../core-dump/core-dump.ts';
import { interruptSequence } from '../restartable-sequences.ts';
import { stopProcess } from './job-control.ts';
import { describeSignal, forceSignal, sendToProcess } from './send-signal.ts';
import { encodeInfo } from './signal-information.ts';
import { enterHandler } from './signal-frame.ts';
import { enterHandlerI386 } from './signal-frame-i386.ts';
import { ActionFlag, processState, type SignalInfo, signalBit, threadState, UNBLOCKABLE } from './signal-state.ts';
import { defaultAction, Signal, SignalCode } from './signal-table.ts';

/** Signals caused by the very instruction come first (SYNCHRONOUS_MASK of kernel/signal.c): they were put in front. */
export function deliverSignals(thread: Thread): void {
  for (;;) {
    const info = shownSignal(thread, takeSignal(thread));
    if (info === 'hold') return;
    if (info === undefined) {
      thread.attention = false;
      restartCall(thread);
      restoreMask(thread);
      return;
    }
    const action = processState(thread.process).actions[info.signal];
    if (!isForced(info)) thread.kernel.trace?.(eventLine(thread, describeSignal(info)));
    if (action === undefined || action.handler === 0 || UNBLOCKABLE & signalBit(info.signal)) {
      if (!applyDefault(thread, info)) return;
      continue;
    }
    if (action.handler === 1) continue;
    runHandler(thread, info);
    return;
  }
}

function takeSignal(thread: Thread): SignalInfo | undefined {
  const { mask } = threadState(thread);
  for (const queue of [threadState(thread).pending, processState(thread.process).pending]) {
    const at = queue.findIndex((info) => (mask & signalBit(info.signal) & ~UNBLOCKABLE) === 0n);
    if (at >= 0) return queue.splice(at, 1)[0];
  }
  return undefined;
}

/** What a debugger makes of a signal: it passes, becomes another one or none, or waits for the debugger's word. */
function shownSignal(thread: Thread, info: SignalInfo | undefined): SignalInfo | 'hold' | undefined {
  const { tracer } = thread.kernel;
  if (info === undefined || tracer === undefined || info.signal === Signal.KILL) return info;
  const verdict = tracer.signal(thread, info.signal, () => encodeInfo(info, thread.cpu.mode === 32 ? 4 : 8));
  if (verdict === info.signal) return info;
  if (verdict === 'hold') {
    threadState(thread).pending.unshift(info);
    return verdict;
  }
  if (verdict === 0) return shownSignal(thread, takeSignal(thread));
  return { signal: verdict, code: SignalCode.User, process: 0, user: 0 };
}

/** Faults were traced when they happened. */
function isForced(info: SignalInfo): boolean {
  return (
    info.process === undefined &&
    info.signal !== Signal.CHLD &&
    info.signal !== Signal.PIPE &&
    info.signal !== Signal.ALRM
  );
}

/** False when the process is gone or stopped. */
function applyDefault(thread: Thread, info: SignalInfo): boolean {
  const action = defaultAction(info.signal);
  if (action === 'ignore' || action === 'continue') return true;
  const { kernel, process } = thread;
  if (action === 'stop') {
    stopProcess(process, info.signal, sendToProcess);
    return !process.isStopped;
  }
  // What somebody sent with kill(2) is no crash to explain.
  const isSent = info.code === SignalCode.User && info.process !== undefined;
  if (action === 'core' && !isSent) kernel.onCrash?.(thread, info.signal);
  const coreDumped = action === 'core' && dumpCore(thread, info);
  kernel.endProcess(process, { kind: 'signaled', signal: info.signal, coreDumped });
  return false;
}

function runHandler(thread: Thread, info: SignalInfo): void {
  const state = processState(thread.process);
  const own = threadState(thread);
  const action = state.actions[info.signal];
  if (action === undefined) return;
  const restartable = thread.interrupted?.restartable ?? false;
  if (restartable === 'always' || (restartable && (action.flags & ActionFlag.RESTART) !== 0)) restartCall(thread);
  thread.interrupted = undefined;
  // The frame holds where the handler returns to, which is not into a sequence it disturbed.
  if (!interruptSequence(thread)) {
    deliverSignals(thread);
    return;
  }
  const savedMask = own.savedMask ?? own.mask;
  own.savedMask = undefined;
  const enter = action.isNarrow ? enterHandlerI386 : enterHandler;
  if (!enter(thread, action, info, savedMask)) {
    // No room for the frame: SIGSEGV, whose handler may have its own stack; without room for that too it kills (force_sigsegv).
    if (info.signal === Signal.SEGV) state.actions[Signal.SEGV] = undefined;
    if (savedMask !== own.mask) own.savedMask = savedMask;
    forceSignal(thread, { signal: Signal.SEGV, code: SignalCode.Kernel });
    deliverSignals(thread);
    return;
  }
  own.mask =
    (own.mask | action.mask | ((action.flags & ActionFlag.NODEFER) === 0 ? signalBit(info.signal) : 0n)) & ~UNBLOCKABLE;
  if ((action.flags & ActionFlag.RESETHAND) !== 0) state.actions[info.signal] = { ...action, handler: 0 };
}

/** Executes the interrupted call's instruction again. */
function restartCall(thread: Thread): void {
  if (thread.interrupted === undefined) return;
  thread.cpu.rip -= X86_64_ABI.instructionBytes;
  thread.cpu.setRegister(0, BigInt(thread.interrupted.number));
  thread.interrupted = undefined;
}

function restoreMask(thread: Thread): void {
  const own = threadState(thread);
  if (own.savedMask === undefined) return;
  own.mask = own.savedMask;
  own.savedMask = undefined;
}
