// io_setup(2) and relatives: asynchronous I/O. The host reads and writes files at once, so requests are done when they are submitted.
import {
  address,
  defineSystemCall,
  Errno,
  EventCounter,
  GuestBuffer,
  offset,
  type OpenDescription,
  Pending,
  type Process,
  type SystemCallResult,
  size,
  type Thread,
  unsigned,
  WaitQueue,
} from '@elf/kernel';
import { readWord } from '../abi/words.ts';
import { describe } from '../files-at.ts';
import { withSignalMask } from '../signals/temporary-mask.ts';
import { readTimespec, relativeDeadline } from '../time-arguments.ts';
import { readFile, writeFile } from '../transfer.ts';
import { eachVector } from './read-write.ts';

// biome-ignore format: a table
const COMMAND = { PREAD: 0, PWRITE: 1, FSYNC: 2, FDSYNC: 3, POLL: 5, NOOP: 6, PREADV: 7, PWRITEV: 8 } as const;
const IOCB_FLAG_RESFD = 1;
/** RWF_*: what a request may ask for, and the one that is more than a promise that is kept anyway. */
const KNOWN_RWF = 0x1f;
const RWF_NOWAIT = 8;
/** Bytes of struct iocb and struct io_event. */
const REQUEST_BYTES = 64;
const EVENT_BYTES = 32;
/** /proc/sys/fs/aio-max-nr. */
const MAXIMUM_EVENTS = 65536;
/** The reserved area whose address is the context's name, as the kernel maps a ring there. */
const RING_BYTES = 4096; // not a page size: the space rounds it up to its pages

interface Event {
  readonly data: bigint;
  readonly request: number;
  readonly result: number;
}

interface Context {
  readonly changes: WaitQueue;
  readonly capacity: number;
  readonly events: Event[];
}

const contexts = /* @__PURE__ */ new WeakMap<Process, Map<number, Context>>();
const partial = {
  support: 'partial',
  note: 'Requests are done when they are submitted; those that would wait (pipes and sockets without RWF_NOWAIT, IOCB_CMD_POLL) are refused with EINVAL.',
} as const;

export const ioSetup = defineSystemCall({
  ...partial,
  name: 'io_setup',
  numbers: { 'x86-64': 206 },
  arguments: { count: unsigned, context: address },
  run: (task, { count, context }) => {
    const given = task.user.readU64(context);
    if (given === undefined) return -Errno.EFAULT;
    // fs/aio.c, ioctx_alloc: a number of events whose ring cannot be counted.
    if (given !== 0n || count === 0 || count > 0x1000_0000 / EVENT_BYTES) return -Errno.EINVAL;
    if (count > MAXIMUM_EVENTS) return -Errno.EAGAIN;
    const id = task.process.space.map({ length: RING_BYTES, protection: 1, shared: false });
    if (id < 0) return id;
    const known = contexts.get(task.process) ?? new Map<number, Context>();
    contexts.set(task.process, known);
    known.set(id, { changes: new WaitQueue(), capacity: count, events: [] });
    return task.user.writeU64(context, BigInt(id)) ? 0 : -Errno.EFAULT;
  },
});

export const ioDestroy = defineSystemCall({
  ...partial,
  name: 'io_destroy',
  numbers: { 'x86-64': 207, i386: 246 },
  arguments: { context: size },
  run: (task, { context }) => {
    const known = contexts.get(task.process);
    const found = known?.get(context);
    if (known === undefined || found === undefined) return -Errno.EINVAL;
    known.delete(context);
    found.changes.wake();
    task.process.space.unmap(context, RING_BYTES);
    return 0;
  },
});

export const ioSubmit = defineSystemCall({
  ...partial,
  name: 'io_submit',
  numbers: { 'x86-64': 209 },
  arguments: { context: size, count: size, requests: address },
  run: (task, { context, count, requests }) => {
    const found = contexts.get(task.process)?.get(context);
    if (found === undefined || count > Number.MAX_SAFE_INTEGER) return -Errno.EINVAL;
    let done = 0;
    for (; done < count; done++) {
      const at = task.user.readAddress(requests + done * 8);
      const result = at === undefined ? -Errno.EFAULT : submit(task, found, at);
      if (result < 0) return done > 0 ? done : result;
    }
    return done;
  },
});

const eventArguments = { context: size, minimum: offset, maximum: offset, events: address, timeout: address } as const;

export const ioGetevents = defineSystemCall({
  ...partial,
  name: 'io_getevents',
  numbers: { 'x86-64': 208 },
  arguments: eventArguments,
  run: (task, values) => getEvents(task, values),
});

export const ioPgetevents = defineSystemCall({
  ...partial,
  name: 'io_pgetevents',
  numbers: { 'x86-64': 333 },
  arguments: { ...eventArguments, signals: address },
  run: (task, values) => {
    // struct __aio_sigset: where the mask is, and its length.
    const { signals } = values;
    const mask = signals === 0 ? 0 : readWord(task, signals);
    const length = signals === 0 ? 0 : readWord(task, signals + task.wordBytes);
    if (mask === undefined || length === undefined) return -Errno.EFAULT;
    return withSignalMask(task, mask, length, () => getEvents(task, values));
  },
});

