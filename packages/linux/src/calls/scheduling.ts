// sched_*(2), getpriority(2), setpriority(2): policies and priorities, which are remembered and reported; the scheduler takes turns.
import {
  address,
  bytesIn,
  defineSystemCall,
  Errno,
  int,
  oneOf,
  type Process,
  type Thread,
  unsigned,
} from '@elf/kernel';
import { structOut } from '../abi/struct-arguments.ts';
import { printTimespec, timespec } from '../abi/structs/time.ts';
import { moveSequences } from '../restartable-sequences.ts';
import { type ThreadAttributes, threadAttributes } from '../thread-attributes.ts';

// biome-ignore format: a table
const POLICIES = { SCHED_OTHER: 0, SCHED_FIFO: 1, SCHED_RR: 2, SCHED_BATCH: 3, SCHED_IDLE: 5, SCHED_DEADLINE: 6, SCHED_EXT: 7 } as const;
const RESET_ON_FORK = 0x4000_0000;
/** sched_attr.sched_flags: SCHED_FLAG_RESET_ON_FORK. */
const ATTRIBUTE_RESET_ON_FORK = 1;
const HIGHEST_PRIORITY = 99;
/** SCHED_ATTR_SIZE_VER0 and the size Linux knows now. */
const ATTRIBUTES_BYTES = 48;
const KNOWN_ATTRIBUTES_BYTES = 56;
const LARGEST_ATTRIBUTES = 4096; // not a page size: what the kernel of any page size checks against on x86
/** 1 << DL_SCALE nanoseconds, and the default of sched_deadline_period_min_us. */
const SHORTEST_RUNTIME = 1024n;
const SHORTEST_PERIOD = 100_000n;
/** sysctl_sched_rr_timeslice. */
const ROUND_ROBIN_NANOSECONDS = 100_000_000;
const OTHER_NANOSECONDS = 2_800_000;
const policy = {
  ...oneOf(POLICIES),
  print: (value: number) => {
    const name = Object.entries(POLICIES).find(([, number]) => number === (value & ~RESET_ON_FORK))?.[0];
    return `${name ?? `0x${(value >>> 0).toString(16)}`}${value & RESET_ON_FORK ? '|SCHED_RESET_ON_FORK' : ''}`;
  },
};

export const schedYield = defineSystemCall({
  name: 'sched_yield',
  numbers: { 'x86-64': 24, i386: 158 },
  support: 'full',
  arguments: {},
  run: (task) => {
    task.yields = true;
    return 0;
  },
});

export const schedGetAffinity = defineSystemCall({
  name: 'sched_getaffinity',
  numbers: { 'x86-64': 204, i386: 242 },
  support: 'full',
  arguments: { process: int, length: unsigned, mask: address },
  run: (task, { process, length, mask }) => {
    if (length < 8 || length % task.wordBytes !== 0) return -Errno.EINVAL;
    const thread = threadOf(task, process);
    if (thread === undefined) return -Errno.ESRCH;
    const bits = threadAttributes(thread).affinity ?? processors(task);
    return task.user.writeU64(mask, bits) ? 8 : -Errno.EFAULT;
  },
});

export const schedSetAffinity = defineSystemCall({
  name: 'sched_setaffinity',
  numbers: { 'x86-64': 203, i386: 241 },
  support: 'partial',
  note: 'The lowest processor of the mask is the one a thread is told to be on; all threads share one.',
  arguments: { process: int, length: unsigned, mask: bytesIn('length') },
  run: (task, { process, length, mask }) => {
    const bytes = new Uint8Array(8);
    const given = mask.copyIn(0, Math.min(8, length));
    if (given === undefined) return -Errno.EFAULT;
    bytes.set(given);
    const thread = threadOf(task, process);
    if (thread === undefined) return -Errno.ESRCH;
    if (!mayManage(task, thread)) return -Errno.EPERM;
    const bits = new DataView(bytes.buffer).getBigUint64(0, true) & processors(task);
    if (bits === 0n) return -Errno.EINVAL;
    threadAttributes(thread).affinity = bits;
    moveSequences(thread);
    return 0;
  },
});

