// #p: processes as directories (proc(3)), a row for each of their files.
import {
  anonymousStatus,
  Errno,
  FileType,
  fromBytes,
  type Kernel,
  type OpenFile,
  type Process,
  Readiness,
  type Thread,
  toBytes,
} from '@elf/kernel';
import { ERROR_BYTES, Failure } from '../errors.ts';
import { postNote } from '../notes/post-note.ts';
import { uregLayout } from '../notes/ureg.ts';
import { findState, stateOf } from '../process-state.ts';
import { type FileFacts, FileMode } from '../stat-record.ts';
import { formatWait } from '../wait-text.ts';
import { numberField } from './console.ts';
import { type Device, plainFacts, readFrom, simpleFile } from './device.ts';
import { controlProcess } from './process-control.ts';
import {
  argumentsText,
  descriptorsText,
  nameSpaceText,
  type Subject,
  segmentsText,
  statusText,
} from './process-texts.ts';

const NEWLINE = 10;

interface Row {
  readonly name: string;
  readonly mode: number;
  readonly content?: (subject: Subject, viewer: Thread) => string | Uint8Array | number;
  readonly write?: (subject: Subject, bytes: Uint8Array, position: number, viewer: Thread) => number;
  readonly open?: (subject: Subject, opener: Thread) => OpenFile;
  /** A read ends with its line: readers take each for one entry (readns1, readfd1). */
  readonly isLined?: true;
}

// biome-ignore format: one row per file
const ROWS: readonly Row[] = [
  { name: 'args',    mode: 0o660, content: argumentsText, write: setArguments },
  { name: 'ctl',     mode: 0o600, content: ({ process }) => numberField(process.id), write: ({ process }, bytes, _position, viewer) => controlProcess(viewer, process, fromBytes(bytes)) },
  { name: 'fd',      mode: 0o444, content: descriptorsText, isLined: true },
  { name: 'mem',     mode: 0o600, open: memoryFile },
  { name: 'note',    mode: 0o600, content: nextNote, write: ({ process }, bytes) => sendNote(process, bytes) },
  { name: 'noteid',  mode: 0o664, content: ({ state }) => numberField(state.noteGroup), write: setNoteGroup },
  { name: 'notepg',  mode: 0o200, write: sendToGroup },
  { name: 'ns',      mode: 0o444, content: nameSpaceText, isLined: true },
  { name: 'ppid',    mode: 0o444, content: ({ process }) => numberField(process.parent?.id ?? 0) },
  { name: 'regs',    mode: 0o600, content: savedRegisters },
  { name: 'segment', mode: 0o444, content: segmentsText },
  { name: 'status',  mode: 0o444, content: statusText },
  { name: 'text',    mode: 0o400, open: textFile },
  { name: 'wait',    mode: 0o400, open: waitFile },
];

function subjectOf(kernel: Kernel, number: string): Subject | undefined {
  const process = /^[1-9][0-9]*$/.test(number) ? kernel.processes.get(Number(number)) : undefined;
  const state = process && findState(process);
  if (process === undefined || state === undefined || process.exitStatus !== undefined) return undefined;
  return { process, state };
}

function setArguments({ state }: Subject, bytes: Uint8Array, position: number): number {
  if (position !== 0 || bytes.length >= ERROR_BYTES) return -Failure.TooLarge;
  state.arguments = fromBytes(bytes);
  return bytes.length;
}

/** Taking the next note away is a debugger's way to make it harmless. */
function nextNote({ state }: Subject): string {
  const note = state.notes.pending.shift();
  return note === undefined ? '' : `${note.text}\0`;
}

function sendNote(process: Process, bytes: Uint8Array): number {
  if (bytes.length >= ERROR_BYTES) return -Failure.TooLarge;
  return postNote(process, untilNul(bytes), 'user') ? bytes.length : -Failure.NotPosted;
}

/** All of the group but the sender. */
function sendToGroup({ state }: Subject, bytes: Uint8Array, _position: number, viewer: Thread): number {
  if (bytes.length >= ERROR_BYTES) return -Failure.TooLarge;
  for (const process of viewer.kernel.processes.values()) {
    if (process === viewer.process || findState(process)?.noteGroup !== state.noteGroup) continue;
    postNote(process, untilNul(bytes), 'user');
  }
  return bytes.length;
}

function untilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return fromBytes(end < 0 ? bytes : bytes.subarray(0, end));
}

function setNoteGroup({ process, state }: Subject, bytes: Uint8Array, _position: number, viewer: Thread): number {
  const group = Number.parseInt(fromBytes(bytes), 10);
  if (!(group > 0)) return -Failure.BadArgument;
  const others = [...viewer.kernel.processes.values()].map(findState);
  if (group !== process.id && !others.some((each) => each?.noteGroup === group)) return -Failure.Permission;
  state.noteGroup = group;
  return bytes.length;
}

/** The registers of a process that waits; the running one has none saved. */
function savedRegisters({ process, state }: Subject, viewer: Thread): Uint8Array | number {
  const [thread] = process.threads;
  if (thread === undefined || process === viewer.process) return -Failure.NoRegisters;
  let bytes = new Uint8Array(0);
  viewer.kernel.withThread(thread, (cpu) => {
    bytes = Uint8Array.from(uregLayout(state.wordBytes).encode(cpu, { vector: 0, errorCode: 0 }));
  });
  return bytes;
}

