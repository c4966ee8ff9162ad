// File servers and authentication: what a 9P client would do is refused with words, unmount works.
import { flagSet, int, unsigned } from '@elf/kernel';
import { fileName, optionalName, pointer } from '../argument-kinds.ts';
import { defineCall } from '../define-call.ts';
import { Failure } from '../errors.ts';
import { walkTo } from '../names/walk.ts';
import { stateOf } from '../process-state.ts';
import { descriptionOf } from './files.ts';

const FLAGS = flagSet({ MBEFORE: 1, MAFTER: 2, MCREATE: 4, MCACHE: 0x10 }, 'MREPL');
const NO_CLIENT = 'There is no 9P client: file servers cannot be mounted.';

export const unmount = defineCall({
  name: 'unmount',
  number: 35,
  support: 'full',
  arguments: { name: optionalName, old: fileName },
  run: (task, { name, old }) => {
    const to = walkTo(task, old, true);
    if (typeof to === 'number') return to;
    const from = name === undefined ? undefined : walkTo(task, name);
    if (typeof from === 'number') return from;
    return stateOf(task).nameSpace.unmount(from, to);
  },
});

export const mount = defineCall({
  name: 'mount',
  number: 46,
  support: 'refused',
  note: NO_CLIENT,
  arguments: { fd: int, afd: int, old: fileName, flag: FLAGS, spec: fileName },
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
  arguments: { fd: int, old: fileName, flag: FLAGS, spec: fileName },
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
