// What C libraries set up per thread: arch_prctl(2), set_tid_address(2), robust lists, rseq; and futex(2), sched_yield(2).
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  int,
  oneOf,
  Pending,
  type SystemCallResult,
  size,
  type Thread,
  unsigned,
  WaitQueue,
} from '@elf/kernel';
import { threadState } from '../signals/signal-state.ts';

const ARCH = { ARCH_SET_GS: 0x1001, ARCH_SET_FS: 0x1002, ARCH_GET_FS: 0x1003, ARCH_GET_GS: 0x1004 } as const;
/** Addresses from here on are not the program's (TASK_SIZE_MAX). */
const TASK_SIZE = 0x7fff_ffff_f000;
const FUTEX = { WAIT: 0, WAKE: 1, REQUEUE: 3, CMP_REQUEUE: 4, WAIT_BITSET: 9, WAKE_BITSET: 10 } as const;
const FUTEX_CLOCK_REALTIME = 256;
const COMMAND_MASK = 127;

export const archPrctl = defineSystemCall({
  name: 'arch_prctl',
  numbers: { 'x86-64': 158 },
  support: 'partial',
  note: 'FS and GS bases; CPUID faulting and shadow stacks are EINVAL.',
  arguments: { code: oneOf(ARCH), address },
  run: (task, { code, address: value }) => {
    switch (code) {
      case ARCH.ARCH_SET_FS:
      case ARCH.ARCH_SET_GS:
        if (value >= TASK_SIZE) return -Errno.EPERM;
        if (code === ARCH.ARCH_SET_FS) task.cpu.fsBase = BigInt(value);
        else task.cpu.gsBase = BigInt(value);
        return 0;
      case ARCH.ARCH_GET_FS:
        return task.user.writeU64(value, task.cpu.fsBase) ? 0 : -Errno.EFAULT;
      case ARCH.ARCH_GET_GS:
        return task.user.writeU64(value, task.cpu.gsBase) ? 0 : -Errno.EFAULT;
      default:
        return -Errno.EINVAL;
    }
  },
});

export const setTidAddress = defineSystemCall({
  name: 'set_tid_address',
  numbers: { 'x86-64': 218 },
  support: 'full',
  arguments: { address },
  run: (task, values) => {
    threadState(task).clearChildTid = values.address;
    return task.id;
  },
});

export const setRobustList = defineSystemCall({
  name: 'set_robust_list',
  numbers: { 'x86-64': 273 },
  support: 'partial',
  note: 'Remembered; locks of a dying thread are not released yet.',
  arguments: { head: address, length: size },
  run: (task, { head, length }) => {
    if (length !== 24) return -Errno.EINVAL;
    threadState(task).robustList = { address: head, length };
    return 0;
  },
});

/** Refused, as on kernels built without it: C libraries then do without. Threads here switch only between instructions of one JS thread. */
export const rseq = defineSystemCall({
  name: 'rseq',
  numbers: { 'x86-64': 334 },
  support: 'refused',
  note: 'ENOSYS.',
  arguments: { area: address, length: unsigned, flags: int, signature: unsigned },
  run: () => -Errno.ENOSYS,
});

export const schedYield = defineSystemCall({
  name: 'sched_yield',
  numbers: { 'x86-64': 24 },
  support: 'full',
  arguments: {},
  run: () => 0,
});

export const schedGetAffinity = defineSystemCall({
  name: 'sched_getaffinity',
  numbers: { 'x86-64': 204 },
  support: 'full',
  arguments: { process: int, length: unsigned, mask: address },
  run: (task, { length, mask }) => {
    if (length < 8 || length % 8 !== 0) return -Errno.EINVAL;
    const bits = (1n << BigInt(Math.min(64, task.host.processors))) - 1n;
    return task.user.writeU64(mask, bits) ? 8 : -Errno.EFAULT;
  },
});

export const getcpu = defineSystemCall({
  name: 'getcpu',
  numbers: { 'x86-64': 309 },
  support: 'full',
  arguments: { cpu: address, node: address, cache: address },
  run: (task, { cpu, node }) => {
    if (cpu !== 0 && !task.user.writeU32(cpu, 0)) return -Errno.EFAULT;
    return node !== 0 && !task.user.writeU32(node, 0) ? -Errno.EFAULT : 0;
  },
});

