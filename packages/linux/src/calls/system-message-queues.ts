// msgget(2), msgsnd(2), msgrcv(2), msgctl(2): System V message queues.
import {
  address,
  defineSystemCall,
  Errno,
  hexadecimal,
  int,
  type Kernel,
  offset,
  Pending,
  type SystemCallResult,
  size,
  type Thread,
  WaitQueue,
} from '@elf/kernel';
import { loadStruct, queueLimits, queueStatus, storeStruct } from '../abi/structs/ipc.ts';
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

const MSG = { NOERROR: 0o10000, EXCEPT: 0o20000, COPY: 0o40000 } as const;
const MSG_STAT = 11;
const MSG_INFO = 12;
const MSG_STAT_ANY = 13;
/** MSGPOOL, MSGSSZ and MSGSEG: limits that no kernel has any more, told as they always were (include/uapi/linux/msg.h). */
const POOL_KILOBYTES = 512_000;
const SEGMENT_BYTES = 16;
const SEGMENTS = 0xffff;

interface Message {
  readonly type: bigint;
  readonly text: Uint8Array;
}

interface Queue extends IpcObject {
  messages: Message[];
  limit: number;
  readonly changes: WaitQueue;
  isRemoved: boolean;
  lastSender: number;
  lastReceiver: number;
  sendTime: bigint;
  receiveTime: bigint;
}

const tableOf = /* @__PURE__ */ tablePerNamespace<Queue>();

export const msgget = defineSystemCall({
  name: 'msgget',
  numbers: { 'x86-64': 68, i386: 399 },
  support: 'full',
  arguments: { key: int, flags: hexadecimal },
  run: (task, { key, flags }) =>
    tableOf(task.kernel).get(
      task.process,
      {
        key,
        flags,
        now: task.host.clock.realtime(),
        most: settingOf(task.kernel, 'kernel/msgmni')[0],
        nextId: settingOf(task.kernel, 'kernel/msg_next_id')[0],
      },
      (identity) => {
        resetSetting(task.kernel, 'kernel/msg_next_id');
        return {
          ...identity,
          messages: [],
          limit: settingOf(task.kernel, 'kernel/msgmnb')[0],
          changes: new WaitQueue(),
          isRemoved: false,
          lastSender: 0,
          lastReceiver: 0,
          sendTime: 0n,
          receiveTime: 0n,
        };
      },
      () => 0,
    ),
});

export const msgsnd = defineSystemCall({
  name: 'msgsnd',
  numbers: { 'x86-64': 69, i386: 400 },
  support: 'full',
  arguments: { id: int, message: address, length: size, flags: hexadecimal },
  run: (task, { id, message, length, flags }): SystemCallResult => {
    const type = readType(task, message);
    if (type === undefined) return -Errno.EFAULT;
    if (id < 0 || length > settingOf(task.kernel, 'kernel/msgmax')[0] || type < 1n) return -Errno.EINVAL;
    const text = task.user.read(message + task.wordBytes, length);
    if (text === undefined) return -Errno.EFAULT;
    const queue = tableOf(task.kernel).find(id);
    if (queue === undefined) return -Errno.EINVAL;
    const allowed = mayAccess(task.process, queue, 2);
    if (allowed < 0) return allowed;
    const kept = text.slice();
    const attempt = () => {
      if (queue.isRemoved) return -Errno.EIDRM;
      if (waitingBytes(queue) + kept.length > queue.limit || queue.messages.length >= queue.limit)
        return (flags & IPC.NOWAIT) !== 0 ? -Errno.EAGAIN : undefined;
      queue.messages.push({ type, text: kept });
      queue.lastSender = task.process.id;
      queue.sendTime = task.host.clock.realtime();
      queue.changes.wake();
      return 0;
    };
    return attempt() ?? new Pending({ queues: [queue.changes], attempt });
  },
});

export const msgrcv = defineSystemCall({
  name: 'msgrcv',
  numbers: { 'x86-64': 70, i386: 401 },
  support: 'full',
  arguments: { id: int, message: address, length: size, type: offset, flags: hexadecimal },
  run: (task, { id, message, length, type, flags }): SystemCallResult => {
    const copies = (flags & MSG.COPY) !== 0;
    const typeBytes = task.wordBytes;
    if (id < 0 || length > Number.MAX_SAFE_INTEGER) return -Errno.EINVAL;
    if (copies && ((flags & MSG.EXCEPT) !== 0 || (flags & IPC.NOWAIT) === 0)) return -Errno.EINVAL;
    const queue = tableOf(task.kernel).find(id);
    if (queue === undefined) return -Errno.EINVAL;
    const allowed = mayAccess(task.process, queue, 4);
    if (allowed < 0) return allowed;
    const attempt = () => {
      if (queue.isRemoved) return -Errno.EIDRM;
      const found = copies ? queue.messages[type] : choose(queue.messages, type, (flags & MSG.EXCEPT) !== 0);
      if (found === undefined) return (flags & IPC.NOWAIT) !== 0 ? -Errno.ENOMSG : undefined;
      if (found.text.length > length && (flags & MSG.NOERROR) === 0) return -Errno.E2BIG;
      const text = found.text.subarray(0, length);
      if (!copies) {
        queue.messages = queue.messages.filter((each) => each !== found);
        queue.lastReceiver = task.process.id;
        queue.receiveTime = task.host.clock.realtime();
        queue.changes.wake();
      }
      const isStored = writeType(task, message, found.type) && task.user.write(message + typeBytes, text);
      return isStored ? text.length : -Errno.EFAULT;
    };
    return attempt() ?? new Pending({ queues: [queue.changes], attempt });
  },
});

