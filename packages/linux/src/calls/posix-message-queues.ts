// mq_open(2) and relatives: POSIX message queues (man 7 mq_overview).
import {
  address,
  anonymousFile,
  defineSystemCall,
  descriptor,
  Errno,
  flagSet,
  type Kernel,
  OpenDescription,
  path,
  Pending,
  permissions,
  type Process,
  Readiness,
  type SystemCallResult,
  size,
  type Thread,
  unsigned,
  WaitQueue,
} from '@elf/kernel';
import { O, OPEN_FLAG_NAMES } from '../abi/flags/file-flags.ts';
import { optionalStructIn, structOut } from '../abi/struct-arguments.ts';
import { defineStruct } from '../abi/struct-layout.ts';
import { describe, masked } from '../files-at.ts';
import { currentNamespaces, type Namespace } from '../namespaces/namespaces.ts';
import { type MessageNotice, makeNotice } from '../ipc/message-notice.ts';
import { absoluteDeadline, CLOCK_REALTIME, readTimespec } from '../time-arguments.ts';

/** Defaults and limits of /proc/sys/fs/mqueue. */
const DEFAULT = { messages: 10, bytes: 8192 } as const;
const MAXIMUM = { messages: 10, bytes: 8192 } as const;
const HARD_MAXIMUM = { messages: 65536, bytes: 16_777_216 } as const;
const HIGHEST_PRIORITY = 32767;

// biome-ignore format: a table
const mqAttributes32 = defineStruct(32, { flags: [0, 'i32'], maximum: [4, 'i32'], bytes: [8, 'i32'], current: [12, 'i32'] });
// biome-ignore format: a table
const mqAttributes = defineStruct(64, {
  flags: [0, 'i64'], maximum: [8, 'i64'], bytes: [16, 'i64'], current: [24, 'i64'],
}, { layout: mqAttributes32 });
const sigevent = defineStruct(64, { value: [0, 'u64'], signal: [8, 'i32'], notify: [12, 'i32'] });

interface Message {
  readonly priority: number;
  readonly bytes: Uint8Array;
}

/** A queue; descriptors keep it after mq_unlink. */
class MessageQueue {
  readonly changes = new WaitQueue();
  readonly maximum: number;
  readonly bytes: number;
  readonly mode: number;
  readonly user: number;
  readonly group: number;
  messages: Message[] = [];
  receivers = 0;
  watcher: MessageNotice | undefined;

  constructor(maximum: number, bytes: number, mode: number, owner: { effectiveUser: number; effectiveGroup: number }) {
    this.maximum = maximum;
    this.bytes = bytes;
    this.mode = mode;
    this.user = owner.effectiveUser;
    this.group = owner.effectiveGroup;
  }
}

const ofNamespaces = /* @__PURE__ */ new WeakMap<Namespace, Map<string, MessageQueue>>();

export const mqOpen = defineSystemCall({
  name: 'mq_open',
  numbers: { 'x86-64': 240, i386: 277 },
  support: 'partial',
  note: 'Queues do not appear in a file system.',
  arguments: {
    name: path,
    flags: flagSet(OPEN_FLAG_NAMES),
    mode: permissions,
    attributes: optionalStructIn(mqAttributes),
  },
  run: (task, { name, flags, mode, attributes }) => {
    if (name === '') return -Errno.ENOENT;
    if (name.includes('/')) return -Errno.EACCES;
    if (name.length > 255) return -Errno.ENAMETOOLONG;
    const queues = queuesOf(task.kernel);
    let queue = queues.get(name);
    const access = flags & 3;
    if (queue !== undefined) {
      if ((flags & (O.CREAT | O.EXCL)) === (O.CREAT | O.EXCL)) return -Errno.EEXIST;
      if (!mayOpen(task.process, queue, access)) return -Errno.EACCES;
    } else {
      if ((flags & O.CREAT) === 0) return -Errno.ENOENT;
      const { maximum, bytes } = attributes ?? { maximum: DEFAULT.messages, bytes: DEFAULT.bytes };
      const limit = task.process.credentials.effectiveUser === 0 ? HARD_MAXIMUM : MAXIMUM;
      if (maximum <= 0 || bytes <= 0 || maximum > limit.messages || bytes > limit.bytes) return -Errno.EINVAL;
      queue = new MessageQueue(maximum, bytes, masked(task, mode), task.process.credentials);
      queues.set(name, queue);
    }
    const found = queue;
    const file = anonymousFile({
      name: `/${name}`,
      changes: found.changes,
      control: found,
      readiness: () =>
        (found.messages.length > 0 ? Readiness.Readable | Readiness.ReadNormal : 0) |
        (found.messages.length < found.maximum ? Readiness.Writable | Readiness.WriteNormal : 0),
    });
    const opened = {
      readable: access !== O.WRONLY,
      writable: access !== 0,
      append: false,
      nonBlocking: (flags & O.NONBLOCK) !== 0,
    };
    return task.process.descriptors.insert(new OpenDescription(file, opened), true);
  },
});

