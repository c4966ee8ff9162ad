// Input of a pipe, socket, terminal or device of the host: no byte is taken that the guest does not want, and nothing keeps Node from exiting.
import * as fs from 'node:fs';
import { Socket } from 'node:net';
import { isatty, ReadStream } from 'node:tty';
import { Errno } from '../../errno.ts';
import { FileType } from '../../files/file-status.ts';
import { Readiness } from '../../files/open-file.ts';
import { WaitQueue } from '../../wait-queue.ts';
import { errnoOf } from './node-errno.ts';

/**
 * Bytes that a wait takes out of a pipe: the fewest that tell that there is something. The rest stays where it is until it is asked for,
 * since what a program leaves belongs to the next one of a script.
 */
const PIPE_BYTES = 1;
/** Of a terminal a whole line, which is what its reads return; N_TTY_BUF_SIZE of the kernel. */
const TERMINAL_BYTES = 4096; // not a page size: a line
/** Bytes that a question for their number (FIONREAD) takes out of a pipe. */
const COUNTED_BYTES = 65536;
/** Between two looks at a device that tells nobody when it has something, in milliseconds. */
const DEVICE_PAUSE = 20;

/** The input side of an open file. */
export interface NodeInput {
  readonly changes: WaitQueue;
  read(target: Uint8Array): number;
  readiness(): number;
  available(): number;
  close(): void;
}

/**
 * Reads are made by the event loop once it knows that there is something, and not by Node's thread pool: a read that waits there for
 * ever is waited for when the process exits.
 * @param type type bits of the descriptor's mode.
 */
export function nodeInput(number: number, type: number): NodeInput {
  const changes = new WaitQueue();
  // What a wait took, in order.
  let ready: Uint8Array = new Uint8Array(0);
  let outcome: number | undefined;
  let source: InputSource | undefined;
  const arrived: Arrival = (bytes, end) => {
    if (bytes !== undefined) ready = joined(ready, bytes);
    if (end !== undefined) outcome = end;
    changes.wake();
  };
  const sourceOf = () => {
    source ??= openSource(number, type, arrived);
    return source;
  };
  const takeReady = (target: Uint8Array) => {
    const count = Math.min(ready.length, target.length);
    target.set(ready.subarray(0, count));
    ready = ready.subarray(count);
    return count;
  };
  const takeOutcome = () => {
    const result = outcome ?? 0;
    outcome = undefined;
    return result;
  };
  return {
    changes,
    read: (target) => {
      if (target.length === 0) return 0;
      const count = takeReady(target);
      // What was taken from a terminal is a line, and one read returns no more.
      if (count > 0 && (count === target.length || outcome !== undefined || isatty(number))) return count;
      if (count === 0 && outcome !== undefined) return takeOutcome();
      const more = sourceOf().read?.(target.subarray(count)) ?? -Errno.EAGAIN;
      if (more > 0) return count + more;
      if (count > 0) {
        if (more !== -Errno.EAGAIN) outcome = more;
        return count;
      }
      if (more === -Errno.EAGAIN) sourceOf().wait();
      return more;
    },
    readiness: () => {
      if (ready.length > 0 || outcome !== undefined) return Readiness.Readable;
      const first = new Uint8Array(PIPE_BYTES);
      const count = sourceOf().read?.(first) ?? -Errno.EAGAIN;
      if (count > 0) ready = first.subarray(0, count);
      else if (count !== -Errno.EAGAIN) outcome = count;
      else sourceOf().wait();
      return ready.length > 0 || outcome !== undefined ? Readiness.Readable : 0;
    },
    available: () => {
      const more = new Uint8Array(COUNTED_BYTES);
      const count = outcome === undefined ? (sourceOf().read?.(more) ?? 0) : 0;
      if (count > 0) ready = joined(ready, more.subarray(0, count));
      return ready.length;
    },
    close: () => {
      source?.close();
      source = undefined;
    },
  };
}

