// What names stand for: chdir, remove, bind, unmount.
import { fileName, mountFlags, optionalName } from '../argument-kinds.ts';
import { defineCall } from '../define-call.ts';
import { Failure } from '../errors.ts';
import { walkTo } from '../names/walk.ts';
import { stateOf } from '../process-state.ts';
import { failName } from '../settle-call.ts';
import { isDirectory } from '../stat-record.ts';

export const chdir = defineCall({
  name: 'chdir',
  number: 3,
  support: 'full',
  arguments: { name: fileName },
  run: (task, { name }) => {
    const place = walkTo(task, name);
    if (typeof place === 'number') return place;
    if (!isDirectory(place.facts)) return failName(task, Failure.NotDirectory, name);
    stateOf(task).dot = place;
    // Programs of other systems that it execs find themselves there too.
    if (place.device.letter === 'Z') task.process.place.workingDirectory = `/${place.path}`;
    return 0;
  },
});

export const remove = defineCall({
  name: 'remove',
  number: 25,
  support: 'full',
  arguments: { name: fileName },
  run: (task, { name }) => {
    const place = walkTo(task, name, true);
    if (typeof place === 'number') return place;
    if (stateOf(task).nameSpace.isMountPoint(place)) return failName(task, Failure.MountPoint, name);
    const { device, path } = place;
    const result = device.remove === undefined ? -Failure.Permission : device.remove(path, task);
    return result < 0 ? failName(task, -result, name) : 0;
  },
});

export const bind = defineCall({
  name: 'bind',
  number: 2,
  support: 'full',
  arguments: { name: fileName, old: fileName, flag: mountFlags },
  run: (task, { name, old, flag }) => {
    const from = walkTo(task, name);
    if (typeof from === 'number') return from;
    const to = walkTo(task, old, true);
    if (typeof to === 'number') return to;
    return stateOf(task).nameSpace.bind(from, to, flag);
  },
});

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
