// Signal calls: sigaction, sigprocmask, sigaltstack, sigreturn, kill and friends, pause, sigsuspend, alarm.
import {
  address,
  bytesIn,
  defineSystemCall,
  Errno,
  int,
  oneOf,
  Pending,
  type Process,
  type SystemCallResult,
  size,
  type Thread,
  unsigned,
} from '@elf/kernel';
import { optionalStructIn, structOut } from '../abi/struct-arguments.ts';
import { defineStruct, layoutFor } from '../abi/struct-layout.ts';
import { readTimespecFields } from '../abi/structs/time.ts';
import { signalAction, signalActionIn, signalActionOut } from '../abi/structs/signal-action.ts';
import { signalSetIn, signalSetOut } from '../abi/trace-arguments.ts';
import { mayRequest } from '../signals/permission.ts';
import { isBlocked, sendToProcess, sendToThread } from '../signals/send-signal.ts';
import { isOnAlternateStack } from '../signals/handler-stack.ts';
import { leaveHandler } from '../signals/signal-frame.ts';
import { leaveHandlerI386 } from '../signals/signal-frame-i386.ts';
import { decodeQueuedInfo, encodeInfo } from '../signals/signal-information.ts';
import {
  processState,
  type SignalAction,
  type SignalInfo,
  signalBit,
  threadState,
  UNBLOCKABLE,
} from '../signals/signal-state.ts';
import { FIRST_REAL_TIME, LAST_SIGNAL, SIGNALS, Signal, SignalCode, signalName } from '../signals/signal-table.ts';
import { limitOf, RESOURCES } from './resource-limits.ts';

/** sizeof(sigset_t) as the kernel has it. */
const MASK_BYTES = 8;
/** MINSIGSTKSZ. */
const MINIMUM_STACK_BYTES = 2048;
const SS_DISABLE = 2;
const SS_ONSTACK = 1;

const stack32 = defineStruct(12, { address: [0, 'u32'], flags: [4, 'i32'], length: [8, 'u32'] });
// biome-ignore format: a table
const stack = defineStruct(24, { address: [0, 'u64'], flags: [8, 'i32'], length: [16, 'u64'] }, { layout: stack32 });
const signal = {
  ...oneOf(Object.fromEntries(Object.entries(SIGNALS).map(([name, row]) => [name, row[0]]))),
  print: signalName,
};

export const rtSigaction = defineSystemCall({
  name: 'rt_sigaction',
  numbers: { 'x86-64': 13, i386: 174 },
  support: 'full',
  arguments: { signal, action: signalActionIn, old: signalActionOut, length: size },
  run: (task, values) => {
    if (values.length !== MASK_BYTES) return -Errno.EINVAL;
    if (values.signal < 1 || values.signal > LAST_SIGNAL) return -Errno.EINVAL;
    const before = processState(task.process).actions[values.signal];
    if (values.action !== 0) {
      const layout = layoutFor(task, signalAction);
      const bytes = task.user.read(values.action, layout.sizeInBytes);
      if (bytes === undefined) return -Errno.EFAULT;
      const { handler, flags, restorer } = layout.decode(bytes);
      const mask = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(layout.sizeInBytes - MASK_BYTES, true);
      const refusal = install(task, values.signal, { handler, flags: flags >>> 0, restorer, mask });
      if (refusal < 0) return refusal;
    }
    return values.old.isNull ? 0 : values.old.write(before ?? {});
  },
});

/** Makes an action the process's; frames of its handler are those of the calling ABI. */
export function install(task: Thread, number: number, action: SignalAction): number {
  if (number < 1 || number > LAST_SIGNAL || number === Signal.KILL || number === Signal.STOP) return -Errno.EINVAL;
  const isNarrow = task.wordBytes === 4;
  processState(task.process).actions[number] = { ...action, mask: action.mask & ~UNBLOCKABLE, isNarrow };
  if (action.handler === 1) discard(task, number);
  return 0;
}

