// A thread: one flow of guest instructions. System calls receive it as their task.
import type { UserMemory } from '@elf/mm';
import type { Cpu, CpuExit } from './cpu-port.ts';
import type { Host } from './host/host.ts';
import type { Kernel } from './kernel.ts';
import type { PendingRequest } from './pending.ts';
import type { SystemCallAbi } from './personality.ts';
import type { Process } from './process.ts';
import type { SystemCallRow } from './system-call.ts';

/** A system call in progress or just interrupted. */
export interface CallInProgress {
  readonly row: SystemCallRow;
  readonly number: number;
  /** The argument registers as they were at the call: low and high halves. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Decoded arguments, for the trace line printed at the end. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Arguments that the trace has shown already, in a line that says the call is unfinished. */
  shownArguments?: number;
}

/** A thread of a process. */
export class Thread {
  readonly id: number;
  readonly process: Process;
  readonly kernel: Kernel;
  /** Stopped: runnable but for a stop signal of its process. A blocked thread of a stopped process stays blocked. */
  state: 'runnable' | 'blocked' | 'stopped' | 'ended' = 'runnable';
  /** CPU state while the thread is not on the CPU. */
  cpuState: Uint8Array | undefined;
  call: CallInProgress | undefined;
  /** The convention of the last call. */
  callAbi: SystemCallAbi | undefined;
  /** What it waits for. */
  wait: PendingRequest | undefined;
  /** Ends the subscriptions of `wait`. */
  leaveQueues: (() => void) | undefined;
  /** Set by whoever sends a signal: the personality looks before guest code continues. */
  attention = false;
  /** The call a signal cut short, until the personality decides whether it starts again. */
  interrupted: { readonly number: number; readonly restartable: boolean | 'always' } | undefined;
  personalityState: unknown;
  /** What stopped the CPU last other than a call: crash reports name it. */
  lastFault: CpuExit | undefined;
  instructions = 0;
  /** Set by a call that gives the rest of the slice away (sched_yield). */
  yields = false;

  constructor(kernel: Kernel, process: Process, id: number) {
    this.kernel = kernel;
    this.process = process;
    this.id = id;
    process.threads.add(this);
  }

  /** Bytes of a word to the call in progress: a 64-bit process may use 32-bit calls. */
  get wordBytes(): 4 | 8 {
    return this.callAbi?.wordBytes ?? 8;
  }

  get user(): UserMemory {
    return this.process.user;
  }

  get host(): Host {
    return this.kernel.host;
  }

  /** The CPU; only valid while this thread is on it (in its own system calls and faults). */
  get cpu(): Cpu {
    return this.kernel.cpu;
  }
}