export const schedSetScheduler = defineSystemCall({
  name: 'sched_setscheduler',
  numbers: { 'x86-64': 144, i386: 156 },
  support: 'partial',
  note: 'Remembered without effect; SCHED_DEADLINE and SCHED_EXT are refused with EINVAL.',
  arguments: { process: int, policy, parameter: address },
  run: (task, { process, policy: wanted, parameter }) => {
    if (wanted < 0 || process < 0 || parameter === 0) return -Errno.EINVAL;
    const priority = task.user.readI32(parameter);
    if (priority === undefined) return -Errno.EFAULT;
    const thread = threadOf(task, process);
    if (thread === undefined) return -Errno.ESRCH;
    if (!isPolicy(wanted & ~RESET_ON_FORK)) return -Errno.EINVAL;
    return change(task, thread, {
      policy: wanted & ~RESET_ON_FORK,
      priority,
      resetsOnFork: (wanted & RESET_ON_FORK) !== 0,
    });
  },
});

export const schedGetScheduler = defineSystemCall({
  name: 'sched_getscheduler',
  numbers: { 'x86-64': 145, i386: 157 },
  support: 'full',
  arguments: { process: int },
  run: (task, { process }) => {
    if (process < 0) return -Errno.EINVAL;
    const thread = threadOf(task, process);
    if (thread === undefined) return -Errno.ESRCH;
    const { policy: current, resetsOnFork } = threadAttributes(thread);
    return current + (resetsOnFork ? RESET_ON_FORK : 0);
  },
});

export const schedSetParam = defineSystemCall({
  name: 'sched_setparam',
  numbers: { 'x86-64': 142, i386: 154 },
  support: 'partial',
  note: 'Remembered without effect.',
  arguments: { process: int, parameter: address },
  run: (task, { process, parameter }) => {
    if (process < 0 || parameter === 0) return -Errno.EINVAL;
    const priority = task.user.readI32(parameter);
    if (priority === undefined) return -Errno.EFAULT;
    const thread = threadOf(task, process);
    return thread === undefined ? -Errno.ESRCH : change(task, thread, { ...threadAttributes(thread), priority });
  },
});

export const schedGetParam = defineSystemCall({
  name: 'sched_getparam',
  numbers: { 'x86-64': 143, i386: 155 },
  support: 'full',
  arguments: { process: int, parameter: address },
  run: (task, { process, parameter }) => {
    if (process < 0 || parameter === 0) return -Errno.EINVAL;
    const thread = threadOf(task, process);
    if (thread === undefined) return -Errno.ESRCH;
    return task.user.writeU32(parameter, threadAttributes(thread).priority) ? 0 : -Errno.EFAULT;
  },
});

export const schedGetPriorityMax = defineSystemCall({
  name: 'sched_get_priority_max',
  numbers: { 'x86-64': 146, i386: 159 },
  support: 'full',
  arguments: { policy },
  run: (_task, { policy: wanted }) => (isPolicy(wanted) ? (isRealTime(wanted) ? HIGHEST_PRIORITY : 0) : -Errno.EINVAL),
});

export const schedGetPriorityMin = defineSystemCall({
  name: 'sched_get_priority_min',
  numbers: { 'x86-64': 147, i386: 160 },
  support: 'full',
  arguments: { policy },
  run: (_task, { policy: wanted }) => (isPolicy(wanted) ? (isRealTime(wanted) ? 1 : 0) : -Errno.EINVAL),
});

