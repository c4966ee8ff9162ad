// msgget(2), msgsnd(2), msgrcv(2), msgctl(2): System V message queues.
import {
  address,
  defineSystemCall,
  Errno,
  hexadecimal,
  int,
  offset,
  Pending,
  type SystemCallResult,
  size,
  type Thread,
  WaitQueue,
} from '@elf/kernel';
import {
  applyPermission,
  encodePermission,
  IPC,
  type IpcObject,
  mayAccess,
  mayChange,
  secondsOf,
  tablePerKernel,
} from '../ipc/ipc-namespace.ts';

const MSG = { NOERROR: 0o10000, EXCEPT: 0o20000, COPY: 0o40000 } as const;
/** MSGMAX and MSGMNB. */
const LARGEST_MESSAGE = 8192;
const QUEUE_BYTES = 16384;
/** Bytes of struct msqid64_ds on x86-64, and of the type before a message's text. */
const STATUS_BYTES = 120;
const TYPE_BYTES = 8;

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

const tableOf = /* @__PURE__ */ tablePerKernel<Queue>();

export const msgget = defineSystemCall({
  name: 'msgget',
  numbers: { 'x86-64': 68, i386: 399 },
  support: 'full',
  arguments: { key: int, flags: hexadecimal },
  run: (task, { key, flags }) =>
    tableOf(task.kernel).get(
      task.process,
      { key, flags, now: task.host.clock.realtime() },
      (identity) => ({
        ...identity,
        messages: [],
        limit: QUEUE_BYTES,
        changes: new WaitQueue(),
        isRemoved: false,
        lastSender: 0,
        lastReceiver: 0,
        sendTime: 0n,
        receiveTime: 0n,
      }),
      () => 0,
    ),
});

export const msgsnd = defineSystemCall({
  name: 'msgsnd',
  numbers: { 'x86-64': 69 },
  support: 'full',
  arguments: { id: int, message: address, length: size, flags: hexadecimal },
  run: (task, { id, message, length, flags }): SystemCallResult => {
    if (id < 0 || length > LARGEST_MESSAGE) return -Errno.EINVAL;
    const type = task.user.readU64(message);
    const text = task.user.read(message + TYPE_BYTES, length);
    if (type === undefined || text === undefined) return -Errno.EFAULT;
    if (BigInt.asIntN(64, type) < 1n) return -Errno.EINVAL;
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
  numbers: { 'x86-64': 70 },
  support: 'full',
  arguments: { id: int, message: address, length: size, type: offset, flags: hexadecimal },
  run: (task, { id, message, length, type, flags }): SystemCallResult => {
    const copies = (flags & MSG.COPY) !== 0;
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
      const isStored = task.user.writeU64(message, found.type) && task.user.write(message + TYPE_BYTES, text);
      return isStored ? text.length : -Errno.EFAULT;
    };
    return attempt() ?? new Pending({ queues: [queue.changes], attempt });
  },
});

export const msgctl = defineSystemCall({
  name: 'msgctl',
  numbers: { 'x86-64': 71 },
  support: 'partial',
  note: 'IPC_INFO, MSG_INFO and MSG_STAT are refused with EINVAL.',
  arguments: { id: int, command: int, buffer: address },
  run: (task, { id, command, buffer }) => {
    const queue = tableOf(task.kernel).find(id);
    if (queue === undefined) return -Errno.EINVAL;
    if (command === IPC.STAT) return mayAccess(task.process, queue, 4) || store(task, queue, buffer);
    if (command !== IPC.SET && command !== IPC.RMID) return -Errno.EINVAL;
    const bytes = command === IPC.SET ? task.user.read(buffer, STATUS_BYTES) : undefined;
    if (command === IPC.SET && bytes === undefined) return -Errno.EFAULT;
    const allowed = mayChange(task.process, queue);
    if (allowed < 0) return allowed;
    if (bytes !== undefined) {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const limit = Number(view.getBigUint64(88, true));
      if (limit > QUEUE_BYTES && task.process.credentials.effectiveUser !== 0) return -Errno.EPERM;
      applyPermission(view, queue, task.host.clock.realtime());
      queue.limit = limit;
    } else {
      queue.isRemoved = true;
      tableOf(task.kernel).remove(id);
    }
    queue.changes.wake();
    return 0;
  },
});

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

function waitingBytes(queue: Queue): number {
  return queue.messages.reduce((sum, { text }) => sum + text.length, 0);
}

function store(task: Thread, queue: Queue, buffer: number): number {
  const bytes = new Uint8Array(STATUS_BYTES);
  const view = new DataView(bytes.buffer);
  encodePermission(view, queue);
  view.setBigInt64(48, secondsOf(queue.sendTime), true);
  view.setBigInt64(56, secondsOf(queue.receiveTime), true);
  view.setBigInt64(64, secondsOf(queue.changeTime), true);
  view.setBigUint64(72, BigInt(waitingBytes(queue)), true);
  view.setBigUint64(80, BigInt(queue.messages.length), true);
  view.setBigUint64(88, BigInt(queue.limit), true);
  view.setInt32(96, queue.lastSender, true);
  view.setInt32(100, queue.lastReceiver, true);
  return task.user.write(buffer, bytes) ? 0 : -Errno.EFAULT;
}