export const msgctl = defineSystemCall({
  name: 'msgctl',
  numbers: { 'x86-64': 71, i386: 402 },
  support: 'full',
  arguments: { id: int, command: int, buffer: address },
  run: (task, { id, command, buffer }) => {
    if (id < 0) return -Errno.EINVAL;
    if (command === IPC.INFO || command === MSG_INFO) return storeLimits(task, command, buffer);
    const given = command === IPC.SET ? loadStruct(task, buffer, queueStatus) : undefined;
    if (command === IPC.SET && given === undefined) return -Errno.EFAULT;
    const queue = tableOf(task.kernel).find(id);
    if (queue === undefined) return -Errno.EINVAL;
    if (command === MSG_STAT_ANY) return store(task, queue, buffer) || id;
    if (command === MSG_STAT) return mayAccess(task.process, queue, 4) || store(task, queue, buffer) || id;
    if (command === IPC.STAT) return mayAccess(task.process, queue, 4) || store(task, queue, buffer);
    if (command !== IPC.SET && command !== IPC.RMID) return -Errno.EINVAL;
    const allowed = mayChange(task.process, queue);
    if (allowed < 0) return allowed;
    if (given !== undefined) {
      const [most] = settingOf(task.kernel, 'kernel/msgmnb');
      if (given.limit > most && task.process.credentials.effectiveUser !== 0) return -Errno.EPERM;
      applyPermission(queue, given, task.host.clock.realtime());
      queue.limit = given.limit;
    } else {
      queue.isRemoved = true;
      tableOf(task.kernel).remove(id);
    }
    queue.changes.wake();
    return 0;
  },
});

/** All queues of a machine. */
export function messageQueues(kernel: Kernel): Iterable<Queue> {
  return tableOf(kernel).items.values();
}

/** MSG_INFO tells what is used in three of the fields. */
function storeLimits(task: Thread, command: number, at: number): number {
  const { items, highest } = tableOf(task.kernel);
  const [largestMessage, queueBytes, queues] = (['kernel/msgmax', 'kernel/msgmnb', 'kernel/msgmni'] as const).map(
    (name) => settingOf(task.kernel, name)[0],
  );
  const all = [...items.values()];
  const used = {
    pool: items.size,
    map: all.reduce((sum, queue) => sum + queue.messages.length, 0),
    headers: all.reduce((sum, queue) => sum + waitingBytes(queue), 0),
  };
  const fixed = { pool: POOL_KILOBYTES, map: queueBytes, headers: queueBytes };
  const limits = {
    largestMessage,
    queueBytes,
    queues,
    segmentBytes: SEGMENT_BYTES,
    segments: SEGMENTS,
    ...(command === MSG_INFO ? used : fixed),
  };
  return storeStruct(task, at, queueLimits, limits) ? highest : -Errno.EFAULT;
}

/** The word before a message's text. */
function readType(task: Thread, at: number): bigint | undefined {
  const type = task.wordBytes === 4 ? task.user.readI32(at) : task.user.readU64(at);
  return type === undefined ? undefined : BigInt.asIntN(64, BigInt(type));
}

/** A 32-bit program gets the low half of a type that a 64-bit one sent. */
function writeType(task: Thread, at: number, type: bigint): boolean {
  return task.wordBytes === 4 ? task.user.writeU32(at, Number(BigInt.asUintN(32, type))) : task.user.writeU64(at, type);
}

/** Type 0 takes the first message, a positive type the first of it (or of any other), a negative one the lowest up to its value. */
function choose(messages: readonly Message[], type: number, isExcept: boolean): Message | undefined {
  if (type === 0) return messages[0];
  const wanted = BigInt(type);
  if (type > 0) return messages.find((message) => (message.type === wanted) !== isExcept);
  const eligible = messages.filter((message) => message.type <= -wanted);
  return eligible.reduce<Message | undefined>(
    (best, each) => (best === undefined || each.type < best.type ? each : best),
    undefined,
  );
}

/** Bytes of all messages in a queue. */
export function waitingBytes(queue: Queue): number {
  return queue.messages.reduce((sum, { text }) => sum + text.length, 0);
}

function store(task: Thread, queue: Queue, buffer: number): number {
  const status = {
    ...queue,
    sendTime: secondsOf(queue.sendTime),
    receiveTime: secondsOf(queue.receiveTime),
    changeTime: secondsOf(queue.changeTime),
    bytes: waitingBytes(queue),
    count: queue.messages.length,
  };
  return storeStruct(task, buffer, queueStatus, status) ? 0 : -Errno.EFAULT;
}
