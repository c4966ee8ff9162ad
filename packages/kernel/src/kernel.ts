// The kernel of a machine: its processes and threads, and who runs next.
import type { AddressSpace, GuestMemory } from '@elf/mm';
import type { Cpu } from './cpu-port.ts';
import type { ExitStatus } from './exit-status.ts';
import type { ForkOptions } from './fork-options.ts';
import { deviceOpener } from './files/devices.ts';
import { FileTree, type Viewpoint } from './files/file-tree.ts';
import { MemoryBudget } from './files/memory-budget.ts';
import { followRename } from './files/renamed-paths.ts';
import type { Host } from './host/host.ts';
import { memorySockets } from './host/memory/memory-sockets.ts';
import type { KernelParts, StartRequest } from './kernel-parts.ts';
import { dismissFirstProcess, handOverChildren } from './orphans.ts';
import type { PendingRequest } from './pending.ts';
import { type Credentials, Process } from './process.ts';
import type { LoadedProgram, LoadPlace, LoadRefusal, ProgramLoader } from './program-loader.ts';
import { InternetNetwork } from './sockets/internet-network.ts';
import { SocketNames } from './sockets/socket-names.ts';
import { standardDescriptors } from './standard-descriptors.ts';
import { Thread } from './thread.ts';
import { FIRST_ID, takeId } from './thread-ids.ts';
import type { Tracer } from './tracer.ts';
import { TimerQueue } from './timer-queue.ts';

/** Descriptors 0, 1 and 2 of the first process. */
const STANDARD_STREAMS = 3;
/** Calls kept for a crash report. */
const RECENT_CALLS = 12;

/** Processes, threads and their order. One JavaScript thread runs all of them (decision D5). */
export class Kernel {
  readonly host: Host;
  readonly memory: GuestMemory;
  readonly cpu: Cpu;
  readonly tree: FileTree;
  readonly loader: ProgramLoader;
  readonly trace: ((line: string) => void) | undefined;
  readonly onCrash: ((thread: Thread, signal: number) => void) | undefined;
  /** A debugger, if there is one. */
  tracer: Tracer | undefined;
  /** The thread of process 1, where the personality has such a process. */
  resident: Thread | undefined;
  /** The number given last to a process or thread. */
  lastId = FIRST_ID - 1;
  readonly processes = new Map<number, Process>();
  readonly threads = new Map<number, Thread>();
  readonly bootTime: number;
  /** What files in memory and pipes may take of the host's memory. */
  readonly memoryBudget: MemoryBudget;
  readonly socketNames = new SocketNames();
  readonly internet: InternetNetwork;
  readonly #ready: Thread[] = [];
  readonly #timers = new TimerQueue();
  readonly #recentCalls: string[] = [];
  #onCpu: Thread | undefined;
  #looking: Thread | undefined;
  #nextInode = 1000;
  #wakeUp: (() => void) | undefined;

  constructor(parts: KernelParts) {
    this.host = parts.host;
    this.memory = parts.memory;
    this.cpu = parts.cpu;
    this.loader = parts.loader;
    this.trace = parts.trace;
    this.onCrash = parts.onCrash;
    this.bootTime = parts.host.clock.monotonic();
    const { streams, sockets = memorySockets(), entropy, memoryBudget = new MemoryBudget() } = parts.host;
    this.memoryBudget = memoryBudget;
    const terminal = () => [streams.input, streams.output, streams.error].find((file) => file.terminal !== undefined);
    this.tree = new FileTree(deviceOpener(entropy, terminal), parts.memory.fileFrames, memoryBudget);
    this.tree.afterRename = (from, to) => followRename(this.processes.values(), from, to);
    this.tree.mounts.mount('/', parts.host.files, 'host');
    this.internet = new InternetNetwork(sockets, entropy, () => this.nextInode());
  }

  /** The thread whose call is being served: the one on the CPU, or one that looks again at what it waits for. */
  get currentThread(): Thread | undefined {
    return this.#looking ?? this.#onCpu;
  }

  /** Timers of processes and deadlines of waiting threads: none without processes. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** How many threads there are beside that of process 1. */
  get programThreads(): number {
    return this.threads.size - (this.resident === undefined ? 0 : 1);
  }

  /** Number for a new pipe or socket. */
  nextInode(): number {
    return this.#nextInode++;
  }

  /** The last system calls, oldest first, for crash reports. */
  get recentCalls(): readonly string[] {
    return this.#recentCalls;
  }

