// #d: the descriptors of a process as files (dup(3)). Opening /fd/0 gives the open file itself, not a new one.
import { anonymousStatus, FileType, type OpenDescription, type Thread, toBytes } from '@elf/kernel';
import { Failure } from '../errors.ts';
import { factsOf, nameOf } from '../open-channel.ts';
import { stateOf } from '../process-state.ts';
import { FileMode } from '../stat-record.ts';
import { type Device, plainFacts, readFrom, simpleFile } from './device.ts';

/** A line of /proc/PID/fd and /fd/Nctl: number, mode, device, file, bytes a message, position, name (procfdprint). */
export function descriptorLine(viewer: Thread, number: number, description: OpenDescription): string {
  const { readable, writable } = description.mode;
  const mode = `${readable ? 'r' : ''}${writable ? 'w' : ''}`.padEnd(2);
  const facts = factsOf(description, viewer);
  const known = typeof facts === 'number' ? undefined : facts;
  const letter = String.fromCharCode(known?.type ?? 0x7c);
  const file = `(${(known?.id ?? 0n).toString(16).padStart(16, '0')} ${known?.version ?? 0} ${((known?.mode ?? 0) >>> 24).toString(16).padStart(2, '0')})`;
  const device = String(known?.device ?? 0).padStart(4);
  return `${String(number).padStart(3)} ${mode}  ${letter} ${device} ${file} ${'0'.padStart(5)} ${String(description.position).padStart(8)} ${nameOf(description)}\n`;
}

function modeOf({ mode }: OpenDescription): number {
  return (mode.readable ? 0o444 : 0) | (mode.writable ? 0o222 : 0);
}

interface Entry {
  readonly number: number;
  readonly isControl: boolean;
  readonly description: OpenDescription;
}

function entryOf(path: string, { process }: Thread): Entry | undefined {
  const match = /^(0|[1-9][0-9]*)(ctl)?$/.exec(path);
  const description = match === null ? undefined : process.descriptors.get(Number(match[1]));
  if (match === null || description === undefined) return undefined;
  return { number: Number(match[1]), isControl: match[2] !== undefined, description };
}

function entryFacts({ number, isControl, description }: Entry, viewer: Thread) {
  return plainFacts('d', {
    name: `${number}${isControl ? 'ctl' : ''}`,
    id: BigInt(number * 2 + (isControl ? 2 : 1)),
    mode: isControl ? 0o400 : modeOf(description),
    user: stateOf(viewer).user,
  });
}

/** The device of letter 'd'. */
export const descriptorDevice: Device = {
  letter: 'd',
  name: 'dup',
  identity: 'd',
  stat: (path, viewer) => {
    if (path === '') {
      return plainFacts('d', { name: '#d', id: 0n, mode: FileMode.Directory + 0o555, user: stateOf(viewer).user });
    }
    const entry = entryOf(path, viewer);
    return entry === undefined ? -Failure.NotFound : entryFacts(entry, viewer);
  },
  list: (_path, viewer) =>
    viewer.process.descriptors.numbers().flatMap((number) => {
      const description = viewer.process.descriptors.get(number) as OpenDescription;
      return [false, true].map((isControl) => entryFacts({ number, isControl, description }, viewer));
    }),
  open: (path, mode, viewer) => {
    const entry = entryOf(path, viewer);
    if (entry === undefined) return -Failure.NotFound;
    const { number, isControl, description } = entry;
    if (isControl) {
      if (mode.writes) return -Failure.Permission;
      const line = toBytes(descriptorLine(viewer, number, description));
      return simpleFile({
        status: () => anonymousStatus({ mode: FileType.Regular | 0o400 }),
        read: (target, position) => readFrom(line, target, position),
      });
    }
    if (mode.truncates) return -Failure.Permission;
    // The mode must be that of the open file, or less of it (fdtochan).
    const { readable, writable } = description.mode;
    const isSame = (readable && writable) || (mode.reads === readable && mode.writes === writable);
    if (!isSame) return -Failure.BadUse;
    return description;
  },
};
