// File servers and authentication: what a 9P client would do is refused with words.
import { int, unsigned } from '@elf/kernel';
import { fileName, mountFlags, pointer } from '../argument-kinds.ts';
import { defineCall } from '../define-call.ts';
import { Failure } from '../errors.ts';
import { stateOf } from '../process-state.ts';
import { descriptionOf } from './files.ts';

const NO_CLIENT = 'There is no 9P client: file servers cannot be mounted.';

export const mount = defineCall({
  name: 'mount',
  number: 46,
  support: 'refused',
  note: NO_CLIENT,
  arguments: { fd: int, afd: int, old: fileName, flag: mountFlags, spec: fileName },
  run: (task, { fd }) => {
    if (!stateOf(task).mayMount) return -Failure.NoAttach;
    const description = descriptionOf(task, fd);
    return typeof description === 'number' ? description : -Failure.NoFileServers;
  },
});

export const oldMount = defineCall({
  name: '_mount',
  number: 13,
  support: 'refused',
  note: NO_CLIENT,
  arguments: { fd: int, old: fileName, flag: mountFlags, spec: fileName },
  run: (task, { fd }) => {
    if (!stateOf(task).mayMount) return -Failure.NoAttach;
    const description = descriptionOf(task, fd);
    return typeof description === 'number' ? description : -Failure.NoFileServers;
  },
});

export const fauth = defineCall({
  name: 'fauth',
  number: 10,
  support: 'refused',
  note: NO_CLIENT,
  arguments: { fd: int, name: fileName },
  run: (task, { fd }) => {
    const description = descriptionOf(task, fd);
    return typeof description === 'number' ? description : -Failure.NoFileServers;
  },
});

export const fversion = defineCall({
  name: 'fversion',
  number: 40,
  support: 'refused',
  note: NO_CLIENT,
  arguments: { fd: int, messageSize: int, version: pointer, count: unsigned },
  run: (task, { fd }) => {
    const description = descriptionOf(task, fd);
    return typeof description === 'number' ? description : -Failure.NoFileServers;
  },
});

export const oldSession = defineCall({
  name: '_fsession',
  number: 9,
  support: 'refused',
  note: 'Refused by every kernel since the 4th edition.',
  arguments: { fd: int, buffer: pointer, count: unsigned },
  run: () => -Failure.BadArgument,
});
