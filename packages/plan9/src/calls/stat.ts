// stat(2) and wstat(2), with the forms of old programs.
import { int, unsigned, type GuestBuffer, type Thread } from '@elf/kernel';
import { bufferIn, bufferOut, fileName, pointer, resultAt } from '../argument-kinds.ts';
import { defineCall } from '../define-call.ts';
import { Failure } from '../errors.ts';
import { lastElement, type Place } from '../names/place.ts';
import { walkTo } from '../names/walk.ts';
import { factsOf, nameOf, OpenChannel } from '../open-channel.ts';
import { stateOf } from '../process-state.ts';
import { failName } from '../settle-call.ts';
import { decodeChange, encodeFacts, encodeOldFacts, type FactsChange, type FileFacts } from '../stat-record.ts';
import { descriptionOf } from './files.ts';

/** Bytes of the size field, which alone is stored when the rest does not fit. */
const SIZE_BYTES = 2;
/** A record's size has 16 bits and does not count itself. */
const LONGEST_RECORD = SIZE_BYTES + 0xffff;

/** Stores a record: all of it, or only its size so that the caller knows what it takes. */
function store(buffer: GuestBuffer, facts: FileFacts): number {
  if (buffer.length < SIZE_BYTES) return -Failure.ShortStat;
  const record = encodeFacts(facts);
  const stored = record.length > buffer.length ? record.subarray(0, SIZE_BYTES) : record;
  return buffer.copyOut(stored) ? stored.length : -Failure.BadArgument;
}

function placeFacts(task: Thread, name: string): FileFacts | number {
  const place = walkTo(task, name);
  return typeof place === 'number' ? place : { ...place.facts, name: lastElement(place.name) };
}

function descriptorFacts(task: Thread, fd: number): FileFacts | number {
  const description = descriptionOf(task, fd);
  if (typeof description === 'number') return description;
  const facts = factsOf(description, task);
  return typeof facts === 'number' ? facts : { ...facts, name: lastElement(nameOf(description)) };
}

export const stat = defineCall({
  name: 'stat',
  number: 42,
  support: 'full',
  arguments: { name: fileName, buffer: bufferOut('count'), count: unsigned },
  run: (task, { name, buffer }) => {
    const facts = placeFacts(task, name);
    return typeof facts === 'number' ? facts : store(buffer, facts);
  },
});

export const fstat = defineCall({
  name: 'fstat',
  number: 43,
  support: 'full',
  arguments: { fd: int, buffer: bufferOut('count'), count: unsigned },
  run: (task, { fd, buffer }) => {
    const facts = descriptorFacts(task, fd);
    return typeof facts === 'number' ? facts : store(buffer, facts);
  },
});

/** Bytes of stat before the 4th edition. */
const OLD_BYTES = 116;

export const oldStat = defineCall({
  name: '_stat',
  number: 18,
  support: 'full',
  arguments: { name: fileName, buffer: resultAt(OLD_BYTES) },
  run: (task, { name, buffer }) => {
    const facts = placeFacts(task, name);
    if (typeof facts === 'number') return facts;
    return buffer.copyOut(encodeOldFacts(facts)) ? 0 : -Failure.BadArgument;
  },
});

export const oldFstat = defineCall({
  name: '_fstat',
  number: 11,
  support: 'full',
  arguments: { fd: int, buffer: resultAt(OLD_BYTES) },
  run: (task, { fd, buffer }) => {
    const facts = descriptorFacts(task, fd);
    if (typeof facts === 'number') return facts;
    return buffer.copyOut(encodeOldFacts(facts)) ? 0 : -Failure.BadArgument;
  },
});

function changePlace(task: Thread, place: Place, buffer: GuestBuffer): number {
  if (buffer.length > LONGEST_RECORD) return -Failure.BadStat;
  const bytes = buffer.copyIn();
  if (bytes === undefined) return -Failure.BadArgument;
  const change: FactsChange | undefined = decodeChange(bytes);
  if (change === undefined) return -Failure.BadStat;
  if (change.name !== undefined && stateOf(task).nameSpace.isMountPoint(place))
    return failName(task, Failure.MountPoint, place.name);
  const { device, path } = place;
  if (device.change === undefined) return -Failure.Permission;
  const result = device.change(path, change, task);
  return result < 0 ? result : bytes.length;
}

export const wstat = defineCall({
  name: 'wstat',
  number: 44,
  support: 'full',
  arguments: { name: fileName, buffer: bufferIn('count'), count: unsigned },
  run: (task, { name, buffer }) => {
    const place = walkTo(task, name);
    if (typeof place === 'number') return place;
    const result = changePlace(task, place, buffer);
    return result < 0 && stateOf(task).detail === undefined ? failName(task, -result, name) : result;
  },
});

export const fwstat = defineCall({
  name: 'fwstat',
  number: 45,
  support: 'full',
  arguments: { fd: int, buffer: bufferIn('count'), count: unsigned },
  run: (task, { fd, buffer }) => {
    const description = descriptionOf(task, fd);
    if (typeof description === 'number') return description;
    return description instanceof OpenChannel ? changePlace(task, description.place, buffer) : -Failure.Permission;
  },
});

const refuseOldWstat = () => -Failure.OldWstat;
const oldNote = 'Refused with "old wstat system call - recompile", as by every kernel since the 4th edition.';

export const oldWstat = defineCall({
  name: '_wstat',
  number: 26,
  support: 'refused',
  note: oldNote,
  arguments: { name: fileName, buffer: pointer },
  run: refuseOldWstat,
});

export const oldFwstat = defineCall({
  name: '_fwstat',
  number: 27,
  support: 'refused',
  note: oldNote,
  arguments: { fd: int, buffer: pointer },
  run: refuseOldWstat,
});
