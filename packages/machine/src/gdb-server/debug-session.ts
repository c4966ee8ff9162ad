// What a debugger does to a program, without its protocol: stop, go on, step, breakpoints, signals. The kernel asks it as its tracer.
import type { ExitStatus, Kernel, Process, SignalVerdict, Thread, Tracer } from '@elf/kernel';
import { SignalCode, sendToThread } from '@elf/linux';
import { readMemory } from './debugged-memory.ts';
import { bytesToHex } from './hexadecimal.ts';

const SIGINT = 2;
const SIGTRAP = 5;
const SIGKILL = 9;
/** Watched memory is compared after every instruction. */
const MOST_WATCHED_BYTES = 1 << 16;

/** Why the program stands still. */
export interface Stop {
  readonly thread: Thread;
  readonly signal: number;
  readonly cause: 'start' | 'breakpoint' | 'step' | 'watch' | 'signal' | 'exec' | 'interrupt';
  /** Address of the watched memory that changed. */
  readonly watched?: number;
  /** siginfo_t of a signal. */
  readonly information?: Uint8Array;
}

/** How a thread goes on. */
export interface Plan {
  readonly kind: 'run' | 'step' | 'stay';
  /** Signal to deliver, by Linux's number; 0 for none. */
  readonly signal: number;
  /** Steps go on while the address is in this range. */
  readonly range?: { readonly start: number; readonly end: number };
}

/** Who hears of it. */
export interface SessionListener {
  stopped(stop: Stop): void;
  ended(status: ExitStatus): void;
}

