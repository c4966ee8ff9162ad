// An open file of Plan 9: a description of the kernel's that knows its place in the name space, and what others look like.
import { isType, FileType, OpenDescription, type OpenFile, type Thread } from '@elf/kernel';
import { plainFacts } from './devices/device.ts';
import type { Place } from './names/place.ts';
import { stateOf } from './process-state.ts';
import { type FileFacts, FileMode } from './stat-record.ts';

/** A description that open, create or pipe made. */
export class OpenChannel extends OpenDescription {
  readonly place: Place;
  /** OREAD, OWRITE or ORDWR. */
  readonly access: number;
  /** A directory that is being read: records of one member of its union, how many were given out, and the members behind it. */
  listing9: { records: readonly Uint8Array[]; next: number; later: readonly Place[] } | undefined;

  constructor(file: OpenFile, place: Place, access: number) {
    const mode = { readable: access !== 1, writable: access === 1 || access === 2, append: false, nonBlocking: false };
    super(file, mode, place.device.letter === 'Z' ? `/${place.path}` : undefined);
    this.place = place;
    this.access = access;
  }
}

/** The name of what a descriptor refers to, for fd2path and /proc/PID/fd. */
export function nameOf(description: OpenDescription): string {
  if (description instanceof OpenChannel) return description.place.name;
  if (description.path !== undefined) return description.path;
  // Inherited from another system: a pipe is a pipe, everything else the console.
  return description.file.anonymousName?.startsWith('pipe:') ? '#|/data' : '/dev/cons';
}

/** Facts of what a descriptor refers to, as it is now. */
export function factsOf(description: OpenDescription, viewer: Thread): FileFacts | number {
  if (description instanceof OpenChannel) {
    const { device, path, facts } = description.place;
    const now = device.stat(path, viewer);
    // A file that was removed is still what it was to those who have it open.
    return typeof now === 'number' ? facts : now;
  }
  const status = description.file.status();
  if (typeof status === 'number') return status;
  const name = nameOf(description);
  return plainFacts(name.startsWith('#|') ? '|' : 'c', {
    name: name.slice(name.lastIndexOf('/') + 1),
    id: BigInt(status.inode),
    mode: (isType(status, FileType.Directory) ? FileMode.Directory : 0) + (status.mode & 0o777),
    user: stateOf(viewer).user,
    length: BigInt(status.sizeInBytes),
  });
}

/** True for a pipe, which has no place to seek to. */
export function isStream(description: OpenDescription): boolean {
  return (
    nameOf(description).startsWith('#|') ||
    (description instanceof OpenChannel && description.place.device.letter === '|')
  );
}
