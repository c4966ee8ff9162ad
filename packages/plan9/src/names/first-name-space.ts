// The name space a system starts with: the host's files and the devices where every program looks for them.
import type { Thread } from '@elf/kernel';
import { attachDevice, placeBelow, sharedDevices } from '../devices/attach.ts';
import { FileMode } from '../stat-record.ts';
import { plainFacts } from '../devices/device.ts';
import { BindFlag, NameSpace } from './name-space.ts';
import type { Place } from './place.ts';

/** What boot(8) binds, and init's namespace file: the device hides what the host has there. */
const BINDS = [
  ['#c', 'dev', BindFlag.Replace],
  ['#d', 'fd', BindFlag.Replace],
  ['#e', 'env', BindFlag.Replace | BindFlag.Create],
  ['#p', 'proc', BindFlag.Replace],
  ['#s', 'srv', BindFlag.Replace | BindFlag.Create],
] as const;

/** The root directory without mounts: #/. */
export function rootPlace(viewer: Thread): Place {
  const { root } = sharedDevices(viewer.kernel);
  const facts = plainFacts('/', { name: '/', id: 0n, mode: FileMode.Directory + 0o555, user: 'bootes' });
  return { device: root, path: '', name: '/', facts, parent: undefined };
}

/** A fresh name space. `isEmpty` is for RFCNAMEG: nothing is mounted, only "#" names lead anywhere. */
export function firstNameSpace(viewer: Thread, isEmpty = false): NameSpace {
  const space = new NameSpace();
  if (isEmpty) return space;
  const slash = rootPlace(viewer);
  const host = attachDevice(viewer, '#Z');
  if (typeof host !== 'number') space.bind(host, slash, BindFlag.Before | BindFlag.Create);
  for (const [device, directory, flags] of BINDS) {
    const from = attachDevice(viewer, device);
    const members = typeof host === 'number' ? [slash] : [host, slash];
    const name = `/${directory}`;
    const to = members.map((member) => placeBelow(viewer, member, directory, name)).find((each) => each !== undefined);
    if (typeof from !== 'number' && to !== undefined) space.bind(from, { ...to, parent: slash }, flags);
  }
  return space;
}