export const mqUnlink = defineSystemCall({
  name: 'mq_unlink',
  numbers: { 'x86-64': 241, i386: 278 },
  support: 'full',
  arguments: { name: path },
  run: (task, { name }) => {
    if (name.length > 255) return -Errno.ENAMETOOLONG;
    const queues = queuesOf(task.kernel);
    const queue = queues.get(name);
    if (queue === undefined) return -Errno.ENOENT;
    const { effectiveUser } = task.process.credentials;
    if (effectiveUser !== 0 && effectiveUser !== queue.user) return -Errno.EACCES;
    queues.delete(name);
    return 0;
  },
});

export const mqTimedsend = defineSystemCall({
  name: 'mq_timedsend',
  numbers: { 'x86-64': 242, i386: 279 },
  support: 'full',
  arguments: { fd: descriptor, message: address, length: size, priority: unsigned, timeout: address },
  run: (task, { fd, message, length, priority, timeout }): SystemCallResult => {
    if (priority > HIGHEST_PRIORITY) return -Errno.EINVAL;
    const deadline = deadlineOf(task, timeout);
    if (deadline !== undefined && deadline < 0) return deadline;
    const found = queueOf(task, fd, 'writable');
    if (typeof found === 'number') return found;
    const { queue, nonBlocking } = found;
    if (length > queue.bytes) return -Errno.EMSGSIZE;
    const bytes = task.user.read(message, length);
    if (bytes === undefined) return -Errno.EFAULT;
    const kept = bytes.slice();
    const attempt = () => {
      if (queue.messages.length >= queue.maximum) return nonBlocking ? -Errno.EAGAIN : undefined;
      const wasEmpty = queue.messages.length === 0;
      const at = queue.messages.findIndex((each) => each.priority < priority);
      queue.messages.splice(at < 0 ? queue.messages.length : at, 0, { priority, bytes: kept });
      if (wasEmpty && queue.receivers === 0) tellWatcher(task, queue);
      queue.changes.wake();
      return 0;
    };
    return attempt() ?? wait(queue, attempt, deadline, () => {});
  },
});

export const mqTimedreceive = defineSystemCall({
  name: 'mq_timedreceive',
  numbers: { 'x86-64': 243, i386: 280 },
  support: 'full',
  arguments: { fd: descriptor, message: address, length: size, priority: address, timeout: address },
  run: (task, { fd, message, length, priority, timeout }): SystemCallResult => {
    const deadline = deadlineOf(task, timeout);
    if (deadline !== undefined && deadline < 0) return deadline;
    const found = queueOf(task, fd, 'readable');
    if (typeof found === 'number') return found;
    const { queue, nonBlocking } = found;
    if (length < queue.bytes) return -Errno.EMSGSIZE;
    const attempt = () => {
      const first = queue.messages[0];
      if (first === undefined) return nonBlocking ? -Errno.EAGAIN : undefined;
      queue.messages.shift();
      queue.changes.wake();
      if (priority !== 0 && !task.user.writeU32(priority, first.priority)) return -Errno.EFAULT;
      return task.user.write(message, first.bytes) ? first.bytes.length : -Errno.EFAULT;
    };
    const now = attempt();
    if (now !== undefined) return now;
    queue.receivers++;
    const stop = () => {
      queue.receivers--;
    };
    const counted = () => {
      const result = attempt();
      if (result !== undefined) stop();
      return result;
    };
    return wait(queue, counted, deadline, stop);
  },
});

