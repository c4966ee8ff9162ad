// A debugger as the kernel sees it: a port. It decides who runs and how far, and is shown signals before they take effect.
import type { CpuExit } from './cpu-port.ts';
import type { ExitStatus } from './exit-status.ts';
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';

/** What becomes of a signal: it waits, or this one is delivered in its place (0: none). */
export type SignalVerdict = 'hold' | number;

/**
 * What ptrace gives a debugger, as a port. A thread that is told to hold is no longer in the kernel's queue: the tracer gives it back
 * with {@link Kernel.release} when it may run on. Calls come between two instructions of the thread, never while it executes one.
 */
export interface Tracer {
  /** Some threads wait for the debugger's word: the machine does not stall. */
  readonly isHolding: boolean;
  /** How the thread goes on: freely, by one instruction, or not at all. May be asked several times for one answer. */
  turn(thread: Thread): 'run' | 'step' | 'hold';
  /** The instruction of a step is done; its call may still wait. */
  stepped(thread: Thread): void;
  /** The thread is before an instruction that has a breakpoint. It stays there while {@link turn} says so, or is to be stepped over it. */
  reachedBreakpoint(thread: Thread): void;
  /**
   * A signal is about to take effect.
   * @param information siginfo_t as the thread's ABI lays it out.
   */
  signal(thread: Thread, signal: number, information: () => Uint8Array): SignalVerdict;
  /** Guest code failed; what follows is a signal. The exit says why. */
  faulted?(thread: Thread, exit: CpuExit): void;
  /** The first process is there, its program loaded. */
  started(process: Process): void;
  /** A program was loaded in the thread's process; it is the only thread now. */
  executed(thread: Thread): void;
  /** A process ended; its memory may be gone. */
  ended(process: Process, status: ExitStatus): void;
}
