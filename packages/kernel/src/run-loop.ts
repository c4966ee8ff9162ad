// The run loop: slices of guest code, system calls and faults, until every process has ended.
import { Register } from './cpu-port.ts';
import { beginSlice, endSlice } from './cpu-time.ts';
import { completeCall, dispatchSystemCall } from './dispatch.ts';
import { Errno } from './errno.ts';
import type { Kernel } from './kernel.ts';
import type { Thread } from './thread.ts';

/** Instructions a thread runs before the next one gets its turn. */
const SLICE_INSTRUCTIONS = 1_000_000;
/** What a call takes off a slice: a thread that does little but map and unmap gave way every 2 s without it, 1000 joins beside it took minutes. */
const CALL_INSTRUCTIONS = 10_000;
/** Slices between two looks at the host's events (stdin, timers, an abort). */
const SLICES_PER_PAUSE = 4;

/** Options of a run. */
export interface RunOptions {
  /** Asked between slices; true stops the run, threads stay as they are. */
  readonly shouldStop?: () => boolean;
}

/** Why a run ended. */
export type RunOutcome =
  /** No process is left. */
  | 'finished'
  /** `shouldStop` said so. */
  | 'stopped'
  /** Every thread waits for something that cannot happen: only a host without events of its own can know. */
  | 'stalled';

/**
 * Runs all processes to their end. The loop is the same in Node, in a worker and on a page.
 * @example
 * kernel.start({ path: '/bin/true', arguments: ['true'], environment: [], personality });
 * await run(kernel);
 */
export async function run(kernel: Kernel, options: RunOptions = {}): Promise<RunOutcome> {
  let slices = 0;
  let idleRounds = 0;
  while (kernel.programThreads > 0) {
    if (options.shouldStop?.()) return 'stopped';
    const thread = kernel.takeReady();
    if (thread === undefined) {
      if (++idleRounds > MAXIMUM_IDLE_ROUNDS && !kernel.tracer?.isHolding) return 'stalled';
      await kernel.idle();
      continue;
    }
    idleRounds = 0;
    if (kernel.tracer?.turn(thread) === 'hold') continue;
    if (thread.wait === undefined || resumeWait(kernel, thread)) runSlice(kernel, thread);
    if (++slices % SLICES_PER_PAUSE === 0) await kernel.host.clock.pause();
  }
  // What sockets still had to send is the system's to send, as after any exit.
  await kernel.internet.network.outside?.drain();
  return 'finished';
}

/** A real clock's wait ends only with an event or a deadline; a virtual one's ends at once, so a thousand rounds mean nothing will come. */
const MAXIMUM_IDLE_ROUNDS = 1000;

/** A woken thread looks again at what it waited for. False: it goes back to sleep. */
function resumeWait(kernel: Kernel, thread: Thread): boolean {
  const request = thread.wait;
  if (request === undefined) return true;
  let result = kernel.attemptWait(thread, request);
  if (result === undefined && request.deadline !== undefined && kernel.host.clock.monotonic() >= request.deadline) {
    result = request.expire?.() ?? 0;
  }
  const interrupted = result === undefined && thread.attention;
  if (result === undefined && !interrupted) {
    kernel.finishWait(thread);
    kernel.block(thread, request);
    return false;
  }
  kernel.finishWait(thread);
  if (thread.state === 'ended') return false;
  kernel.switchTo(thread);
  const abi = thread.callAbi;
  if (interrupted && thread.call !== undefined) {
    thread.interrupted = { number: thread.call.number, restartable: request.restartable ?? false };
    result = request.interrupt?.() ?? -Errno.EINTR;
  }
  if (abi !== undefined && result !== undefined) completeCall(thread, abi, result);
  return true;
}

function runSlice(kernel: Kernel, thread: Thread): void {
  const { cpu, tracer } = kernel;
  kernel.switchTo(thread);
  const start = cpu.instructionsRetired;
  let end = start + SLICE_INSTRUCTIONS;
  beginSlice(thread);
  // A call that began to wait while a signal was pending is runnable again at once: its wait is looked at first.
  while (thread.state === 'runnable' && thread.wait === undefined) {
    if (thread.attention) {
      const stackPointer = cpu.register(Register.Rsp);
      thread.process.personality.beforeResume(thread);
      if (thread.state !== 'runnable') break;
      // A step into a handler ends before its first instruction, as ptrace has it.
      if (tracer?.turn(thread) === 'step' && stackPointer !== cpu.register(Register.Rsp)) tracer.stepped(thread);
    }
    const turn = tracer === undefined ? 'run' : tracer.turn(thread);
    if (turn === 'hold') break;
    const left = end - cpu.instructionsRetired;
    if (left <= 0) break;
    const exit = turn === 'step' ? cpu.step() : cpu.run(left);
    if (exit.kind === 'breakpoint' || (turn === 'step' && exit.kind === 'budget')) {
      if (exit.kind === 'budget') tracer?.stepped(thread);
      else tracer?.reachedBreakpoint(thread);
      continue;
    }
    // The CPU stops at block borders: what is left of the budget may be too little for one more block.
    if (exit.kind === 'budget') break;
    const abi = thread.process.personality.abiOf(exit);
    if (abi === undefined) {
      tracer?.faulted?.(thread, exit);
      thread.process.personality.fault(thread, exit);
    } else {
      thread.callAbi = abi;
      dispatchSystemCall(thread, abi);
      end -= CALL_INSTRUCTIONS;
      if (turn === 'step') tracer?.stepped(thread);
      if (thread.yields) break;
    }
    // A thread that just woke another one yields early only at the end of its slice: order stays deterministic.
  }
  thread.yields = false;
  const retired = cpu.instructionsRetired - start;
  thread.instructions += retired;
  const inCalls = start + SLICE_INSTRUCTIONS - end;
  endSlice(thread, inCalls === 0 ? 0 : inCalls / (inCalls + retired));
  if (thread.state !== 'ended') thread.process.personality.sliceEnded?.(thread);
  // A thread that is held is the debugger's to give back.
  const isHeld = thread.state === 'runnable' && tracer?.turn(thread) === 'hold';
  if (thread.wait === undefined && !isHeld) kernel.requeue(thread);
}
