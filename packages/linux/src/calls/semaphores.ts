// semget(2), semop(2), semtimedop(2), semctl(2): System V semaphores.
import {
  address,
  defineSystemCall,
  Errno,
  hexadecimal,
  int,
  type Kernel,
  Pending,
  type Process,
  type SystemCallResult,
  size,
  type Thread,
  WaitQueue,
} from '@elf/kernel';
import { loadStruct, semaphoreStatus, storeStruct } from '../abi/structs/ipc.ts';
import {
  applyPermission,
  IPC,
  type IpcObject,
  mayAccess,
  mayChange,
  secondsOf,
  tablePerNamespace,
} from '../ipc/ipc-namespace.ts';
import { resetSetting, settingOf } from '../proc/system-settings.ts';
import { readTimespec, relativeDeadline } from '../time-arguments.ts';

/** SEMMSL, SEMOPM, SEMVMX (include/uapi/linux/sem.h). */
const MAXIMUM_SEMAPHORES = 32000;
const MAXIMUM_OPERATIONS = 500;
const MAXIMUM_VALUE = 32767;
const SEM_UNDO = 0o10000;
const SEM_STAT = 18;
const SEM_INFO = 19;
const SEM_STAT_ANY = 20;
/** SEMUSZ. */
const UNDO_BYTES = 20;
const CONTROL = { GETPID: 11, GETVAL: 12, GETALL: 13, GETNCNT: 14, GETZCNT: 15, SETVAL: 16, SETALL: 17 } as const;
/** Bytes of struct sembuf. */
const OPERATION_BYTES = 6;

/** A set of semaphores. */
export interface SemaphoreSet extends IpcObject {
  readonly values: Int32Array;
  readonly lastProcess: Int32Array;
  readonly waitingForMore: Int32Array;
  readonly waitingForZero: Int32Array;
  readonly changes: WaitQueue;
  readonly undo: Map<Process, Int32Array>;
  isRemoved: boolean;
  operationTime: bigint;
}

interface Operation {
  readonly index: number;
  readonly change: number;
  readonly flags: number;
}

const tableOf = /* @__PURE__ */ tablePerNamespace<SemaphoreSet>();

export const semget = defineSystemCall({
  name: 'semget',
  numbers: { 'x86-64': 64, i386: 393 },
  support: 'full',
  arguments: { key: int, count: int, flags: hexadecimal },
  run: (task, { key, count, flags }) => {
    if (count < 0 || count > MAXIMUM_SEMAPHORES) return -Errno.EINVAL;
    return tableOf(task.kernel).get(
      task.process,
      {
        key,
        flags,
        now: task.host.clock.realtime(),
        most: settingOf(task.kernel, 'kernel/sem')[3],
        nextId: settingOf(task.kernel, 'kernel/sem_next_id')[0],
      },
      (identity) =>
        count === 0
          ? -Errno.EINVAL
          : {
              ...chosen(task.kernel, identity),
              values: new Int32Array(count),
              lastProcess: new Int32Array(count),
              waitingForMore: new Int32Array(count),
              waitingForZero: new Int32Array(count),
              changes: new WaitQueue(),
              undo: new Map(),
              isRemoved: false,
              operationTime: 0n,
            },
      (set) => (set.values.length < count ? -Errno.EINVAL : 0),
    );
  },
});

export const semop = defineSystemCall({
  name: 'semop',
  numbers: { 'x86-64': 65 },
  support: 'full',
  arguments: { id: int, operations: address, count: size },
  run: (task, { id, operations, count }) => operate(task, id, operations, count, undefined),
});

export const semtimedop = defineSystemCall({
  name: 'semtimedop',
  numbers: { 'x86-64': 220 },
  support: 'full',
  arguments: { id: int, operations: address, count: size, timeout: address },
  run: (task, { id, operations, count, timeout }) => {
    const time = timeout === 0 ? undefined : readTimespec(task, timeout);
    if (typeof time === 'number') return time;
    return operate(task, id, operations, count, time && relativeDeadline(task, time));
  },
});