export const rtSigprocmask = defineSystemCall({
  name: 'rt_sigprocmask',
  numbers: { 'x86-64': 14, i386: 175 },
  support: 'full',
  arguments: {
    how: oneOf({ SIG_BLOCK: 0, SIG_UNBLOCK: 1, SIG_SETMASK: 2 }),
    set: signalSetIn,
    old: signalSetOut,
    length: size,
  },
  run: (task, values) => {
    if (values.length !== MASK_BYTES) return -Errno.EINVAL;
    const state = threadState(task);
    const before = state.mask;
    if (values.set !== 0) {
      const set = task.user.readU64(values.set);
      if (set === undefined) return -Errno.EFAULT;
      if (values.how < 0 || values.how > 2) return -Errno.EINVAL;
      const changed = [before | set, before & ~set, set][values.how];
      state.mask = changed & ~UNBLOCKABLE;
      task.attention = true;
    }
    return values.old === 0 || task.user.writeU64(values.old, before) ? 0 : -Errno.EFAULT;
  },
});

export const rtSigpending = defineSystemCall({
  name: 'rt_sigpending',
  numbers: { 'x86-64': 127, i386: 176 },
  support: 'full',
  arguments: { set: signalSetOut, length: size },
  run: (task, values) => {
    if (values.length > MASK_BYTES) return -Errno.EINVAL;
    const waiting = [...threadState(task).pending, ...processState(task.process).pending];
    const mask = waiting
      .filter((info) => isBlocked(task, info.signal))
      .reduce((bits, info) => bits | signalBit(info.signal), 0n);
    return task.user.writeU64(values.set, mask) ? 0 : -Errno.EFAULT;
  },
});

export const rtSigreturn = defineSystemCall({
  name: 'rt_sigreturn',
  numbers: { 'x86-64': 15, i386: 173 },
  support: 'full',
  result: 'none',
  arguments: {},
  run: (task) => returnFrom(task, task.wordBytes === 4 ? leaveHandlerI386(task) : leaveHandler(task)),
});

/** Ends a handler whose frame has been taken back, or could not be. */
export function returnFrom(task: Thread, restored: { readonly mask: bigint } | undefined): number {
  if (restored === undefined) {
    sendToThread(task, { signal: Signal.SEGV, code: SignalCode.Kernel, address: 0 });
    return 0;
  }
  threadState(task).mask = restored.mask & ~UNBLOCKABLE;
  task.attention = true;
  return 0;
}

export const sigaltstack = defineSystemCall({
  name: 'sigaltstack',
  numbers: { 'x86-64': 131, i386: 186 },
  support: 'full',
  arguments: { stack: optionalStructIn(stack), old: structOut(stack) },
  run: (task, values) => {
    const state = threadState(task);
    const onStack = isOnAlternateStack(task, Number(task.cpu.register(4)));
    const before = { ...state.alternateStack, flags: state.alternateStack.flags | (onStack ? SS_ONSTACK : 0) };
    if (values.stack !== undefined) {
      if (onStack) return -Errno.EPERM;
      const { flags, length, address: start } = values.stack;
      if ((flags & ~(SS_DISABLE | SS_ONSTACK)) !== 0) return -Errno.EINVAL;
      if ((flags & SS_DISABLE) === 0 && length < MINIMUM_STACK_BYTES) return -Errno.ENOMEM;
      state.alternateStack =
        (flags & SS_DISABLE) !== 0
          ? { address: 0, length: 0, flags: SS_DISABLE }
          : { address: start, length, flags: 0 };
    }
    return values.old.isNull ? 0 : values.old.write(before);
  },
});

export const kill = defineSystemCall({
  name: 'kill',
  numbers: { 'x86-64': 62, i386: 37 },
  support: 'full',
  arguments: { process: int, signal },
  run: (task, values) => {
    if (values.signal < 0 || values.signal > LAST_SIGNAL) return -Errno.EINVAL;
    const targets = [...task.kernel.processes.values()].filter((process) => isTarget(task, process, values.process));
    if (targets.length === 0) return -Errno.ESRCH;
    const allowed = targets.filter((process) => mayRequest(task, process, values.signal));
    if (allowed.length === 0) return -Errno.EPERM;
    for (const process of allowed)
      if (values.signal !== 0) sendToProcess(process, userSignal(task, values.signal, SignalCode.User));
    return 0;
  },
});

export const tkill = defineSystemCall({
  name: 'tkill',
  numbers: { 'x86-64': 200, i386: 238 },
  support: 'full',
  arguments: { thread: int, signal },
  run: (task, values) => signalThread(task, undefined, values.thread, values.signal),
});

