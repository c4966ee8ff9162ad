// The Linux personality: what makes a guest a Linux process.
import {
  createFirstProcess,
  createSystemCallTable,
  errnoMessage,
  errnoName,
  type Personality,
  type Process,
  Register,
  type Thread,
  traceEnd,
} from '@elf/kernel';
import { I386_ABI, SYSTEM_CALL_VECTOR } from './abi/i386.ts';
import { describeEnd } from './abi/trace-arguments.ts';
import { X86_64_ABI } from './abi/x86-64.ts';
import { LINUX_CALLS } from './calls/index.ts';
import { deleteTimers } from './calls/posix-timers.ts';
import { setCoreLimit, setStackLimit } from './calls/resource-limits.ts';
import { undoSemaphores } from './calls/semaphores.ts';
import { expireCpuTimers } from './cpu-time/cpu-timers.ts';
import { releaseRobustLocks } from './futex/robust-list.ts';
import { futexKey, wakeWaiters } from './futex/waiters.ts';
import { setKernelRelease } from './kernel-identity.ts';
import { forgetKeyrings, inheritKeyrings, releaseKeyrings } from './keys/thread-keyrings.ts';
import { finishBuilding } from './keys/request-key.ts';
import { inheritNamespaces } from './namespaces/enter.ts';
import { useMountNamespaces } from './namespaces/mount-namespaces.ts';
import { inheritLocalDescriptors } from './calls/local-descriptors.ts';
import { forgetSequences, inheritSequences, interruptSequence } from './restartable-sequences.ts';
import { deliverSignals } from './signals/deliver.ts';
import { signalOfFault, trapOfFault } from './signals/exceptions.ts';
import { forwardHostSignals } from './signals/host-signals.ts';
import { forceSignal, sendToProcess, sendToThread } from './signals/send-signal.ts';
import {
  ActionFlag,
  createProcessState,
  createThreadState,
  NO_STACK,
  processState,
  threadState,
} from './signals/signal-state.ts';
import { LAST_SIGNAL, Signal, SignalCode } from './signals/signal-table.ts';
import { inheritOptions } from './sockets/option-values.ts';
import { terminalsOf } from './terminals/terminals.ts';
import { inheritAttributes, processAttributes, threadAttributes } from './thread-attributes.ts';
import { enterBySysenter } from './vdso/sysenter.ts';
import { answerVsyscall } from './vsyscall.ts';

/** What the first process of a machine starts with. */
export interface LinuxOptions {
  /** RLIMIT_CORE in bytes, Infinity for unlimited; 0 by default: no core files. */
  readonly coreLimitInBytes?: number;
  /** RLIMIT_STACK in bytes; 8 MiB by default. */
  readonly stackLimitInBytes?: number;
  /** The release uname(2) tells; that of the kernel whose interface this is by default. */
  readonly release?: string;
}

/**
 * Linux for x86-64 and i386 programs.
 * @example
 * kernel.start({ path: '/bin/true', arguments: ['true'], environment: [], personality: createLinuxPersonality() });
 */
export function createLinuxPersonality({
  coreLimitInBytes = 0,
  stackLimitInBytes,
  release,
}: LinuxOptions = {}): Personality {
  return {
    name: 'linux',
    abiOf: (exit) => {
      // SYSENTER is a way into the vDSO, whose INT 80h is the call; without a vDSO it is a fault.
      if (exit.kind === 'system-call') return exit.entry === undefined ? X86_64_ABI : undefined;
      return exit.kind === 'interrupt' && exit.vector === SYSTEM_CALL_VECTOR ? I386_ABI : undefined;
    },
    calls: createSystemCallTable(LINUX_CALLS),
    attach: (process, thread) => {
      process.personalityState = createProcessState();
      setCoreLimit(process, coreLimitInBytes);
      if (stackLimitInBytes !== undefined) setStackLimit(process, stackLimitInBytes);
      if (release !== undefined) setKernelRelease(thread.kernel, release);
      thread.personalityState = createThreadState();
      // As if a login shell had started it: leader of its group, in a session that is somebody else's.
      process.session = process.id - 1;
      terminalsOf(thread.kernel).adoptHostTerminal(process);
      forwardHostSignals(thread.kernel, process);
      thread.kernel.internet.inherit = inheritOptions;
      threadAttributes(thread).nice = thread.kernel.host.niceness ?? 0;
      addFirstProcess(thread);
      useMountNamespaces(thread.kernel);
    },
    fork: inherit,
    start: (thread, program) => {
      forgetAtExec(thread);
      const { cpu } = thread;
      cpu.mode = program.abi === I386_ABI.name ? 32 : 64;
      cpu.rip = program.entry;
      cpu.timeStampDisabled = threadAttributes(thread).timeStampDisabled;
      cpu.setRegister(Register.Rsp, BigInt(program.stackPointer));
    },
    fault: (thread, exit) => {
      if (answerVsyscall(thread, exit) || enterBySysenter(thread, exit)) return;
      thread.lastFault = exit;
      // INT n is refused at the instruction; the CPU stands behind it.
      if (exit.kind === 'interrupt') thread.cpu.rip -= exit.lengthInBytes ?? INTERRUPT_BYTES;
      threadState(thread).trap = trapOfFault(thread, exit);
      forceSignal(thread, signalOfFault(thread, exit));
    },
    beforeResume: deliverSignals,
    sliceEnded: (thread) => {
      interruptSequence(thread);
      expireCpuTimers(thread);
    },
    threadEnded: (thread, status) => {
      traceEnd(thread, describeEnd(status));
      releaseRobustLocks(thread);
      releaseKeyrings(thread);
      clearThreadId(thread);
      tellChildren(thread);
      if (thread.process.threads.size === 1) {
        terminalsOf(thread.kernel).leave(thread.process);
        undoSemaphores(thread.kernel, thread.process);
      }
    },
    processEnded: (process) => {
      processState(process).alarm?.cancel();
      deleteTimers(process);
      finishBuilding(process);
      if (process.parent?.personality === process.personality) tellParent(process);
    },
    foreignChildEnded: tellParent,
    heirOf: nearestSubreaper,
    describeError: (errno) => `${errnoName(errno)} (${errnoMessage(errno)})`,
  };
}

