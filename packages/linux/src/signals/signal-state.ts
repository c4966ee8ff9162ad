// Signal state of Linux processes and threads, kept in the kernel's personality slots.
import { type Process, type Thread, WaitQueue } from '@elf/kernel';
import { DEFAULT_CORE_FILTER } from '../core-dump/core-filter.ts';
import { LAST_SIGNAL } from './signal-table.ts';

/** What sigaction(2) installed for a signal. Handler 0 is SIG_DFL, 1 is SIG_IGN. */
export interface SignalAction {
  readonly handler: number;
  readonly flags: number;
  readonly restorer: number;
  /** Installed through the i386 ABI: its frames are the handler's (SA_IA32_ABI). */
  readonly isNarrow?: boolean;
  readonly mask: bigint;
}

/** A pending signal and what siginfo_t tells about it. */
export interface SignalInfo {
  readonly signal: number;
  readonly code: number;
  readonly process?: number;
  readonly user?: number;
  readonly status?: number;
  readonly address?: number;
  readonly value?: bigint;
  /** Of SIGIO and what F_SETSIG puts in its place: the descriptor, and what happened as bits of poll(2). */
  readonly file?: { readonly descriptor: number; readonly band: number };
}

/** Limits by RLIMIT_ number: current and maximum. */
export type ResourceLimit = readonly [current: bigint, maximum: bigint];

/** Per-process part. */
export interface LinuxProcessState {
  actions: (SignalAction | undefined)[];
  readonly pending: SignalInfo[];
  /** Woken by every signal that is queued for the process or one of its threads: signalfd and sigtimedwait listen. */
  readonly arrivals: WaitQueue;
  readonly limits: Map<number, ResourceLimit>;
  /** Monotonic nanoseconds of ITIMER_REAL's next expiry, and its interval. */
  alarm: { deadline: number; interval: number; cancel: () => void } | undefined;
  /** The last stop or continuation, until a wait call reported it. */
  change: { readonly kind: 'stopped' | 'continued'; readonly signal: number } | undefined;
  /** exit_signal of clone: what the parent hears. */
  exitSignal: number;
  dumpable: number;
  /** /proc/PID/coredump_filter. */
  coreFilter: number;
  /** /proc/PID/oom_score_adj, -1000 to 1000: kept and told, nothing is ever killed for memory. */
  outOfMemoryScore: number;
}

/** Per-thread part. */
export interface LinuxThreadState {
  mask: bigint;
  /** The mask to return to after sigsuspend's handler. */
  savedMask: bigint | undefined;
  readonly pending: SignalInfo[];
  alternateStack: { address: number; length: number; flags: number };
  /** The last fault, as every later frame still tells it: exception number, error code, CR2. */
  trap: { readonly number: number; readonly error: number; readonly address: number };
  clearChildTid: number;
  robustList: { address: number; length: number };
}

/** SA_* bits used here. */
// biome-ignore format: a table
export const ActionFlag = {
  NOCLDSTOP: 1, NOCLDWAIT: 2, SIGINFO: 4, RESTORER: 0x04000000, ONSTACK: 0x08000000, RESTART: 0x10000000, NODEFER: 0x40000000, RESETHAND: 0x80000000,
} as const;

export const NO_STACK = { address: 0, length: 0, flags: 2 } as const;

/** State of a process that execve or the machine just made. */
export function createProcessState(): LinuxProcessState {
  return {
    actions: new Array(LAST_SIGNAL + 1).fill(undefined),
    pending: [],
    arrivals: new WaitQueue(),
    limits: new Map(),
    alarm: undefined,
    change: undefined,
    exitSignal: 17,
    dumpable: 1,
    coreFilter: DEFAULT_CORE_FILTER,
    outOfMemoryScore: 0,
  };
}

/** State of a fresh thread. */
export function createThreadState(): LinuxThreadState {
  return {
    mask: 0n,
    savedMask: undefined,
    pending: [],
    alternateStack: { ...NO_STACK },
    trap: { number: 0, error: 0, address: 0 },
    clearChildTid: 0,
    robustList: { address: 0, length: 0 },
  };
}

/** A process of another family that no Linux program started gets its state when somebody asks. */
export function processState(process: Process): LinuxProcessState {
  process.personalityState ??= createProcessState();
  return process.personalityState as LinuxProcessState;
}

export function threadState(thread: Thread): LinuxThreadState {
  thread.personalityState ??= createThreadState();
  return thread.personalityState as LinuxThreadState;
}

/** The bit of a signal in a mask. */
export function signalBit(signal: number): bigint {
  return 1n << BigInt(signal - 1);
}

/** SIGKILL and SIGSTOP cannot be blocked. */
export const UNBLOCKABLE = /* @__PURE__ */ (() => (1n << 8n) | (1n << 18n))();
