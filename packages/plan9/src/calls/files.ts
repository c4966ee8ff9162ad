// Descriptors: open, create, close, dup, pipe, fd2path, seek, and what a call needs of a descriptor.
import {
  anonymousStatus,
  Errno,
  FileType,
  int,
  OpenDescription,
  type OpenFile,
  type Thread,
  toBytes,
  unsigned,
} from '@elf/kernel';
import { textOut, fileName, OpenMode, openMode, permissions, resultAt, vlong } from '../argument-kinds.ts';
import { defineCall } from '../define-call.ts';
import { attachDevice } from '../devices/attach.ts';
import { type DeviceOpenMode, simpleFile } from '../devices/device.ts';
import { Failure } from '../errors.ts';
import { joinName, joinPath, type Place } from '../names/place.ts';
import { walkTo, walkToParent } from '../names/walk.ts';
import { factsOf, isStream, nameOf, OpenChannel } from '../open-channel.ts';
import { stateOf } from '../process-state.ts';
import { failName } from '../settle-call.ts';
import { FileMode, isDirectory } from '../stat-record.ts';

const ACCESS = 3;

/** The mode bits open(2) knows; create(2) has OEXCL too. */
const OPEN_BITS = ACCESS | OpenMode.Truncate | OpenMode.CloseOnExec | OpenMode.RemoveOnClose;

export const open = defineCall({
  name: 'open',
  number: 14,
  support: 'full',
  arguments: { name: fileName, mode: openMode },
  run: (task, { name, mode }) => {
    if ((mode & ~OPEN_BITS) !== 0) return -Failure.BadArgument;
    const place = walkTo(task, name);
    if (typeof place === 'number') return place;
    const channel = openPlace(task, place, mode);
    return typeof channel === 'number' ? failName(task, -channel, name) : insert(task, channel, mode);
  },
});

export const create = defineCall({
  name: 'create',
  number: 22,
  support: 'full',
  arguments: { name: fileName, mode: openMode, permissions },
  run: (task, { name, mode, permissions }) => {
    if ((mode & ~(OPEN_BITS | OpenMode.Exclusive)) !== 0) return -Failure.BadArgument;
    const wantsDirectory = (permissions & FileMode.Directory) !== 0;
    if (wantsDirectory && (mode & (ACCESS | OpenMode.Truncate)) !== 0) return failName(task, Failure.IsDirectory, name);
    if (!wantsDirectory && name.endsWith('/')) return failName(task, Failure.CreateMode, name);
    const parent = walkToParent(task, name);
    if (typeof parent === 'number') return parent;
    const { directory, element } = parent;
    const existing = walkTo(task, name);
    if (typeof existing !== 'number') {
      // What is there already is emptied and keeps its permissions.
      if ((mode & OpenMode.Exclusive) !== 0) return failName(task, Failure.Exists, name);
      const channel = openPlace(task, existing, mode | OpenMode.Truncate);
      return typeof channel === 'number' ? failName(task, -channel, name) : insert(task, channel, mode);
    }
    stateOf(task).detail = undefined;
    const channel = createIn(task, directory, element, mode, permissions);
    return typeof channel === 'number' ? failName(task, -channel, name) : insert(task, channel, mode);
  },
});

/** Opens what a name led to. */
export function openPlace(task: Thread, place: Place, mode: number): OpenDescription | number {
  const access = mode & ACCESS;
  const { device, path, facts } = place;
  if (isDirectory(facts)) {
    if (access === OpenMode.Execute) return -Failure.ExecDirectory;
    if (access !== OpenMode.Read || (mode & (OpenMode.Truncate | OpenMode.RemoveOnClose)) === OpenMode.Truncate)
      return -Failure.IsDirectory;
    return finish(task, new OpenChannel(directoryFile(), place, access), mode);
  }
  if (access === OpenMode.Execute && (facts.mode & 0o111) === 0) return -Failure.Permission;
  const opened = device.open(path, deviceMode(mode), task);
  if (typeof opened === 'number') return opened;
  if (opened instanceof OpenDescription) return opened.retain();
  return finish(task, new OpenChannel(opened, place, access), mode);
}

function deviceMode(mode: number): DeviceOpenMode {
  const access = mode & ACCESS;
  return {
    reads: access !== OpenMode.Write,
    writes: access === OpenMode.Write || access === OpenMode.ReadWrite,
    truncates: (mode & OpenMode.Truncate) !== 0,
  };
}

/** ORCLOSE: the file goes with its last descriptor. */
function finish(task: Thread, channel: OpenChannel, mode: number): OpenChannel {
  const { device, path } = channel.place;
  if ((mode & OpenMode.RemoveOnClose) !== 0) channel.onClose(() => device.remove?.(path, task));
  return channel;
}

function directoryFile(): OpenFile {
  return simpleFile({
    status: () => anonymousStatus({ mode: FileType.Directory | 0o555 }),
    read: () => -Errno.EISDIR,
    write: () => -Errno.EISDIR,
  });
}

