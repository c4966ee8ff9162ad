// Moving bytes between open files and guest memory, waiting where the file says so.
import {
  Errno,
  type GuestBuffer,
  type OpenDescription,
  Pending,
  type SystemCallResult,
  type Thread,
  type TreeEventKind,
} from '@elf/kernel';
import { roomInFile } from './file-size-limit.ts';
import { sendToThread } from './signals/send-signal.ts';
import { Signal, SignalCode } from './signals/signal-table.ts';

/** Longest single transfer of a stream. */
const STREAM_CHUNK_BYTES = 1 << 20;

/** read(2) and pread64(2): `position` undefined uses and moves the description's own. */
export function readFile(description: OpenDescription, buffer: GuestBuffer, position?: number): SystemCallResult {
  const { file, mode } = description;
  if (!mode.readable) return -Errno.EBADF;
  if (file.isSeekable) {
    const start = position ?? description.position;
    const count = buffer.fill((chunk, done) => file.read(chunk, start + done), Errno.EFAULT);
    if (position === undefined && count > 0) description.position += count;
    return count;
  }
  const attempt = () => {
    const chunk = new Uint8Array(Math.min(buffer.length, STREAM_CHUNK_BYTES));
    let count = file.read(chunk, 0);
    if (count === -Errno.EAGAIN && !mode.nonBlocking) return undefined;
    // Who does not wait takes what there is, be it less than a terminal's VMIN.
    if (count === -Errno.EAGAIN) count = file.readLate?.(chunk) || count;
    if (count <= 0) return count;
    return buffer.copyOut(chunk.subarray(0, count)) ? count : -Errno.EFAULT;
  };
  const expire = () => {
    if (file.readLate === undefined) return -Errno.EAGAIN;
    const chunk = new Uint8Array(Math.min(buffer.length, STREAM_CHUNK_BYTES));
    const count = file.readLate(chunk);
    return count <= 0 || buffer.copyOut(chunk.subarray(0, count)) ? count : -Errno.EFAULT;
  };
  return attempt() ?? waiting(description, 'read', attempt, expire);
}

/** A transfer that waits for its file, as long as the file has patience. */
function waiting(
  { file }: OpenDescription,
  direction: 'read' | 'write',
  attempt: () => number | undefined,
  expire: () => number,
  interrupt?: () => number,
): Pending {
  const deadline = file.deadline?.(direction);
  return new Pending({
    queues: file.changes === undefined ? [] : [file.changes],
    attempt,
    interrupt,
    deadline,
    expire,
    restartable: deadline === undefined,
  });
}

/** Watchers of the file hear of it (inotify). */
export function announceWrite(task: Thread, description: OpenDescription): void {
  announce(task, description, 'modified');
}

/** Watchers of the file hear of what a descriptor did to it. */
export function announce(task: Thread, { file, path }: OpenDescription, kind: TreeEventKind): void {
  const { events } = task.kernel.tree;
  if (events.isWatched && path !== undefined) events.emit(kind, path, file.status());
}

/** Reads, and tells those who watch the file. */
export function readWatched(
  task: Thread,
  description: OpenDescription,
  buffer: GuestBuffer,
  position?: number,
): SystemCallResult {
  const result = readFile(description, buffer, position);
  if (typeof result === 'number' && result > 0) announce(task, description, 'accessed');
  return result;
}

/** write(2) and pwrite64(2). A blocking stream takes everything; -EPIPE also sends SIGPIPE. */
export function writeFile(
  task: Thread,
  description: OpenDescription,
  buffer: GuestBuffer,
  position?: number,
): SystemCallResult {
  const { file, mode } = description;
  if (!mode.writable) return -Errno.EBADF;
  if (file.isSeekable) {
    let start = position ?? description.position;
    // With O_APPEND even pwrite writes at the end (man 2 pwrite, BUGS).
    if (mode.append) {
      const status = file.status();
      if (typeof status === 'number') return status;
      start = position === undefined ? Math.max(start, status.sizeInBytes) : status.sizeInBytes;
    }
    const room = file.mappedAs === undefined ? Number.MAX_SAFE_INTEGER : roomInFile(task, start);
    if (room < 0) return buffer.length === 0 ? 0 : room;
    const count = buffer.drain(
      (chunk, done) => (done >= room ? 0 : file.write(chunk.subarray(0, room - done), start + done)),
      Errno.EFAULT,
    );
    if (position === undefined && count > 0) description.position = start + count;
    if (count > 0) announceWrite(task, description);
    return count;
  }
  let done = 0;
  const attempt = (): number | undefined => {
    do {
      const chunk = buffer.copyIn(done, Math.min(buffer.length - done, STREAM_CHUNK_BYTES));
      if (chunk === undefined) return done > 0 ? done : -Errno.EFAULT;
      const count = file.write(chunk, 0);
      if (count === -Errno.EAGAIN) {
        if (mode.nonBlocking) return done > 0 ? done : count;
        return undefined;
      }
      if (count === -Errno.EPIPE) brokenPipe(task);
      if (count < 0) return done > 0 ? done : count;
      done += count;
    } while (done < buffer.length);
    return done;
  };
  const interrupt = () => (done > 0 ? done : -Errno.EINTR);
  return attempt() ?? waiting(description, 'write', attempt, () => (done > 0 ? done : -Errno.EAGAIN), interrupt);
}

/** SIGPIPE for the caller: nobody will read what it writes. */
export function brokenPipe(task: Thread): void {
  sendToThread(task, {
    signal: Signal.PIPE,
    code: SignalCode.User,
    process: task.process.id,
    user: task.process.credentials.user,
  });
}