/** Nothing submitted is still on its way. */
export const ioCancel = defineSystemCall({
  ...partial,
  name: 'io_cancel',
  numbers: { 'x86-64': 210, i386: 249 },
  arguments: { context: size, request: address, result: address },
  run: (task, { context, request }) => {
    if (task.user.readU32(request) === undefined) return -Errno.EFAULT;
    return contexts.get(task.process)?.has(context) ? -Errno.EAGAIN : -Errno.EINVAL;
  },
});

function submit(task: Thread, context: Context, at: number): number {
  const bytes = task.user.read(at, REQUEST_BYTES);
  if (bytes === undefined) return -Errno.EFAULT;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const flags = view.getUint32(56, true);
  if ((flags & ~IOCB_FLAG_RESFD) !== 0) return -Errno.EINVAL;
  if ((view.getUint32(12, true) & ~KNOWN_RWF) !== 0) return -Errno.EOPNOTSUPP;
  const file = describe(task, view.getInt32(20, true));
  if (typeof file === 'number') return file;
  const command = view.getUint16(16, true);
  const isRead = command === COMMAND.PREAD || command === COMMAND.PREADV;
  const isWrite = command === COMMAND.PWRITE || command === COMMAND.PWRITEV;
  if ((isRead && !file.mode.readable) || (isWrite && !file.mode.writable)) return -Errno.EBADF;
  if (context.events.length >= context.capacity) return -Errno.EAGAIN;
  const notify = (flags & IOCB_FLAG_RESFD) !== 0 ? describe(task, view.getInt32(60, true)) : undefined;
  if (typeof notify === 'number') return notify;
  if (notify !== undefined && !(notify.file.control instanceof EventCounter)) return -Errno.EINVAL;
  const result = perform(task, file, view);
  if (result instanceof Pending || typeof result === 'bigint') return -Errno.EINVAL;
  context.events.push({ data: view.getBigUint64(0, true), request: at, result });
  context.changes.wake();
  // An eventfd counts completions.
  if (notify?.file.control instanceof EventCounter) notify.file.control.signal();
  return 0;
}

function perform(task: Thread, file: OpenDescription, view: DataView): SystemCallResult {
  const command = view.getUint16(16, true);
  const buffer = Number(view.getBigUint64(24, true));
  const length = Number(view.getBigUint64(32, true));
  const position = Number(view.getBigInt64(40, true));
  if (command === COMMAND.NOOP) return 0;
  if (command === COMMAND.FSYNC || command === COMMAND.FDSYNC) return file.file.synchronize?.() ?? -Errno.EINVAL;
  const range = new GuestBuffer(task.user, buffer, length);
  const isPlain = command === COMMAND.PREAD || command === COMMAND.PWRITE;
  if (isPlain && !file.file.isSeekable && (view.getUint32(12, true) & RWF_NOWAIT) !== 0) {
    const result = command === COMMAND.PREAD ? readFile(file, range) : writeFile(task, file, range);
    return result instanceof Pending ? -Errno.EAGAIN : result;
  }
  if (!file.file.isSeekable || position < 0) return -Errno.EINVAL;
  switch (command) {
    case COMMAND.PREAD:
      return readFile(file, range, position);
    case COMMAND.PWRITE:
      return writeFile(task, file, range, position);
    case COMMAND.PREADV:
      return eachVector(task, buffer, length, (vectors) => readFile(file, vectors, position));
    case COMMAND.PWRITEV:
      return eachVector(task, buffer, length, (vectors) => writeFile(task, file, vectors, position));
    default:
      return -Errno.EINVAL;
  }
}

function getEvents(
  task: Thread,
  values: { context: number; minimum: number; maximum: number; events: number; timeout: number },
): SystemCallResult {
  const found = contexts.get(task.process)?.get(values.context);
  if (found === undefined || values.minimum < 0 || values.minimum > values.maximum) return -Errno.EINVAL;
  const time = values.timeout === 0 ? undefined : readTimespec(task, values.timeout);
  if (typeof time === 'number') return time;
  const take = () => {
    const count = Math.min(found.events.length, values.maximum);
    const bytes = new Uint8Array(count * EVENT_BYTES);
    const view = new DataView(bytes.buffer);
    for (let index = 0; index < count; index++) {
      const { data, request, result } = found.events[index];
      view.setBigUint64(index * EVENT_BYTES, data, true);
      view.setBigUint64(index * EVENT_BYTES + 8, BigInt(request), true);
      view.setBigInt64(index * EVENT_BYTES + 16, BigInt(result), true);
    }
    if (count > 0 && !task.user.write(values.events, bytes)) return -Errno.EFAULT;
    found.events.splice(0, count);
    return count;
  };
  const attempt = () => (found.events.length >= values.minimum ? take() : undefined);
  const deadline = time && relativeDeadline(task, time);
  return attempt() ?? new Pending({ queues: [found.changes], attempt, deadline, expire: take });
}
