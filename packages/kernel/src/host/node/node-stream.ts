// The host's own standard streams as open files: byte-exact, writes synchronous, reads of pipes and terminals asynchronous.
import * as fs from 'node:fs';
import { isatty, ReadStream } from 'node:tty';
import { Errno } from '../../errno.ts';
import { type FileStatus, FileType } from '../../files/file-status.ts';
import { COOKED_MODES } from '../../files/line-discipline.ts';
import { type OpenFile, Readiness } from '../../files/open-file.ts';
import type { TerminalControl } from '../../files/terminal-file.ts';
import { attempt, errnoOf } from './node-errno.ts';
import { nodeInput } from './node-input.ts';
import { readAttributes, writeAttributes } from './node-terminal-attributes.ts';
import { statusOf } from './node-status.ts';

const STANDARD_INPUT = 0;
/** Nothing is read from output: programs that poll it (tail does) would take what somebody types there from its reader. */
const NO_INPUT = {
  changes: undefined,
  read: () => -Errno.EBADF,
  readiness: () => 0,
  available: undefined,
  close: () => {},
};
/**
 * A descriptor of the host process as an open file. Regular files keep the host's own position in step, so that programs before and after
 * us in a shell script continue where the guest stopped.
 */
export function nodeStream(number: number, terminals: HostTerminals = new Map()): OpenFile {
  const status = () => statusOf(fs.fstatSync(number, { bigint: true }));
  const type = status().mode & FileType.Mask;
  if (type === FileType.Regular || type === FileType.Block || type === FileType.Directory) return regularStream(number);
  const input = number === STANDARD_INPUT || isatty(number) ? nodeInput(number, type) : NO_INPUT;
  return {
    isSeekable: false,
    status: () => withoutSocket(status()),
    changes: input.changes,
    read: input.read,
    write: (bytes) => writeFully(number, bytes),
    readiness: () => Readiness.Writable | input.readiness(),
    available: input.available,
    close: input.close,
    terminal: isatty(number) ? sharedTerminal(number, terminals) : undefined,
    anonymousName: type === FileType.Fifo || type === FileType.Socket ? `pipe:[${status().inode}]` : undefined,
  };
}

function regularStream(number: number): OpenFile {
  // Our own position follows the host's; explicit positions are only used after the guest moved away from it.
  let hostPosition = positionOf(number);
  const at = (position: number) => (position === hostPosition ? null : position);
  return {
    isSeekable: true,
    status: () => statusOf(fs.fstatSync(number, { bigint: true })),
    read: (target, position) => {
      const where = at(position);
      try {
        const count = fs.readSync(number, target, 0, target.length, where);
        if (where === null) hostPosition += count;
        return count;
      } catch (error) {
        return errnoOf(error);
      }
    },
    write: (bytes, position) => {
      const where = at(position);
      const count = writeFully(number, bytes, where);
      if (where === null && count > 0) hostPosition += count;
      return count;
    },
    readiness: () => Readiness.Readable | Readiness.Writable,
    truncate: (length) => attempt(() => fs.ftruncateSync(number, length)),
    close: () => {},
    backing: () => ({
      identity: {},
      sizeInBytes: () => fs.fstatSync(number).size,
      readInto: (offset, target) => fs.readSync(number, target, 0, target.length, offset),
    }),
    startPosition: hostPosition,
  };
}

/** Where the host's descriptor stands; Linux tells, elsewhere a program is assumed to start at the beginning. */
function positionOf(number: number): number {
  try {
    return Number(/^pos:\s*(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${number}`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Writes everything, waiting while a non-blocking pipe is full. */
function writeFully(number: number, bytes: Uint8Array, position: number | null = null): number {
  let done = 0;
  while (done < bytes.length) {
    try {
      done += fs.writeSync(number, bytes, done, bytes.length - done, position === null ? null : position + done);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== -Errno.EAGAIN) return done > 0 ? done : errno;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
  return done;
}

/** A stream that is a socket of the host is a pipe to the guest: none of the socket calls reaches the host's. */
function withoutSocket(status: FileStatus): FileStatus {
  const { mode } = status;
  return (mode & FileType.Mask) === FileType.Socket
    ? { ...status, mode: (mode & ~FileType.Mask) | FileType.Fifo }
    : status;
}

/** Terminals of the host by device number. */
export type HostTerminals = Map<number, TerminalControl>;

function sharedTerminal(number: number, terminals: HostTerminals): TerminalControl {
  const device = fs.fstatSync(number).rdev;
  const known = terminals.get(device) ?? hostTerminal(number);
  terminals.set(device, known);
  return known;
}

/** The host's terminal does line editing and echo itself: a Linux host takes the attributes as they are, others know raw mode only. */
function hostTerminal(number: number): TerminalControl {
  let modes = COOKED_MODES;
  let input: ReadStream | undefined;
  let isExact = false;
  return {
    size: () => {
      const stream = [process.stdout, process.stderr].find((each) => each.isTTY && each.columns > 0);
      return { rows: stream?.rows ?? 24, columns: stream?.columns ?? 80 };
    },
    modes: () => modes,
    setModes: (wanted) => {
      if (!isExact && wanted.canonical !== modes.canonical) {
        input ??= new ReadStream(number);
        input.setRawMode(!wanted.canonical);
        input.pause();
      }
      modes = wanted;
    },
    get attributes() {
      return readAttributes(number);
    },
    set attributes(wanted: Uint8Array | undefined) {
      isExact = wanted !== undefined && writeAttributes(number, wanted);
    },
    foregroundGroup: 0,
    session: 0,
  };
}