/** The debugged program: the first process of a machine. Its children run free. */
export class DebugSession implements Tracer {
  readonly kernel: Kernel;
  listener: SessionListener | undefined;
  /** Set while every thread of the program stands still. */
  stop: Stop | undefined;
  process: Process | undefined;
  /** Signals that are delivered without a stop, by Linux's numbers. */
  passedSignals: ReadonlySet<number> = new Set();
  /** Whether execve stops the program. */
  reportsExec = false;
  readonly #breakpoints = new Set<number>();
  /** Watched memory by "address,length", with what it held last. While there is some, the program goes on by steps. */
  readonly #watched = new Map<string, { address: number; content: string }>();
  #plans: ReadonlyMap<Thread, Plan> = new Map();
  /** Threads whose instruction is done while their call still waits. */
  readonly #stepped = new Set<Thread>();
  readonly #held = new Set<Thread>();
  /** One program is debugged: the first. */
  #hasStarted = false;
  /** What was decided about signals that were shown. */
  readonly #verdicts = new Map<Thread, number>();
  /** Threads of other processes on a breakpoint of ours: they share its memory, as vfork has it. */
  readonly #passing = new Set<Thread>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  get isHolding(): boolean {
    return this.stop !== undefined || this.#held.size > 0;
  }

  turn(thread: Thread): 'run' | 'step' | 'hold' {
    if (thread.process !== this.process) return this.#passing.has(thread) ? 'step' : 'run';
    const plan = this.#plans.get(thread);
    // A step whose call waited is over with the call.
    if (this.stop === undefined && this.#stepped.has(thread) && thread.wait === undefined) this.#endStep(thread);
    if (this.stop !== undefined || plan?.kind === 'stay') {
      this.#held.add(thread);
      return 'hold';
    }
    return plan?.kind === 'step' || this.#watched.size > 0 ? 'step' : 'run';
  }

  stepped(thread: Thread): void {
    if (this.#passing.delete(thread) || thread.process !== this.process || this.stop !== undefined) return;
    if (thread.state === 'ended') return;
    if (thread.wait === undefined) this.#endStep(thread);
    else this.#stepped.add(thread);
  }

  reachedBreakpoint(thread: Thread): void {
    if (thread.process !== this.process) this.#passing.add(thread);
    else this.#halt({ thread, signal: SIGTRAP, cause: 'breakpoint' });
  }

  signal(thread: Thread, signal: number, information: () => Uint8Array): SignalVerdict {
    if (thread.process !== this.process) return signal;
    const verdict = this.#verdicts.get(thread);
    if (verdict !== undefined) {
      this.#verdicts.delete(thread);
      return verdict;
    }
    if (this.passedSignals.has(signal)) return signal;
    if (this.stop === undefined) this.#halt({ thread, signal, cause: 'signal', information: information() });
    return 'hold';
  }

  started(process: Process): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.process = process;
    const [thread] = process.threads;
    this.#halt({ thread, signal: SIGTRAP, cause: 'start' });
  }

  executed(thread: Thread): void {
    if (thread.process !== this.process) return;
    this.#breakpoints.clear();
    this.#watched.clear();
    this.#plans = new Map();
    if (this.reportsExec) this.#halt({ thread, signal: SIGTRAP, cause: 'exec' });
  }

  ended(process: Process, status: ExitStatus): void {
    if (process !== this.process) return;
    this.#letGo();
    this.listener?.ended(status);
  }

  /** Stops the program where it is. */
  interrupt(): void {
    const thread = this.process?.threads.values().next().value;
    if (thread !== undefined && this.stop === undefined) this.#halt({ thread, signal: SIGINT, cause: 'interrupt' });
  }

  /** Lets threads go on; those without a plan of their own run. */
  resume(plans: ReadonlyMap<Thread, Plan>): void {
    const { stop } = this;
    if (stop === undefined) return;
    this.stop = undefined;
    this.#plans = plans;
    this.#stepped.clear();
    if (stop.cause === 'signal') this.#verdicts.set(stop.thread, plans.get(stop.thread)?.signal ?? 0);
    for (const [thread, { signal }] of plans) {
      if (signal === 0 || (thread === stop.thread && stop.cause === 'signal')) continue;
      // Delivered without being shown again.
      this.#verdicts.set(thread, signal);
      sendToThread(thread, { signal, code: SignalCode.User, process: 0, user: 0 });
    }
    this.#releaseHeld();
  }

  setBreakpoint(address: number, isSet: boolean): void {
    if (isSet) this.#breakpoints.add(address);
    else this.#breakpoints.delete(address);
    const { process } = this;
    if (process !== undefined) this.kernel.cpu.setBreakpoints(process.space, new Set(this.#breakpoints));
  }

  /** The program runs on without a debugger. */
  detach(): void {
    if (this.process !== undefined) this.kernel.cpu.setBreakpoints(this.process.space, new Set());
    this.#letGo();
  }

  kill(): void {
    const { process } = this;
    this.listener = undefined;
    this.#letGo();
    if (process !== undefined)
      this.kernel.endProcess(process, { kind: 'signaled', signal: SIGKILL, coreDumped: false });
  }

  /** Watches memory for changes, or no longer; false when it cannot be read, or is more than can be watched. */
  setWatchpoint(address: number, length: number, isSet: boolean): boolean {
    const key = `${address},${length}`;
    const content = this.#contentOf(address, length);
    if (!isSet) this.#watched.delete(key);
    else if (content !== undefined) this.#watched.set(key, { address, content });
    return !isSet || content !== undefined;
  }

  #contentOf(address: number, length: number): string | undefined {
    // What a debugger asks for may be no number at all.
    if (!(length > 0 && length <= MOST_WATCHED_BYTES)) return undefined;
    const bytes = this.process && readMemory(this.process, address, length);
    return bytes?.length === length ? bytesToHex(bytes) : undefined;
  }

  /** The address of watched memory that changed since it was looked at last. */
  #changed(): number | undefined {
    let found: number | undefined;
    for (const [key, watch] of this.#watched) {
      const content = this.#contentOf(watch.address, Number(key.split(',')[1]));
      if (content === watch.content || content === undefined) continue;
      watch.content = content;
      found ??= watch.address;
    }
    return found;
  }

  #endStep(thread: Thread): void {
    const plan = this.#plans.get(thread);
    this.#stepped.delete(thread);
    const watched = this.#watched.size > 0 ? this.#changed() : undefined;
    const rip = this.kernel.currentThread === thread ? this.kernel.cpu.rip : Number.NaN;
    const { range } = plan ?? {};
    const goesOn = plan?.kind !== 'step' || (range !== undefined && rip >= range.start && rip < range.end);
    if (watched !== undefined) this.#halt({ thread, signal: SIGTRAP, cause: 'watch', watched });
    else if (!goesOn) this.#halt({ thread, signal: SIGTRAP, cause: 'step' });
    // Steps pass over breakpoints, which must stop what goes on.
    else if (this.#breakpoints.has(rip)) this.#halt({ thread, signal: SIGTRAP, cause: 'breakpoint' });
  }

  #halt(stop: Stop): void {
    this.stop = stop;
    this.listener?.stopped(stop);
  }

  #letGo(): void {
    this.process = undefined;
    this.stop = undefined;
    this.#breakpoints.clear();
    this.#watched.clear();
    this.#plans = new Map();
    this.#stepped.clear();
    this.#verdicts.clear();
    this.#releaseHeld();
  }

  #releaseHeld(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const thread of held) if (thread.state === 'runnable') this.kernel.release(thread);
  }
}