export const tgkill = defineSystemCall({
  name: 'tgkill',
  numbers: { 'x86-64': 234, i386: 270 },
  support: 'full',
  arguments: { process: int, thread: int, signal },
  run: (task, values) => signalThread(task, values.process, values.thread, values.signal),
});

export const pause = defineSystemCall({
  name: 'pause',
  numbers: { 'x86-64': 34, i386: 29 },
  support: 'full',
  arguments: {},
  run: () => new Pending({ queues: [], attempt: () => undefined }),
});

export const rtSigsuspend = defineSystemCall({
  name: 'rt_sigsuspend',
  numbers: { 'x86-64': 130, i386: 179 },
  support: 'full',
  arguments: { set: address, length: size },
  run: (task, values): SystemCallResult => {
    if (values.length !== MASK_BYTES) return -Errno.EINVAL;
    const set = task.user.readU64(values.set);
    if (set === undefined) return -Errno.EFAULT;
    const state = threadState(task);
    state.savedMask = state.mask;
    state.mask = set & ~UNBLOCKABLE;
    const waiting = [...state.pending, ...processState(task.process).pending];
    if (waiting.some((info) => !isBlocked(task, info.signal))) task.attention = true;
    return new Pending({ queues: [], attempt: () => undefined });
  },
});

/** sizeof(sigset_t) of the kernel. */
const SIGNAL_SET_BYTES = 8;

export const rtSigtimedwait = defineSystemCall({
  name: 'rt_sigtimedwait',
  numbers: { 'x86-64': 128, i386: 177 },
  support: 'full',
  arguments: { set: address, info: address, timeout: address, length: size },
  run: (task, values): SystemCallResult => {
    if (values.length !== SIGNAL_SET_BYTES) return -Errno.EINVAL;
    const given = task.user.readU64(values.set);
    if (given === undefined) return -Errno.EFAULT;
    // Nobody can wait for what nobody can escape (kernel/signal.c, do_sigtimedwait).
    const set = given & ~UNBLOCKABLE;
    const deadline = timeoutDeadline(task, values.timeout);
    if (deadline !== undefined && deadline < 0) return deadline;
    const { wordBytes } = task;
    const attempt = () => {
      for (const queue of [threadState(task).pending, processState(task.process).pending]) {
        const at = queue.findIndex((info) => (set & signalBit(info.signal)) !== 0n);
        if (at < 0) continue;
        const [info] = queue.splice(at, 1);
        return values.info === 0 || task.user.write(values.info, encodeInfo(info, wordBytes))
          ? info.signal
          : -Errno.EFAULT;
      }
      return undefined;
    };
    const queues = [processState(task.process).arrivals];
    return attempt() ?? new Pending({ queues, attempt, deadline, expire: () => -Errno.EAGAIN });
  },
});

export const rtSigqueueinfo = defineSystemCall({
  name: 'rt_sigqueueinfo',
  numbers: { 'x86-64': 129, i386: 178 },
  support: 'full',
  arguments: { process: int, signal, info: bytesIn('signal') },
  run: (task, values) => {
    const bytes = task.user.read(values.info.address, 32);
    if (bytes === undefined) return -Errno.EFAULT;
    // The id of any thread names its process (kernel/signal.c, kill_pid_info).
    const process = task.kernel.processes.get(values.process) ?? task.kernel.threads.get(values.process)?.process;
    const code = new DataView(bytes.buffer, bytes.byteOffset).getInt32(8, true);
    const isOwn = values.process === task.process.id;
    if (!isOwn && (code >= 0 || code === SignalCode.ThreadKill)) return -Errno.EPERM;
    if (process === undefined) return -Errno.ESRCH;
    if (values.signal < 0 || values.signal > LAST_SIGNAL) return -Errno.EINVAL;
    if (!mayRequest(task, process)) return -Errno.EPERM;
    if (values.signal !== 0)
      sendToProcess(process, { signal: values.signal, ...decodeQueuedInfo(bytes, task.wordBytes) });
    return 0;
  },
});

