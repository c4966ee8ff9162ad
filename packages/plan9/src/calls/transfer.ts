// Reading and writing: pread and pwrite, and read and write of old programs.
import {
  Errno,
  type GuestBuffer,
  int,
  type OpenDescription,
  Pending,
  type SystemCallResult,
  type Thread,
} from '@elf/kernel';
import { bufferIn, bufferOut, vlong } from '../argument-kinds.ts';
import { defineCall } from '../define-call.ts';
import { Failure } from '../errors.ts';
import type { Place } from '../names/place.ts';
import { postNote } from '../notes/post-note.ts';
import { factsOf, OpenChannel } from '../open-channel.ts';
import { encodeFacts, isDirectory } from '../stat-record.ts';
import { descriptionOf } from './files.ts';

/** Most bytes of one read, and of what a write takes out of memory at once: bounds what a program can make us allocate. */
const MOST_READ = 1 << 24;
const WRITTEN_AT_ONCE = 1 << 20;
/** Offset that stands for the one of the open file. */
const CURRENT = -1n;

export const pread = defineCall({
  name: 'pread',
  number: 50,
  support: 'full',
  arguments: { fd: int, buffer: bufferOut('count'), count: int, offset: vlong },
  run: (task, { fd, buffer, offset }) => read(task, fd, buffer, offset),
});

export const oldRead = defineCall({
  name: '_read',
  number: 15,
  support: 'full',
  arguments: { fd: int, buffer: bufferOut('count'), count: int },
  run: (task, { fd, buffer }) => read(task, fd, buffer, CURRENT),
});

export const pwrite = defineCall({
  name: 'pwrite',
  number: 51,
  support: 'full',
  arguments: { fd: int, buffer: bufferIn('count'), count: int, offset: vlong },
  run: (task, { fd, buffer, offset }) => write(task, fd, buffer, offset),
});

export const oldWrite = defineCall({
  name: '_write',
  number: 20,
  support: 'full',
  arguments: { fd: int, buffer: bufferIn('count'), count: int },
  run: (task, { fd, buffer }) => write(task, fd, buffer, CURRENT),
});

function read(task: Thread, fd: number, buffer: GuestBuffer, offset: bigint): SystemCallResult {
  const description = descriptionOf(task, fd, 'read');
  if (typeof description === 'number') return description;
  const usesOwn = offset === CURRENT;
  const position = usesOwn ? description.position : Number(offset);
  if (position < 0) return -Failure.NegativeOffset;
  const facts = description instanceof OpenChannel ? description.place.facts : factsOf(description, task);
  if (typeof facts !== 'number' && isDirectory(facts)) return readDirectory(task, description, buffer, position);
  const { file } = description;
  const chunk = new Uint8Array(Math.min(buffer.length, MOST_READ));
  const attempt = () => {
    const count = file.read(chunk, position);
    if (count === -Errno.EAGAIN) return undefined;
    if (count > 0 && !buffer.copyOut(chunk.subarray(0, count))) return -Failure.BadArgument;
    if (count > 0 && usesOwn && file.isSeekable) description.position += count;
    return count;
  };
  if (chunk.length === 0) return 0;
  return new Pending({ queues: file.changes === undefined ? [] : [file.changes], attempt });
}

function write(task: Thread, fd: number, buffer: GuestBuffer, offset: bigint): SystemCallResult {
  const description = descriptionOf(task, fd, 'write');
  if (typeof description === 'number') return description;
  const usesOwn = offset === CURRENT;
  if (!usesOwn && offset < 0n) return -Failure.NegativeOffset;
  const { file } = description;
  const start = usesOwn ? description.position : Number(offset);
  let done = 0;
  // A write of no bytes is a message too: a reader of a pipe finds an end.
  let isFirst = true;
  const attempt = () => {
    while (isFirst || done < buffer.length) {
      isFirst = false;
      const bytes = buffer.copyIn(done, Math.min(buffer.length - done, WRITTEN_AT_ONCE));
      if (bytes === undefined) return done > 0 ? done : -Failure.BadArgument;
      const count = file.write(bytes, start + done);
      if (count === -Errno.EAGAIN) {
        isFirst = done === 0;
        return undefined;
      }
      if (count === -Errno.EPIPE) postNote(task.process, 'sys: write on closed pipe', 'user');
      if (count < 0) return done > 0 ? done : count;
      done += count;
      if (count === 0) break;
    }
    if (usesOwn && file.isSeekable) description.position = start + done;
    return done;
  };
  return new Pending({
    queues: file.changes === undefined ? [] : [file.changes],
    attempt,
    interrupt: () => (done > 0 ? done : -Errno.EINTR),
  });
}

/** Whole records, in sequence: only the start and where the last read ended are valid offsets. */
function readDirectory(task: Thread, description: OpenDescription, buffer: GuestBuffer, position: number): number {
  if (!(description instanceof OpenChannel)) return -Failure.BadUse;
  if (position === 0) description.listing9 = undefined;
  else if (position !== description.position) return -Failure.DirectorySeek;
  const { place } = description;
  description.listing9 ??= { records: [], next: 0, later: place.union?.map((entry) => entry.place) ?? [place] };
  const { listing9 } = description;
  let done = 0;
  for (; ; listing9.next++) {
    while (listing9.next === listing9.records.length && listing9.later.length > 0) {
      const [member, ...later] = listing9.later;
      Object.assign(listing9, { records: directoryRecords(task, member), next: 0, later });
    }
    const record = listing9.records[listing9.next];
    if (record === undefined) break;
    if (done + record.length > buffer.length) {
      if (done === 0) return -Failure.TooSmall;
      break;
    }
    if (!buffer.copyOut(record, done)) return -Failure.BadArgument;
    done += record.length;
  }
  description.position = position + done;
  return done;
}

/** The entries of one directory. A member of a union that fails is left out. */
function directoryRecords(task: Thread, { device, path }: Place): Uint8Array[] {
  const entries = device.list(path, task);
  return typeof entries === 'number' ? [] : entries.map(encodeFacts);
}