/** The memory of a process at its addresses, as far as it is mapped. */
function memoryFile({ process }: Subject): OpenFile {
  return simpleFile({
    status: () => anonymousStatus({ mode: FileType.Regular | 0o600 }),
    read: (target, position) => {
      if (process.exitStatus !== undefined) return -Failure.ProcessDied;
      const count = process.user.readInto(position, target);
      return count === 0 && target.length > 0 ? -Failure.BadArgument : count;
    },
    write: (bytes, position) => {
      if (process.exitStatus !== undefined) return -Failure.ProcessDied;
      if (!process.isStopped) return -Failure.BadControl;
      return process.user.write(position, bytes) ? bytes.length : -Failure.BadArgument;
    },
  });
}

/** The program's file. */
function textFile({ process }: Subject, opener: Thread): OpenFile {
  const mode = { readable: true, writable: false, append: false, nonBlocking: false };
  const from = { base: '/', root: '/' };
  const opened = opener.kernel.tree.open(from, process.program.executable, { read: true, write: false }, mode);
  const failure = typeof opened === 'number' ? opened : undefined;
  const file = typeof opened === 'number' ? undefined : opened.file;
  return simpleFile({
    status: () => file?.status() ?? anonymousStatus({ mode: FileType.Regular | 0o400 }),
    read: (target, position) => file?.read(target, position) ?? failure ?? 0,
    close: () => file?.close(),
  });
}

/** Reads wait records like await(2). */
function waitFile({ process, state }: Subject): OpenFile {
  return {
    isSeekable: false,
    changes: process.childChanges,
    status: () => anonymousStatus({ mode: FileType.Regular | 0o400 }),
    read: (target) => {
      const record = state.waitRecords.shift();
      if (record !== undefined) return readFrom(toBytes(formatWait(record)), target, 0);
      return state.livingChildren === 0 ? -Failure.NoChild : -Errno.EAGAIN;
    },
    write: () => -Failure.Permission,
    readiness: () => (state.waitRecords.length > 0 ? Readiness.Readable : 0),
    close: () => {},
  };
}

/** The device of letter 'p'. */
export function processDevice(kernel: Kernel): Device {
  const directory = (name: string, id: number, user: string) =>
    plainFacts('p', { name, id: BigInt(id), mode: FileMode.Directory + 0o555, user });
  const fileFacts = (row: Row, { process, state }: Subject): FileFacts =>
    plainFacts('p', {
      name: row.name,
      id: BigInt(process.id * 64 + 1 + ROWS.indexOf(row)),
      mode: row.mode,
      user: state.user,
    });
  const nameAndRow = (path: string) => {
    const slash = path.indexOf('/');
    const number = slash < 0 ? path : path.slice(0, slash);
    const row = slash < 0 ? undefined : ROWS.find(({ name }) => name === path.slice(slash + 1));
    return { subject: subjectOf(kernel, number), row, isFile: slash >= 0 };
  };
  return {
    letter: 'p',
    name: 'proc',
    identity: 'p',
    stat: (path, viewer) => {
      if (path === '') return directory('#p', 0, stateOf(viewer).user);
      const { subject, row, isFile } = nameAndRow(path);
      if (subject === undefined) return -Failure.NotFound;
      const { process, state } = subject;
      if (!isFile) return directory(String(process.id), process.id * 64, state.user);
      return row === undefined ? -Failure.NotFound : fileFacts(row, subject);
    },
    list: (path) => {
      if (path === '') {
        const subjects = [...kernel.processes.keys()].flatMap((id) => subjectOf(kernel, String(id)) ?? []);
        return subjects.map(({ process, state }) => directory(String(process.id), process.id * 64, state.user));
      }
      const { subject } = nameAndRow(path);
      return subject === undefined ? -Failure.ProcessDied : ROWS.map((row) => fileFacts(row, subject));
    },
    open: (path, mode, opener) => {
      const { subject, row } = nameAndRow(path);
      if (subject === undefined || row === undefined) return -Failure.NotFound;
      if ((mode.reads && (row.mode & 0o444) === 0) || (mode.writes && (row.mode & 0o222) === 0))
        return -Failure.Permission;
      return row.open?.(subject, opener) ?? rowFile(kernel, row, subject, opener);
    },
  };
}

function rowFile(kernel: Kernel, row: Row, subject: Subject, opener: Thread): OpenFile {
  const viewer = () => kernel.currentThread ?? opener;
  const isGone = () => subject.process.exitStatus !== undefined;
  return simpleFile({
    status: () => anonymousStatus({ mode: FileType.Regular | row.mode }),
    read: (target, position) => {
      if (isGone()) return -Failure.ProcessDied;
      const content = row.content?.(subject, viewer()) ?? '';
      if (typeof content === 'number') return content;
      const bytes = typeof content === 'string' ? toBytes(content) : content;
      // A note is one message, wherever the reader stands.
      const start = row.name === 'note' ? 0 : position;
      const lineEnd = row.isLined ? bytes.indexOf(NEWLINE, start) + 1 : 0;
      return readFrom(lineEnd > 0 ? bytes.subarray(0, lineEnd) : bytes, target, start);
    },
    write: (bytes, position) => {
      if (isGone()) return -Failure.ProcessDied;
      return row.write?.(subject, bytes, position, viewer()) ?? -Failure.Permission;
    },
  });
}