export const semctl = defineSystemCall({
  name: 'semctl',
  numbers: { 'x86-64': 66, i386: 394 },
  support: 'full',
  arguments: { id: int, index: int, command: int, argument: hexadecimal },
  run: (task, { id, index, command, argument }) => {
    if (command === IPC.INFO || command === SEM_INFO) return storeLimits(task, command, argument);
    const set = tableOf(task.kernel).find(id);
    if (set === undefined) return -Errno.EINVAL;
    if (command === SEM_STAT || command === SEM_STAT_ANY) {
      const allowed = command === SEM_STAT ? mayAccess(task.process, set, 4) : 0;
      return allowed || store(task, set, argument) || id;
    }
    const changes = command === CONTROL.SETVAL || command === CONTROL.SETALL;
    if (command >= CONTROL.GETPID || command === IPC.STAT) {
      const allowed = mayAccess(task.process, set, changes ? 2 : 4);
      if (allowed < 0) return allowed;
    } else if (mayChange(task.process, set) < 0) return -Errno.EPERM;
    const ofOne = command >= CONTROL.GETPID && command !== CONTROL.GETALL && command !== CONTROL.SETALL;
    if (ofOne && (index < 0 || index >= set.values.length)) return -Errno.EINVAL;
    return control(task, set, index, command, argument);
  },
});

/** The identifier was asked for once. */
function chosen(kernel: Kernel, identity: IpcObject): IpcObject {
  resetSetting(kernel, 'kernel/sem_next_id');
  return identity;
}

/** All sets of a machine. */
export function semaphoreSets(kernel: Kernel): Iterable<SemaphoreSet> {
  return tableOf(kernel).items.values();
}

/** struct seminfo; SEM_INFO tells what is used in two of its fields. */
function storeLimits(task: Thread, command: number, at: number): number {
  const { items, highest } = tableOf(task.kernel);
  const [perSet, total, perCall, sets] = settingOf(task.kernel, 'kernel/sem');
  const used = [...items.values()].reduce((sum, set) => sum + set.values.length, 0);
  const [size, adjust] = command === SEM_INFO ? [items.size, used] : [UNDO_BYTES, MAXIMUM_VALUE];
  const words = [total, sets, total, total, perSet, perCall, perCall, size, MAXIMUM_VALUE, adjust];
  return task.user.write(at, new Uint8Array(Int32Array.from(words).buffer)) ? highest : -Errno.EFAULT;
}

/** Exit gives back what SEM_UNDO remembers of a process (man 2 semop). */
export function undoSemaphores(kernel: Kernel, process: Process): void {
  for (const set of tableOf(kernel, process).items.values()) {
    const adjustments = set.undo.get(process);
    if (adjustments === undefined) continue;
    set.undo.delete(process);
    for (const [index, change] of adjustments.entries())
      set.values[index] = Math.min(MAXIMUM_VALUE, Math.max(0, set.values[index] + change));
    set.changes.wake();
  }
}

function control(task: Thread, set: SemaphoreSet, index: number, command: number, argument: number): number {
  const { user } = task;
  const now = task.host.clock.realtime();
  switch (command) {
    case CONTROL.GETVAL:
      return set.values[index];
    case CONTROL.GETPID:
      return set.lastProcess[index];
    case CONTROL.GETNCNT:
      return set.waitingForMore[index];
    case CONTROL.GETZCNT:
      return set.waitingForZero[index];
    case CONTROL.GETALL:
      return user.write(argument, new Uint8Array(Uint16Array.from(set.values).buffer)) ? 0 : -Errno.EFAULT;
    case CONTROL.SETVAL: {
      const value = argument | 0;
      if (value < 0 || value > MAXIMUM_VALUE) return -Errno.ERANGE;
      assign(task, set, index, value, now);
      set.changes.wake();
      return 0;
    }
    case CONTROL.SETALL: {
      const bytes = user.read(argument, set.values.length * 2);
      if (bytes === undefined) return -Errno.EFAULT;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const values = [...set.values.keys()].map((at) => view.getUint16(at * 2, true));
      if (values.some((value) => value > MAXIMUM_VALUE)) return -Errno.ERANGE;
      for (const [at, value] of values.entries()) assign(task, set, at, value, now);
      set.changes.wake();
      return 0;
    }
    case IPC.STAT:
      return store(task, set, argument);
    case IPC.SET: {
      const given = loadStruct(task, argument, semaphoreStatus);
      if (given === undefined) return -Errno.EFAULT;
      applyPermission(set, given, now);
      return 0;
    }
    case IPC.RMID:
      set.isRemoved = true;
      tableOf(task.kernel).remove(set.id);
      set.changes.wake();
      return 0;
    default:
      return -Errno.EINVAL;
  }
}