export const schedRrGetInterval = defineSystemCall({
  name: 'sched_rr_get_interval',
  numbers: { 'x86-64': 148, i386: 161 },
  support: 'full',
  arguments: { process: int, interval: structOut(timespec, printTimespec) },
  run: (task, { process, interval }) => {
    if (process < 0) return -Errno.EINVAL;
    const thread = threadOf(task, process);
    if (thread === undefined) return -Errno.ESRCH;
    const { policy: current } = threadAttributes(thread);
    if (current === POLICIES.SCHED_FIFO) return interval.write({});
    return interval.write({
      nanoseconds: current === POLICIES.SCHED_RR ? ROUND_ROBIN_NANOSECONDS : OTHER_NANOSECONDS,
    });
  },
});

export const schedGetAttr = defineSystemCall({
  name: 'sched_getattr',
  numbers: { 'x86-64': 315, i386: 352 },
  support: 'full',
  arguments: { process: int, attributes: address, length: unsigned, flags: unsigned },
  run: (task, { process, attributes, length, flags }) => {
    if (process < 0 || flags !== 0 || attributes === 0 || length < ATTRIBUTES_BYTES || length > LARGEST_ATTRIBUTES)
      return -Errno.EINVAL;
    const thread = threadOf(task, process);
    if (thread === undefined) return -Errno.ESRCH;
    const known = threadAttributes(thread);
    const bytes = new Uint8Array(Math.min(length, KNOWN_ATTRIBUTES_BYTES));
    const view = new DataView(bytes.buffer);
    view.setUint32(0, bytes.length, true);
    view.setUint32(4, known.policy, true);
    view.setBigUint64(8, known.resetsOnFork ? 1n : 0n, true);
    view.setInt32(16, isRealTime(known.policy) ? 0 : known.nice, true);
    view.setUint32(20, known.priority, true);
    for (const [index, time] of known.deadlineTimes.entries()) view.setBigUint64(24 + index * 8, time, true);
    return task.user.write(attributes, bytes) ? 0 : -Errno.EFAULT;
  },
});

export const schedSetAttr = defineSystemCall({
  name: 'sched_setattr',
  numbers: { 'x86-64': 314, i386: 351 },
  support: 'partial',
  note: 'Remembered without effect; utilisation clamps are refused with EINVAL.',
  arguments: { process: int, attributes: address, flags: unsigned },
  run: (task, { process, attributes, flags }) => {
    if (process < 0 || flags !== 0 || attributes === 0) return -Errno.EINVAL;
    const length = task.user.readU32(attributes) ?? -1;
    const bytes = length < 0 ? undefined : task.user.read(attributes, ATTRIBUTES_BYTES);
    if (bytes === undefined) return -Errno.EFAULT;
    if (length !== 0 && length < ATTRIBUTES_BYTES) return -Errno.E2BIG;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const thread = threadOf(task, process);
    if (thread === undefined) return -Errno.ESRCH;
    const given = Number(view.getBigUint64(8, true));
    if ((given & ~ATTRIBUTE_RESET_ON_FORK) !== 0) return -Errno.EINVAL;
    return change(task, thread, {
      policy: view.getUint32(4, true),
      priority: view.getInt32(20, true),
      nice: Math.max(-20, Math.min(19, view.getInt32(16, true))),
      resetsOnFork: (given & ATTRIBUTE_RESET_ON_FORK) !== 0,
      deadlineTimes: [24, 32, 40].map((at) => view.getBigUint64(at, true)),
    });
  },
});

const which = oneOf({ PRIO_PROCESS: 0, PRIO_PGRP: 1, PRIO_USER: 2 });

/** The kernel's result is 20 - nice, so that it is never negative. */
export const getpriority = defineSystemCall({
  name: 'getpriority',
  numbers: { 'x86-64': 140, i386: 96 },
  support: 'full',
  arguments: { which, who: int },
  run: (task, values) => {
    if (values.which < 0 || values.which > 2) return -Errno.EINVAL;
    const values20 = targets(task, values.which, values.who).map((thread) => 20 - threadAttributes(thread).nice);
    return values20.length === 0 ? -Errno.ESRCH : Math.max(...values20);
  },
});

