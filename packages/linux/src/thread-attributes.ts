// What Linux remembers of a thread beyond its signals: scheduling, name and the switches of prctl(2).
import type { Process, Thread } from '@elf/kernel';
import type { NamespaceSet } from './namespaces/namespaces.ts';

type ProgramFacts = Process['program'];

/** Attributes that fork and clone hand on (unless said otherwise). */
export interface ThreadAttributes {
  /** PR_SET_NAME; undefined: the name of the process. */
  name: string | undefined;
  /** Processors it may run on; undefined: all. Nothing here acts on it, there is one. */
  affinity: bigint | undefined;
  /** SCHED_* policy, static priority and nice value, remembered. */
  policy: number;
  priority: number;
  nice: number;
  /** ioprio_set(2): class and level, told and not acted on. */
  ioPriority: number;
  /** SCHED_DEADLINE: runtime, deadline and period in nanoseconds. */
  deadlineTimes: readonly bigint[];
  /** SCHED_RESET_ON_FORK. */
  resetsOnFork: boolean;
  timerSlack: number;
  /** What PR_SET_TIMERSLACK 0 goes back to: the slack its maker had. */
  initialSlack: number;
  /** personality(2): told, and obeyed where UNAME26 and STICKY_TIMEOUTS say something. */
  persona: number;
  noNewPrivileges: boolean;
  /** PR_SET_TSC: the CPU has it too, until execve resets that. */
  timeStampDisabled: boolean;
  keepsCapabilities: boolean;
  /** Undefined: the namespaces of the machine's first process. */
  namespaces: NamespaceSet | undefined;
  /** PR_SET_PDEATHSIG; not handed on. */
  parentDeathSignal: number;
}

/** Switches of a whole process. */
export interface ProcessAttributes {
  /** MEMBARRIER_CMD_REGISTER_* commands given. */
  barriers: number;
  isSubreaper: boolean;
  /** PR_SET_THP_DISABLE: handed on by fork and execve. */
  refusesHugePages: boolean;
  /** The program it was forked with: another one means that it has called execve since. */
  forkedProgram: ProgramFacts | undefined;
}

const ofThreads = /* @__PURE__ */ new WeakMap<Thread, ThreadAttributes>();
const ofProcesses = /* @__PURE__ */ new WeakMap<Process, ProcessAttributes>();
/** TIMER_SLACK: 50 microseconds. */
const DEFAULT_SLACK_NANOSECONDS = 50_000;

/** No class, and level 4 (include/uapi/linux/ioprio.h, IOPRIO_BE_NORM). */
const DEFAULT_IO_PRIORITY = 4;

export function threadAttributes(thread: Thread): ThreadAttributes {
  const known = ofThreads.get(thread);
  if (known !== undefined) return known;
  const made: ThreadAttributes = {
    name: undefined,
    affinity: undefined,
    policy: 0,
    priority: 0,
    nice: 0,
    ioPriority: DEFAULT_IO_PRIORITY,
    deadlineTimes: [],
    resetsOnFork: false,
    timerSlack: DEFAULT_SLACK_NANOSECONDS,
    initialSlack: DEFAULT_SLACK_NANOSECONDS,
    persona: 0,
    noNewPrivileges: false,
    timeStampDisabled: false,
    keepsCapabilities: false,
    namespaces: undefined,
    parentDeathSignal: 0,
  };
  ofThreads.set(thread, made);
  return made;
}

export function processAttributes(process: Process): ProcessAttributes {
  const known = ofProcesses.get(process);
  if (known !== undefined) return known;
  const made = { barriers: 0, isSubreaper: false, refusesHugePages: false, forkedProgram: undefined };
  ofProcesses.set(process, made);
  return made;
}

/** A new thread or process starts with its maker's attributes. */
export function inheritAttributes(source: Thread, copy: Thread): void {
  const from = threadAttributes(source);
  const scheduling = from.resetsOnFork ? { policy: 0, priority: 0, nice: 0, resetsOnFork: false } : {};
  ofThreads.set(copy, { ...from, ...scheduling, initialSlack: from.timerSlack, parentDeathSignal: 0 });
  if (source.process === copy.process) return;
  ofProcesses.set(copy.process, {
    ...processAttributes(source.process),
    isSubreaper: false,
    forkedProgram: source.process.program,
  });
}