export const mqNotify = defineSystemCall({
  name: 'mq_notify',
  numbers: { 'x86-64': 244 },
  support: 'full',
  arguments: { fd: descriptor, event: optionalStructIn(sigevent) },
  run: (task, { fd, event }) => {
    const notice = event && makeNotice(task, { ...event, value: BigInt(event.value) });
    if (typeof notice === 'number') return notice;
    const found = queueOf(task, fd, undefined);
    if (typeof found === 'number') return found;
    const { queue } = found;
    if (notice === undefined) {
      if (queue.watcher?.process !== task.process) return 0;
      queue.watcher.withdraw();
      queue.watcher = undefined;
      return 0;
    }
    if (queue.watcher !== undefined) return -Errno.EBUSY;
    queue.watcher = notice;
    return 0;
  },
});

export const mqGetsetattr = defineSystemCall({
  name: 'mq_getsetattr',
  numbers: { 'x86-64': 245, i386: 282 },
  support: 'full',
  arguments: { fd: descriptor, attributes: optionalStructIn(mqAttributes), old: structOut(mqAttributes) },
  run: (task, { fd, attributes, old }) => {
    if (attributes !== undefined && (attributes.flags & ~O.NONBLOCK) !== 0) return -Errno.EINVAL;
    const found = queueOf(task, fd, undefined);
    if (typeof found === 'number') return found;
    const { queue, description } = found;
    const { mode } = description;
    const before = {
      flags: mode.nonBlocking ? O.NONBLOCK : 0,
      maximum: queue.maximum,
      bytes: queue.bytes,
      current: queue.messages.length,
    };
    if (attributes !== undefined) mode.nonBlocking = (attributes.flags & O.NONBLOCK) !== 0;
    return old.isNull ? 0 : old.write(before);
  },
});

function wait(
  queue: MessageQueue,
  attempt: () => number | undefined,
  deadline: number | undefined,
  stop: () => void,
): Pending {
  const end = (errno: number) => () => {
    stop();
    return -errno;
  };
  return new Pending({
    queues: [queue.changes],
    attempt,
    deadline,
    expire: end(Errno.ETIMEDOUT),
    interrupt: end(Errno.EINTR),
    restartable: true,
  });
}

/** One notice for the first message of an empty queue that nobody waits for; then the registration is gone. */
function tellWatcher(task: Thread, queue: MessageQueue): void {
  const { watcher } = queue;
  queue.watcher = undefined;
  watcher?.tell(task);
}

function deadlineOf(task: Thread, at: number): number | undefined {
  if (at === 0) return undefined;
  const time = readTimespec(task, at);
  return typeof time === 'number' ? time : absoluteDeadline(task, time, CLOCK_REALTIME);
}

function queueOf(task: Thread, fd: number, access: 'readable' | 'writable' | undefined) {
  const description = describe(task, fd);
  if (typeof description === 'number') return description;
  const queue = description.file.control;
  if (!(queue instanceof MessageQueue)) return -Errno.EBADF;
  if (access !== undefined && !description.mode[access]) return -Errno.EBADF;
  return { queue, description, nonBlocking: description.mode.nonBlocking };
}

function mayOpen(process: Process, queue: MessageQueue, access: number): boolean {
  const { effectiveUser, effectiveGroup } = process.credentials;
  if (effectiveUser === 0) return true;
  const shift = effectiveUser === queue.user ? 6 : effectiveGroup === queue.group ? 3 : 0;
  const wanted = access === O.WRONLY ? 2 : access === O.RDWR ? 6 : 4;
  return ((queue.mode >> shift) & wanted) === wanted;
}

function queuesOf(kernel: Kernel): Map<string, MessageQueue> {
  const { ipc } = currentNamespaces(kernel);
  const known = ofNamespaces.get(ipc) ?? new Map<string, MessageQueue>();
  ofNamespaces.set(ipc, known);
  return known;
}