  recordCall(text: string): void {
    this.#recentCalls.push(text);
    if (this.#recentCalls.length > RECENT_CALLS) this.#recentCalls.shift();
  }

  /** Loads the first program and makes its process. */
  start(request: StartRequest): Process | LoadRefusal {
    const { host } = this;
    const { viewpoint, credentials } = this.firstViewer();
    const place = { workingDirectory: viewpoint.base, root: viewpoint.root, umask: host.umask };
    const caller = { viewpoint, credentials, lowestFreeDescriptor: STANDARD_STREAMS };
    const program = this.loader(this, { ...request, ...caller });
    if (program.kind === 'refused') return program;
    const descriptors = standardDescriptors(host);
    if (program.passedFile !== undefined) descriptors.insert(program.passedFile);
    const personality = program.personality ?? request.personality;
    const parts = { id: takeId(this), parent: undefined, space: program.space, descriptors, place, credentials };
    const process = new Process({ ...parts, personality, program }, host.clock.monotonic());
    const thread = this.#addThread(process, process.id);
    this.processes.set(process.id, process);
    personality.attach(process, thread);
    this.#putOnCpu(thread);
    this.#begin(thread, program);
    this.#ready.push(thread);
    this.tracer?.started(process);
    return process;
  }

  /** Who the first process is, and where it looks at files from: the host's user in its working directory. */
  firstViewer(): { readonly viewpoint: Viewpoint; readonly credentials: Credentials } {
    const { user, group, supplementaryGroups, workingDirectory } = this.host;
    const ids = { user, effectiveUser: user, savedUser: user, group, effectiveGroup: group, savedGroup: group };
    const credentials = { ...ids, supplementary: supplementaryGroups ?? [] };
    return { viewpoint: { base: workingDirectory, root: '/' }, credentials };
  }

  /**
   * execve for the calling thread. Returns a negated error, or 0 with registers set for the new program. An error after the
   * point of no return ends the process.
   */
  execute(
    thread: Thread,
    path: string,
    argv: readonly string[],
    environment: readonly string[],
    at?: LoadPlace,
  ): number {
    const { process } = thread;
    const { viewpoint, credentials } = process;
    const lowestFreeDescriptor = process.descriptors.lowestFreeAfterExec();
    const request = { path, arguments: argv, environment, viewpoint, credentials, at, lowestFreeDescriptor };
    const program = this.loader(this, request);
    if (program.kind === 'refused') {
      if (program.endsProcess) this.endProcess(process, program.endsProcess);
      return -program.errno;
    }
    for (const other of [...process.threads]) if (other !== thread) this.endThread(other);
    process.descriptors = process.descriptors.prepareExec();
    if (program.passedFile !== undefined) process.descriptors.insert(program.passedFile);
    releaseSpace(process.replaceSpace(program.space), this);
    this.cpu.attach(program.space);
    const { personality = process.personality } = program;
    if (personality !== process.personality) {
      process.personality = personality;
      process.program = program;
      personality.attach(process, thread);
    }
    this.#begin(thread, program);
    return 0;
  }

  /** A copy of the calling thread in a new process; its registers are the caller's as they are now. */
  fork(thread: Thread, options: ForkOptions): Thread {
    const parent = thread.process;
    const space = options.space ?? (options.shareSpace ? parent.space : parent.space.fork());
    const child = new Process(
      {
        id: takeId(this),
        parent: options.sibling ? parent.parent : parent,
        space,
        descriptors: options.shareDescriptors ? parent.descriptors.share() : parent.descriptors.copy(),
        place: options.sharePlace ? parent.place : { ...parent.place },
        credentials: { ...parent.credentials },
        personality: parent.personality,
        program: parent.program,
      },
      this.host.clock.monotonic(),
    );
    child.commandName = parent.commandName;
    child.borrowsSpace = options.shareSpace === true;
    this.processes.set(child.id, child);
    return this.#copyThread(thread, child, child.id);
  }

  /** A new thread of the same process with the caller's registers. */
  spawnThread(thread: Thread): Thread {
    return this.#copyThread(thread, thread.process, takeId(this));
  }

  /** Makes a copied thread eligible to run; its registers are changed before by {@link withThread}. */
  release(thread: Thread): void {
    this.#ready.push(thread);
    this.#wakeUp?.();
  }

  /** Runs `change` with another thread's registers on the CPU. */
  withThread(thread: Thread, change: (cpu: Cpu) => void): void {
    const before = this.#onCpu;
    this.#putOnCpu(thread);
    change(this.cpu);
    if (before !== undefined && before.state !== 'ended') this.#putOnCpu(before);
  }

  /** Ends one thread; the last one ends the process with `status`. */
  endThread(thread: Thread, status: ExitStatus = { kind: 'exited', code: 0 }): void {
    if (thread.state === 'ended') return;
    const { process } = thread;
    process.personality.threadEnded(thread, status);
    this.#unblock(thread);
    thread.state = 'ended';
    thread.cpuState = undefined;
    process.threads.delete(thread);
    this.threads.delete(thread.id);
    if (this.#onCpu === thread) this.#onCpu = undefined;
    if (process.threads.size === 0) this.#endProcess(process, status);
    if (this.programThreads === 0) dismissFirstProcess(this);
  }

  /** Ends a whole process. */
  endProcess(process: Process, status: ExitStatus): void {
    for (const thread of [...process.threads]) this.endThread(thread, status);
  }

  /** Removes a zombie whose status was collected. */
  reap(process: Process): void {
    process.parent?.children.delete(process);
    this.processes.delete(process.id);
  }

  /** Puts a thread to sleep until a queue of the request wakes it, its deadline passes or a signal comes. */
  block(thread: Thread, request: PendingRequest): void {
    thread.state = 'blocked';
    thread.wait = request;
    const wake = () => this.wake(thread);
    const leave = request.queues.map((queue) => queue.join(wake));
    if (request.deadline !== undefined) leave.push(this.#timers.add(request.deadline, wake));
    thread.leaveQueues = () => {
      for (const each of leave) each();
    };
    if (thread.attention) this.wake(thread);
  }

  /** What a waiting thread finds when it looks again. */
  attemptWait(thread: Thread, request: PendingRequest): number | bigint | undefined {
    this.#looking = thread;
    const result = request.attempt();
    this.#looking = undefined;
    return result;
  }

  /** Makes a blocked thread look again. */
  wake(thread: Thread): void {
    if (thread.state !== 'blocked' || thread.process.isStopped) return;
    thread.state = 'runnable';
    this.#ready.push(thread);
    this.#wakeUp?.();
  }

  /** Takes the threads of a process off the CPU until {@link continueProcess}. */
  stopProcess(process: Process): void {
    process.isStopped = true;
    for (const thread of process.threads) if (thread.state === 'runnable') thread.state = 'stopped';
  }

  /** Lets a stopped process run on; those of its threads that wait look again. */
  continueProcess(process: Process): void {
    process.isStopped = false;
    for (const thread of process.threads) {
      if (thread.state === 'blocked') this.wake(thread);
      if (thread.state !== 'stopped') continue;
      thread.state = 'runnable';
      if (!this.#ready.includes(thread)) this.#ready.push(thread);
      this.#wakeUp?.();
    }
  }

  /** Calls `expire` once monotonic time reaches `deadline` (nanoseconds). Returns what cancels it. */
  addTimer(deadline: number, expire: () => void): () => void {
    return this.#timers.add(deadline, expire);
  }

  /** The next thread to run, removed from the queue. */
  takeReady(): Thread | undefined {
    if (!this.#timers.isEmpty) this.#timers.expire(this.host.clock.monotonic());
    for (;;) {
      const thread = this.#ready.shift();
      if (thread === undefined || thread.state === 'runnable') return thread;
    }
  }

  /** Puts a thread that used up its slice at the end of the queue. */
  requeue(thread: Thread): void {
    if (thread.state === 'runnable') this.#ready.push(thread);
  }

  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  /** A thread whose wait is over stops listening. */
  finishWait(thread: Thread): void {
    this.#unblock(thread);
  }

  /** Waits for the host: until something wakes a thread or the earliest deadline passes. */
  async idle(): Promise<void> {
    const interruption = new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
    });
    const now = this.host.clock.monotonic();
    // A clock in memory does not wait: for what a person does next there is only the interruption.
    if (this.tracer?.isHolding && this.#timers.isEmpty) await interruption;
    else await this.host.clock.wait(Math.max(0, this.#timers.earliest - now), interruption);
    this.#wakeUp = undefined;
  }

  /** Loads a thread's registers and address space, saving those of the thread before. */
  switchTo(thread: Thread): void {
    this.#putOnCpu(thread);
  }

  #begin(thread: Thread, program: LoadedProgram): void {
    const { process } = thread;
    process.program = program;
    process.commandName = program.commandName.slice(0, 15);
    this.cpu.resetState();
    process.personality.start(thread, program);
    this.tracer?.executed(thread);
  }

  #addThread(process: Process, id: number): Thread {
    const thread = new Thread(this, process, id);
    this.threads.set(id, thread);
    return thread;
  }

  #copyThread(source: Thread, process: Process, id: number): Thread {
    const copy = this.#addThread(process, id);
    copy.cpuState = this.cpu.saveState().slice();
    process.personality.fork(source, copy);
    return copy;
  }

  #putOnCpu(thread: Thread): void {
    const before = this.#onCpu;
    if (before === thread) return;
    if (before !== undefined && before.state !== 'ended') before.cpuState = this.cpu.saveState().slice();
    this.cpu.attach(thread.process.space);
    if (thread.cpuState !== undefined) this.cpu.restoreState(thread.cpuState);
    thread.cpuState = undefined;
    this.#onCpu = thread;
  }

  #unblock(thread: Thread): void {
    thread.leaveQueues?.();
    thread.leaveQueues = undefined;
    thread.wait = undefined;
  }

  #endProcess(process: Process, status: ExitStatus): void {
    process.exitStatus = status;
    this.tracer?.ended(process, status);
    process.descriptors.release();
    releaseSpace(process.space, this);
    process.borrowsSpace = false;
    process.spaceReleased.wake();
    handOverChildren(this, process);
    process.personality.processEnded(process);
    const family = process.parent?.personality;
    if (family !== undefined && family !== process.personality) family.foreignChildEnded?.(process);
    if (process.parent === undefined) this.processes.delete(process.id);
    else {
      const { parent } = process;
      if (process.isCollected) this.reap(process);
      parent.childChanges.wake();
    }
  }
}

function releaseSpace(space: AddressSpace, kernel: Kernel): void {
  // The last of those that run in it ends it, whoever made it (vfork; clone with CLONE_VM and without CLONE_THREAD).
  for (const other of kernel.processes.values()) if (other.exitStatus === undefined && other.space === space) return;
  space.destroy();
}
