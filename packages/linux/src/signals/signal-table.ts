// table: signals of Linux on x86 with their default actions (man 7 signal).

/** What a signal does when no handler is installed. */
export type DefaultAction = 'terminate' | 'core' | 'ignore' | 'stop' | 'continue';

/** Number and default action by name. */
// biome-ignore format: a table
export const SIGNALS = {
  SIGHUP: [1, 'terminate'], SIGINT: [2, 'terminate'], SIGQUIT: [3, 'core'], SIGILL: [4, 'core'], SIGTRAP: [5, 'core'], SIGABRT: [6, 'core'],
  SIGBUS: [7, 'core'], SIGFPE: [8, 'core'], SIGKILL: [9, 'terminate'], SIGUSR1: [10, 'terminate'], SIGSEGV: [11, 'core'], SIGUSR2: [12, 'terminate'],
  SIGPIPE: [13, 'terminate'], SIGALRM: [14, 'terminate'], SIGTERM: [15, 'terminate'], SIGSTKFLT: [16, 'terminate'], SIGCHLD: [17, 'ignore'],
  SIGCONT: [18, 'continue'], SIGSTOP: [19, 'stop'], SIGTSTP: [20, 'stop'], SIGTTIN: [21, 'stop'], SIGTTOU: [22, 'stop'], SIGURG: [23, 'ignore'],
  SIGXCPU: [24, 'core'], SIGXFSZ: [25, 'core'], SIGVTALRM: [26, 'terminate'], SIGPROF: [27, 'terminate'], SIGWINCH: [28, 'ignore'],
  SIGIO: [29, 'terminate'], SIGPWR: [30, 'terminate'], SIGSYS: [31, 'core'],
} as const satisfies Readonly<Record<string, readonly [number, DefaultAction]>>;

/** Numbers by name. */
// biome-ignore format: a table
export const Signal = {
  HUP: 1, INT: 2, QUIT: 3, ILL: 4, TRAP: 5, ABRT: 6, BUS: 7, FPE: 8, KILL: 9, SEGV: 11, PIPE: 13, ALRM: 14, TERM: 15, CHLD: 17, CONT: 18, STOP: 19, TSTP: 20, TTIN: 21, TTOU: 22, XCPU: 24, XFSZ: 25, VTALRM: 26, PROF: 27, WINCH: 28, IO: 29,
} as const;

/** Highest signal number (_NSIG). */
export const LAST_SIGNAL = 64;
/** Those from here on queue, and do not merge (man 7 signal). */
export const FIRST_REAL_TIME = 32;

/**
 * Name of a signal, SIGRT_n for real-time ones.
 * @example
 * signalName(11)   // 'SIGSEGV'
 */
export function signalName(number: number): string {
  const found = Object.entries(SIGNALS).find(([, row]) => row[0] === number);
  return found?.[0] ?? (number >= 32 && number <= LAST_SIGNAL ? `SIGRT_${number - 32}` : String(number));
}

/** Default action of a signal; real-time signals terminate. */
export function defaultAction(number: number): DefaultAction {
  return Object.values(SIGNALS).find((row) => row[0] === number)?.[1] ?? 'terminate';
}

/** si_code values of the kernel (include/uapi/asm-generic/siginfo.h). */
// biome-ignore format: a table
export const SignalCode = {
  User: 0, Kernel: 0x80, Timer: -2, MessageQueue: -3, ThreadKill: -6,
  IllegalOperand: 2, IntegerDivide: 1, FloatDivide: 3, FloatOverflow: 4, FloatUnderflow: 5, FloatInexact: 6, FloatInvalid: 7,
  MapError: 1, AccessError: 2, BusAlignment: 1, BusAddress: 2, TraceBreakpoint: 1, Trace: 2,
  ChildExited: 1, ChildKilled: 2, ChildDumped: 3, ChildStopped: 5, ChildContinued: 6,
} as const;