/** Hears of bytes, of the end (0) or of an error (negated). */
type Arrival = (bytes: Uint8Array | undefined, end?: number) => void;

/** Where input comes from. */
interface InputSource {
  /** What is there now: bytes, 0 at the end, -EAGAIN; absent where only waiting can tell. */
  readonly read?: (target: Uint8Array) => number;
  /** Arranges that something arrives once there is something. */
  wait(): void;
  close(): void;
}

function openSource(number: number, type: number, arrived: Arrival): InputSource {
  if (isatty(number)) return terminalSource(number, arrived);
  const own = openAgain(number);
  if (type === FileType.Character) return deviceSource(number, own, arrived);
  if (own === undefined) return streamSource(number, arrived);
  const stream = streamSource(own, arrived);
  return { read: (target) => readNow(own, target), wait: stream.wait, close: stream.close };
}

/**
 * An open file description of our own, which does not block: that flag of an inherited one would be changed for everybody who has it.
 * Linux hosts give one of pipes and devices.
 */
function openAgain(number: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return fs.openSync(`/proc/self/fd/${number}`, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

function readNow(number: number, target: Uint8Array): number {
  try {
    return fs.readSync(number, target, 0, target.length, null);
  } catch (error) {
    return errnoOf(error);
  }
}

/** A pipe or socket. Closing does not close the standard streams themselves (libuv keeps descriptors up to 2 open). */
function streamSource(number: number, arrived: Arrival): InputSource {
  // Documented for sockets, and not in the types of every release.
  const open = (onread: OnRead) =>
    new Socket({ fd: number, readable: true, writable: false, onread } as ConstructorParameters<typeof Socket>[0]);
  return eventSource(open, PIPE_BYTES, arrived);
}

/** libuv opens the terminal again, so that its flags stay what they are for others. */
function terminalSource(number: number, arrived: Arrival): InputSource {
  const open = (onread: OnRead) => new ReadStream(number, { onread } as ConstructorParameters<typeof ReadStream>[1]);
  return eventSource(open, TERMINAL_BYTES, arrived);
}

interface OnRead {
  readonly buffer: Uint8Array;
  callback(count: number, bytes: Uint8Array): boolean;
}

/** One read into a buffer of our own size, whenever it is waited for. */
function eventSource(open: (onread: OnRead) => Socket, mostBytes: number, arrived: Arrival): InputSource {
  let stream: Socket | undefined;
  const close = () => {
    const closing = stream;
    stream = undefined;
    closing?.destroy();
  };
  const end = (result: number) => {
    if (stream === undefined) return;
    close();
    arrived(undefined, result);
  };
  const onread: OnRead = {
    buffer: new Uint8Array(mostBytes),
    callback: (count, bytes) => {
      arrived(bytes.slice(0, count));
      // Node stops reading here until it is asked again.
      return false;
    },
  };
  return {
    wait: () => {
      if (stream === undefined) {
        stream = open(onread);
        stream.on('end', () => end(0));
        stream.on('error', (error) => end(errnoOf(error)));
        stream.unref();
      }
      stream.resume();
    },
    close,
  };
}

/** A device that is no terminal: /dev/null and the like never wait, others are looked at again and again. */
function deviceSource(number: number, own: number | undefined, arrived: Arrival): InputSource {
  let timer: NodeJS.Timeout | undefined;
  const close = () => {
    clearInterval(timer);
    timer = undefined;
    if (own !== undefined) fs.closeSync(own);
  };
  const look = () => {
    const bytes = new Uint8Array(PIPE_BYTES);
    const count = readNow(own ?? number, bytes);
    if (count === -Errno.EAGAIN) return;
    clearInterval(timer);
    timer = undefined;
    arrived(count > 0 ? bytes.subarray(0, count) : undefined, count > 0 ? undefined : count);
  };
  return {
    read: (target) => readNow(own ?? number, target),
    wait: () => {
      timer ??= setInterval(look, DEVICE_PAUSE).unref();
    },
    close,
  };
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length === 0) return right;
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}
