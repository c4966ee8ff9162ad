// CPU time: what threads and processes have spent on the one processor, by the host's clock.
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';

/** Nanoseconds in guest code and in system calls. */
export interface CpuTime {
  user: number;
  system: number;
}

interface Account extends CpuTime {
  /** Of children that were waited for, and of theirs. */
  readonly children: CpuTime;
}

/** The slice that runs now. */
interface Slice {
  readonly thread: Thread;
  readonly start: number;
}

const ofThreads = /* @__PURE__ */ new WeakMap<Thread, CpuTime>();
const ofProcesses = /* @__PURE__ */ new WeakMap<Process, Account>();
const slices = /* @__PURE__ */ new WeakMap<Thread['kernel'], Slice>();

function threadAccount(thread: Thread): CpuTime {
  let account = ofThreads.get(thread);
  if (account === undefined) ofThreads.set(thread, (account = { user: 0, system: 0 }));
  return account;
}

function processAccount(process: Process): Account {
  let account = ofProcesses.get(process);
  if (account === undefined)
    ofProcesses.set(process, (account = { user: 0, system: 0, children: { user: 0, system: 0 } }));
  return account;
}

/** A thread gets the processor. */
export function beginSlice(thread: Thread): void {
  slices.set(thread.kernel, { thread, start: thread.host.clock.monotonic() });
}

/**
 * A thread's turn is over.
 * @param systemShare the part of it, 0 to 1, that went into system calls: looking at the clock around each would cost as much as the call.
 */
export function endSlice(thread: Thread, systemShare: number): void {
  const slice = slices.get(thread.kernel);
  slices.delete(thread.kernel);
  if (slice === undefined) return;
  const spent = Math.max(0, thread.host.clock.monotonic() - slice.start);
  for (const account of [threadAccount(thread), processAccount(thread.process)]) {
    account.system += spent * systemShare;
    account.user += spent * (1 - systemShare);
  }
}

function running({ kernel, host }: Thread, isMine: (thread: Thread) => boolean): number {
  const slice = slices.get(kernel);
  return slice !== undefined && isMine(slice.thread) ? Math.max(0, host.clock.monotonic() - slice.start) : 0;
}

/** What a thread has spent, its turn so far included (as user time). */
export function threadCpuTime(thread: Thread): CpuTime {
  const { user, system } = threadAccount(thread);
  return { user: user + running(thread, (other) => other === thread), system };
}

/** What all threads of a process have spent, ended ones included. `thread` is any thread of the machine. */
export function processCpuTime(thread: Thread, process: Process): CpuTime {
  const { user, system } = processAccount(process);
  return { user: user + running(thread, (other) => other.process === process), system };
}

/** What the children of a process have spent that it waited for. */
export function childrenCpuTime(process: Process): CpuTime {
  return processAccount(process).children;
}

/** A parent has waited for a child: the child's time and its children's become part of the parent's children's (man 2 times). */
export function inheritCpuTime(parent: Process, child: Process): void {
  const { children } = processAccount(parent);
  const ended = processAccount(child);
  children.user += ended.user + ended.children.user;
  children.system += ended.system + ended.children.system;
}