export const setpriority = defineSystemCall({
  name: 'setpriority',
  numbers: { 'x86-64': 141, i386: 97 },
  support: 'partial',
  note: 'Remembered without effect.',
  arguments: { which, who: int, priority: int },
  run: (task, values) => {
    if (values.which < 0 || values.which > 2) return -Errno.EINVAL;
    const nice = Math.max(-20, Math.min(19, values.priority));
    const found = targets(task, values.which, values.who);
    if (found.length === 0) return -Errno.ESRCH;
    const isPrivileged = task.process.credentials.effectiveUser === 0;
    if (found.some((thread) => !mayManage(task, thread))) return -Errno.EPERM;
    if (!isPrivileged && found.some((thread) => threadAttributes(thread).nice > nice)) return -Errno.EACCES;
    for (const thread of found) threadAttributes(thread).nice = nice;
    return 0;
  },
});

function threadOf(task: Thread, id: number): Thread | undefined {
  return id === 0 ? task : task.kernel.threads.get(id);
}

/** The threads of a process, a process group or a user. */
function targets(task: Thread, kind: number, who: number): Thread[] {
  if (kind === 0) return [threadOf(task, who)].filter((thread) => thread !== undefined);
  const own = kind === 1 ? task.process.group : task.process.credentials.user;
  const wanted = who === 0 ? own : who;
  const matches = (process: Process) => (kind === 1 ? process.group : process.credentials.user) === wanted;
  return [...task.kernel.threads.values()].filter((thread) => matches(thread.process));
}

/** kernel/sched/syscalls.c, check_same_owner: another user's threads take CAP_SYS_NICE. */
function mayManage(task: Thread, { process }: Thread): boolean {
  const { effectiveUser } = task.process.credentials;
  return effectiveUser === 0 || [process.credentials.user, process.credentials.effectiveUser].includes(effectiveUser);
}

function processors(task: Thread): bigint {
  return (1n << BigInt(Math.min(64, task.host.processors))) - 1n;
}

function isRealTime(number: number): boolean {
  return number === POLICIES.SCHED_FIFO || number === POLICIES.SCHED_RR;
}

function isPolicy(number: number): boolean {
  return Object.values(POLICIES).some((known) => known === number);
}

/** kernel/sched/deadline.c, __checkparam_dl: runtime <= deadline <= period, none too short, none with the top bit. */
function isDeadline({ deadlineTimes = [] }: Partial<ThreadAttributes>): boolean {
  const [runtime = 0n, deadline = 0n, period = 0n] = deadlineTimes;
  if (deadline === 0n || runtime < SHORTEST_RUNTIME || deadline >> 63n !== 0n || period >> 63n !== 0n) return false;
  return runtime <= deadline && (period === 0n || (deadline <= period && period >= SHORTEST_PERIOD));
}

/** __sched_setscheduler: real-time policies need a priority and the right to it, the others have none. */
function change(
  task: Thread,
  thread: Thread,
  wanted: Partial<ThreadAttributes> & { policy: number; priority: number },
): number {
  const { policy: number, priority } = wanted;
  if (!isPolicy(number) || number === POLICIES.SCHED_EXT) return -Errno.EINVAL;
  if (number === POLICIES.SCHED_DEADLINE && !isDeadline(wanted)) return -Errno.EINVAL;
  if (isRealTime(number) ? priority < 1 || priority > HIGHEST_PRIORITY : priority !== 0) return -Errno.EINVAL;
  const isUrgent = isRealTime(number) || number === POLICIES.SCHED_DEADLINE;
  if (isUrgent && task.process.credentials.effectiveUser !== 0) return -Errno.EPERM;
  if (!mayManage(task, thread)) return -Errno.EPERM;
  Object.assign(threadAttributes(thread), wanted);
  return 0;
}