/** Process 1 of a machine whose first program is Linux's. */
function addFirstProcess({ kernel, process: { personality } }: Thread): void {
  if (kernel.resident !== undefined) return;
  kernel.resident = createFirstProcess(kernel, personality);
  kernel.resident.process.personalityState = createProcessState();
  kernel.resident.personalityState = createThreadState();
}

/** PR_SET_CHILD_SUBREAPER: the nearest ancestor that has it (kernel/exit.c, find_new_reaper). */
function nearestSubreaper(process: Process): Process | undefined {
  for (const child of process.children)
    if (child.personality === process.personality) processState(child).exitSignal = Signal.CHLD;
  let heir = process.parent;
  while (heir !== undefined && !(processAttributes(heir).isSubreaper && heir.exitStatus === undefined))
    heir = heir.parent;
  return heir;
}

/** The exit signal of a child (man 2 wait). */
function tellParent(process: Process): void {
  const { parent, exitStatus } = process;
  if (parent === undefined || exitStatus === undefined) return;
  const { actions } = processState(parent);
  const { exitSignal } = processState(process);
  const exited = exitStatus.kind === 'exited';
  // clone(2) takes any number; what is no signal is not sent (kernel/signal.c, do_notify_parent).
  if (exitSignal !== 0 && exitSignal <= LAST_SIGNAL) {
    sendToProcess(parent, {
      signal: exitSignal,
      code: exited ? SignalCode.ChildExited : SignalCode.ChildKilled,
      process: process.id,
      user: process.credentials.user,
      status: exited ? exitStatus.code : exitStatus.signal,
    });
  }
  // A parent that ignores SIGCHLD has no zombies (man 2 wait).
  const action = actions[17];
  if (action !== undefined && (action.handler === 1 || (action.flags & ActionFlag.NOCLDWAIT) !== 0))
    process.isCollected = true;
}

/** Bytes of INT n. */
const INTERRUPT_BYTES = 2;

/** What a child or a new thread takes over (man 2 fork, man 2 clone). */
function inherit(source: Thread, copy: Thread): void {
  const from = threadState(source);
  inheritAttributes(source, copy);
  inheritSequences(source, copy);
  inheritLocalDescriptors(source, copy);
  inheritKeyrings(source, copy);
  copy.personalityState = { ...createThreadState(), mask: from.mask, trap: from.trap };
  if (source.process === copy.process) return;
  inheritNamespaces(copy);
  const state = processState(source.process);
  threadState(copy).alternateStack = { ...from.alternateStack };
  copy.process.personalityState = {
    ...createProcessState(),
    actions: [...state.actions],
    limits: new Map(state.limits),
    dumpable: state.dumpable,
    coreFilter: state.coreFilter,
    outOfMemoryScore: state.outOfMemoryScore,
  };
}

/** execve: handlers become default, ignored signals stay ignored, the alternate stack and thread registrations go (man 2 execve). */
function forgetAtExec(thread: Thread): void {
  const state = processState(thread.process);
  state.actions = state.actions.map((action) =>
    action?.handler === 1 ? { handler: 1, flags: 0, restorer: 0, mask: 0n } : undefined,
  );
  const own = threadState(thread);
  own.alternateStack = { ...NO_STACK };
  own.clearChildTid = 0;
  forgetSequences(thread);
  forgetKeyrings(thread);
  own.robustList = { address: 0, length: 0 };
  const attributes = threadAttributes(thread);
  attributes.name = undefined;
  attributes.keepsCapabilities = false;
  deleteTimers(thread.process);
  processAttributes(thread.process).barriers = 0;
}

/** CLONE_CHILD_CLEARTID: pthread_join waits for this word to become zero. */
function clearThreadId(thread: Thread): void {
  const { clearChildTid } = threadState(thread);
  const { process } = thread;
  if (clearChildTid === 0 || (process.threads.size === 1 && !process.borrowsSpace)) return;
  if (thread.user.writeU32(clearChildTid, 0)) wakeWaiters(futexKey(thread, clearChildTid, false), 1);
}

/** PR_SET_PDEATHSIG of the children, when the last thread of their parent ends. */
function tellChildren({ process }: Thread): void {
  if (process.threads.size > 1) return;
  for (const child of process.children) {
    for (const thread of child.threads) {
      const signal = threadAttributes(thread).parentDeathSignal;
      if (signal !== 0)
        sendToThread(thread, {
          signal,
          code: SignalCode.User,
          process: process.id,
          user: process.credentials.user,
        });
    }
  }
}