function assign(task: Thread, set: SemaphoreSet, index: number, value: number, now: bigint): void {
  set.values[index] = value;
  set.lastProcess[index] = task.process.id;
  set.changeTime = now;
  for (const adjustments of set.undo.values()) adjustments[index] = 0;
}

function operate(task: Thread, id: number, at: number, count: number, deadline: number | undefined): SystemCallResult {
  if (count < 1 || id < 0) return -Errno.EINVAL;
  if (count > MAXIMUM_OPERATIONS) return -Errno.E2BIG;
  const bytes = task.user.read(at, count * OPERATION_BYTES);
  if (bytes === undefined) return -Errno.EFAULT;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const operations = Array.from({ length: count }, (_, index): Operation => {
    const start = index * OPERATION_BYTES;
    return {
      index: view.getUint16(start, true),
      change: view.getInt16(start + 2, true),
      flags: view.getInt16(start + 4, true),
    };
  });
  const set = tableOf(task.kernel).find(id);
  if (set === undefined) return -Errno.EINVAL;
  if (operations.some(({ index }) => index >= set.values.length)) return -Errno.EFBIG;
  const allowed = mayAccess(task.process, set, operations.some(({ change }) => change !== 0) ? 2 : 4);
  if (allowed < 0) return allowed;
  let counted: { counts: Int32Array; index: number } | undefined;
  const stopCounting = () => {
    if (counted !== undefined) counted.counts[counted.index]--;
    counted = undefined;
  };
  const attempt = () => {
    stopCounting();
    if (set.isRemoved) return -Errno.EIDRM;
    const outcome = perform(task, set, operations);
    if (outcome !== undefined && typeof outcome !== 'object') return outcome;
    if (outcome === undefined) return 0;
    counted = { counts: outcome.change === 0 ? set.waitingForZero : set.waitingForMore, index: outcome.index };
    counted.counts[counted.index]++;
    return undefined;
  };
  const now = attempt();
  if (now !== undefined) return now;
  return new Pending({
    queues: [set.changes],
    attempt,
    deadline,
    expire: () => {
      stopCounting();
      return -Errno.EAGAIN;
    },
    interrupt: () => {
      stopCounting();
      return -Errno.EINTR;
    },
  });
}

/** All operations or none: undefined when done, an error, or the operation that has to wait. */
function perform(task: Thread, set: SemaphoreSet, operations: readonly Operation[]): Operation | number | undefined {
  const values = set.values.slice();
  for (const operation of operations) {
    const { index, change, flags } = operation;
    const mustWait = change === 0 ? values[index] !== 0 : values[index] + change < 0;
    if (mustWait) return (flags & IPC.NOWAIT) !== 0 ? -Errno.EAGAIN : operation;
    if (values[index] + change > MAXIMUM_VALUE) return -Errno.ERANGE;
    values[index] += change;
  }
  const { process } = task;
  for (const { index, change, flags } of operations) {
    set.lastProcess[index] = process.id;
    if ((flags & SEM_UNDO) === 0) continue;
    const adjustments = set.undo.get(process) ?? new Int32Array(values.length);
    adjustments[index] -= change;
    set.undo.set(process, adjustments);
  }
  set.values.set(values);
  set.operationTime = task.host.clock.realtime();
  set.changes.wake();
  return undefined;
}

function store(task: Thread, set: SemaphoreSet, at: number): number {
  const status = {
    ...set,
    operationTime: secondsOf(set.operationTime),
    changeTime: secondsOf(set.changeTime),
    count: set.values.length,
  };
  return storeStruct(task, at, semaphoreStatus, status) ? 0 : -Errno.EFAULT;
}