/** Makes a file in the first member of a union that takes new ones. */
function createIn(task: Thread, directory: Place, element: string, mode: number, wanted: number): OpenChannel | number {
  if (!isDirectory(directory.facts)) return -Failure.NotDirectory;
  const member = directory.union === undefined ? directory : directory.union.find(({ mayCreate }) => mayCreate)?.place;
  if (member === undefined) return -Failure.NoCreate;
  const { device } = member;
  if (device.create === undefined) return -Failure.Permission;
  const path = joinPath(member.path, element);
  // New files have no more rights than their directory (open(5)).
  const rights = member.facts.mode & ((wanted & FileMode.Directory) !== 0 ? 0o777 : 0o666);
  const allowed = (wanted & FileMode.Directory) !== 0 ? 0o777 : 0o666;
  const kept = ((wanted & ~allowed) | (wanted & rights)) >>> 0;
  const made = device.create(path, deviceMode(mode), kept, task);
  if (typeof made === 'number' && made < 0) return made;
  const facts = device.stat(path, task);
  if (typeof facts === 'number') return facts;
  const place = { device, path, facts, name: joinName(directory.name, element), parent: directory };
  const file = typeof made === 'number' ? directoryFile() : made;
  return finish(task, new OpenChannel(file, place, mode & ACCESS), mode);
}

function insert(task: Thread, description: OpenDescription, mode: number): number {
  return task.process.descriptors.insert(description, (mode & OpenMode.CloseOnExec) !== 0);
}

/** The open file of a descriptor, or a negated failure; `access` checks that it may be read or written. */
export function descriptionOf(task: Thread, fd: number, access?: 'read' | 'write'): OpenDescription | number {
  const description = task.process.descriptors.get(fd);
  if (description === undefined) return -Failure.BadDescriptor;
  if (access === 'read' && !description.mode.readable) return -Failure.BadUse;
  if (access === 'write' && !description.mode.writable) return -Failure.BadUse;
  return description;
}

export const close = defineCall({
  name: 'close',
  number: 4,
  support: 'full',
  arguments: { fd: int },
  run: (task, { fd }) => task.process.descriptors.close(fd),
});

export const dup = defineCall({
  name: 'dup',
  number: 5,
  support: 'full',
  arguments: { old: int, new: int },
  run: (task, { old, new: wanted }) => {
    const { descriptors } = task.process;
    const description = descriptionOf(task, old);
    if (typeof description === 'number') return description;
    if (wanted === -1) return descriptors.insert(description.retain());
    return descriptors.replace(wanted, description.retain()) < 0 ? -Failure.BadDescriptor : wanted;
  },
});

export const pipe = defineCall({
  name: 'pipe',
  number: 21,
  support: 'full',
  arguments: { fds: resultAt(8) },
  run: (task, { fds }) => {
    const root = attachDevice(task, '#|');
    if (typeof root === 'number') return root;
    const numbers: number[] = [];
    for (const element of ['data', 'data1']) {
      const facts = root.device.stat(element, task);
      if (typeof facts === 'number') return facts;
      const place = { device: root.device, path: element, facts, name: `#|/${element}`, parent: root };
      const channel = openPlace(task, place, OpenMode.ReadWrite);
      const number = typeof channel === 'number' ? channel : insert(task, channel, 0);
      if (number < 0) {
        for (const each of numbers) task.process.descriptors.close(each);
        return number;
      }
      numbers.push(number);
    }
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    numbers.forEach((number, index) => {
      view.setInt32(index * 4, number, true);
    });
    return fds.copyOut(bytes) ? 0 : -Failure.BadArgument;
  },
});

export const fd2path = defineCall({
  name: 'fd2path',
  number: 23,
  support: 'full',
  arguments: { fd: int, buffer: textOut('count'), count: unsigned },
  run: (task, { fd, buffer, count }) => {
    const description = descriptionOf(task, fd);
    if (typeof description === 'number') return description;
    if (count === 0) return 0;
    const name = toBytes(nameOf(description)).subarray(0, count - 1);
    const bytes = new Uint8Array(name.length + 1);
    bytes.set(name);
    return buffer.copyOut(bytes) ? 0 : -Failure.BadArgument;
  },
});

const SEEK = { set: 0, current: 1, end: 2 } as const;

/** Moves the offset of an open file; a bigint is the new one. */
function seekTo(task: Thread, fd: number, distance: bigint, from: number): bigint | number {
  const description = descriptionOf(task, fd);
  if (typeof description === 'number') return description;
  if (isStream(description)) return -Failure.IsStream;
  const facts = factsOf(description, task);
  if (typeof facts === 'number') return facts;
  if (from < 0 || from > SEEK.end) return -Failure.BadArgument;
  const base = [0n, BigInt(description.position), facts.length][from];
  const position = base + distance;
  if (isDirectory(facts) && (from !== SEEK.set || position !== 0n)) return -Failure.IsDirectory;
  if (position < 0n || position > BigInt(Number.MAX_SAFE_INTEGER)) return -Failure.NegativeOffset;
  description.position = Number(position);
  return position;
}

export const seek = defineCall({
  name: 'seek',
  number: 39,
  support: 'full',
  arguments: { result: resultAt(8), fd: int, offset: vlong, type: int },
  run: (task, { result, fd, offset, type }) => {
    const position = seekTo(task, fd, offset, type);
    if (typeof position === 'number') return position;
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, position, true);
    return result.copyOut(bytes) ? 0 : -Failure.BadArgument;
  },
});

export const oseek = defineCall({
  name: 'oseek',
  number: 16,
  support: 'full',
  arguments: { fd: int, offset: int, type: int },
  run: (task, { fd, offset, type }) => seekTo(task, fd, BigInt(offset), type),
});