export const rtTgsigqueueinfo = defineSystemCall({
  name: 'rt_tgsigqueueinfo',
  numbers: { 'x86-64': 297 },
  support: 'full',
  arguments: { process: int, thread: int, signal, info: address },
  run: (task, values) => {
    const bytes = task.user.read(values.info, 32);
    if (bytes === undefined) return -Errno.EFAULT;
    if (values.process <= 0 || values.thread <= 0 || values.signal < 0 || values.signal > LAST_SIGNAL)
      return -Errno.EINVAL;
    const thread = task.kernel.threads.get(values.thread);
    if (thread === undefined || thread.process.id !== values.process) return -Errno.ESRCH;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const code = view.getInt32(8, true);
    if (thread.process !== task.process && (code >= 0 || code === SignalCode.ThreadKill)) return -Errno.EPERM;
    if (values.signal === 0) return 0;
    const sender = {
      process: view.getInt32(16, true),
      user: view.getInt32(20, true),
      value: view.getBigUint64(24, true),
    };
    sendToThread(thread, { signal: values.signal, code, ...sender });
    return 0;
  },
});

/** The kernel's own continuation of an interrupted sleep, which is never left open here: nothing to restart. */
export const restartSyscall = defineSystemCall({
  name: 'restart_syscall',
  numbers: { 'x86-64': 219, i386: 0 },
  support: 'full',
  arguments: {},
  run: () => -Errno.EINTR,
});

/** Seconds from now; the alarm belongs to the process and survives execve. */
export const alarm = defineSystemCall({
  name: 'alarm',
  numbers: { 'x86-64': 37, i386: 27 },
  support: 'full',
  arguments: { seconds: unsigned },
  run: (task, { seconds }) => {
    const state = processState(task.process);
    const now = task.host.clock.monotonic();
    const left = state.alarm === undefined ? 0 : Math.max(1, Math.ceil((state.alarm.deadline - now) / 1e9));
    setAlarm(task, seconds * 1e9, 0);
    return left;
  },
});

/** Arms ITIMER_REAL: nanoseconds until the first SIGALRM (0 disarms) and between further ones. */
export function setAlarm(task: Thread, first: number, interval: number): void {
  const { process, kernel } = task;
  const state = processState(process);
  state.alarm?.cancel();
  state.alarm = undefined;
  if (first <= 0) return;
  const arm = (deadline: number) => {
    const cancel = kernel.addTimer(deadline, () => {
      state.alarm = undefined;
      sendToProcess(process, { signal: Signal.ALRM, code: SignalCode.Kernel });
      if (interval > 0 && process.exitStatus === undefined) arm(deadline + interval);
    });
    state.alarm = { deadline, interval, cancel };
  };
  arm(kernel.host.clock.monotonic() + first);
}

function discard(task: Thread, number: number): void {
  for (const queue of [processState(task.process).pending, threadState(task).pending]) {
    for (let at = queue.length - 1; at >= 0; at--) if (queue[at].signal === number) queue.splice(at, 1);
  }
}

function userSignal(task: Thread, number: number, code: number): SignalInfo {
  return { signal: number, code, process: task.process.id, user: task.process.credentials.user };
}

function isTarget(task: Thread, process: Process, wanted: number): boolean {
  if (wanted > 0) return process.id === wanted;
  if (wanted === 0) return process.group === task.process.group;
  if (wanted === -1) return process !== task.process && process.id > 1;
  return process.group === -wanted;
}

function signalThread(task: Thread, group: number | undefined, id: number, number: number): number {
  if (id <= 0 || (group !== undefined && group <= 0) || number < 0 || number > LAST_SIGNAL) return -Errno.EINVAL;
  const thread = task.kernel.threads.get(id);
  if (thread === undefined || (group !== undefined && thread.process.id !== group)) return -Errno.ESRCH;
  if (!mayRequest(task, thread.process, number)) return -Errno.EPERM;
  // Real-time signals are queued, as many as RLIMIT_SIGPENDING allows.
  const [limit] = limitOf(thread.process, RESOURCES.RLIMIT_SIGPENDING);
  const isQueued = number >= FIRST_REAL_TIME;
  if (isQueued && BigInt(threadState(thread).pending.length + 1) > limit) return -Errno.EAGAIN;
  if (number !== 0) sendToThread(thread, userSignal(task, number, SignalCode.ThreadKill));
  return 0;
}

/** Monotonic deadline of a relative timespec; a negated error number below zero. */
function timeoutDeadline(task: Thread, at: number): number | undefined {
  if (at === 0) return undefined;
  const time = readTimespecFields(task, at);
  if (time === undefined) return -Errno.EFAULT;
  return task.host.clock.monotonic() + time.seconds * 1e9 + time.nanoseconds;
}