/** Every thread runs between the same two instructions: there is nothing to order. */
export const membarrier = defineSystemCall({
  name: 'membarrier',
  numbers: { 'x86-64': 324 },
  support: 'full',
  arguments: { command: int, flags: unsigned, cpu: descriptor },
  run: (_task, { command }) => (command === 0 ? 0x1ff : 0),
});

/**
 * futex(2). Queues are per address space and address; the value is compared and the wait begun in one step, since nothing else runs
 * meanwhile.
 */
export const futex = defineSystemCall({
  name: 'futex',
  numbers: { 'x86-64': 202 },
  support: 'partial',
  note: 'Priority inheritance is ENOSYS; shared mappings at different addresses do not meet.',
  arguments: { address, operation: int, value: unsigned, timeout: address, second: address, third: unsigned },
  run: (task, values) => {
    const command = values.operation & COMMAND_MASK;
    if (values.address % 4 !== 0) return -Errno.EINVAL;
    switch (command) {
      case FUTEX.WAIT:
      case FUTEX.WAIT_BITSET:
        return wait(task, values.address, values.value, values.timeout, values.operation);
      case FUTEX.WAKE:
      case FUTEX.WAKE_BITSET:
        return futexQueue(task, values.address).wake(values.value);
      case FUTEX.REQUEUE:
      case FUTEX.CMP_REQUEUE: {
        const current = task.user.readU32(values.address);
        if (current === undefined) return -Errno.EFAULT;
        if (command === FUTEX.CMP_REQUEUE && current !== values.third) return -Errno.EAGAIN;
        // Waking more than asked is allowed (man 2 futex: spurious wake-ups); it keeps one queue per waiter.
        return futexQueue(task, values.address).wake(values.value + values.timeout);
      }
      default:
        return -Errno.ENOSYS;
    }
  },
});

const queues = /* @__PURE__ */ new WeakMap<object, Map<number, WaitQueue>>();

/** The queue of threads that wait at an address. */
export function futexQueue(task: Thread, at: number): WaitQueue {
  const { space } = task.process;
  const bySpace = queues.get(space) ?? new Map<number, WaitQueue>();
  queues.set(space, bySpace);
  let queue = bySpace.get(at);
  if (queue === undefined) {
    // Queues without waiters are dropped when there are many: addresses of short-lived locks would pile up.
    if (bySpace.size > 4096) for (const [key, old] of bySpace) if (old.size === 0) bySpace.delete(key);
    queue = new WaitQueue();
    bySpace.set(at, queue);
  }
  return queue;
}

function wait(task: Thread, at: number, expected: number, timeoutAddress: number, operation: number): SystemCallResult {
  const current = task.user.readU32(at);
  if (current === undefined) return -Errno.EFAULT;
  if (current !== expected) return -Errno.EAGAIN;
  let deadline: number | undefined;
  if (timeoutAddress !== 0) {
    const seconds = task.user.readU64(timeoutAddress);
    const nanoseconds = task.user.readU64(timeoutAddress + 8);
    if (seconds === undefined || nanoseconds === undefined) return -Errno.EFAULT;
    if (nanoseconds >= 1_000_000_000n) return -Errno.EINVAL;
    const given = Number(seconds) * 1e9 + Number(nanoseconds);
    const now = task.host.clock.monotonic();
    const isAbsolute = (operation & COMMAND_MASK) === FUTEX.WAIT_BITSET;
    if (!isAbsolute) deadline = now + given;
    else if ((operation & FUTEX_CLOCK_REALTIME) === 0) deadline = given;
    else deadline = now + given - Number(task.host.clock.realtime());
  }
  const queue = futexQueue(task, at);
  let woken = false;
  const leave = queue.join(() => {
    woken = true;
    leave();
    task.kernel.wake(task);
  });
  const ended = <T>(result: T) => {
    leave();
    return result;
  };
  return new Pending({
    queues: [],
    deadline,
    attempt: () => (woken ? 0 : undefined),
    expire: () => ended(-Errno.ETIMEDOUT),
    interrupt: () => ended(-Errno.EINTR),
    restartable: timeoutAddress === 0,
  });
}
