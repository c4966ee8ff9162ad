// A place in the name space: a file of a device, and the name that led there (struct Chan before it is opened).
import type { Device } from '../devices/device.ts';
import type { FileFacts } from '../stat-record.ts';

/** One member of a union directory. */
export interface MountEntry {
  readonly place: Place;
  /** MCREATE: new files may go there. */
  readonly mayCreate: boolean;
  /** Flags for /proc/PID/ns. */
  readonly flags: number;
  readonly id: number;
}

/** Where a walk got to. */
export interface Place {
  readonly device: Device;
  /** Within the device, without leading slash. */
  readonly path: string;
  /** As fd2path tells it (byte string). */
  readonly name: string;
  readonly facts: FileFacts;
  /** Where ".." leads; undefined at a root. */
  readonly parent: Place | undefined;
  /** What is mounted here, in the order of lookup; undefined: nothing. */
  readonly union?: readonly MountEntry[];
}

/** The name of a file in a directory. */
export function joinName(directory: string, element: string): string {
  // Only a root's name ends with a slash. Looking for one would copy the name of every directory on the way.
  return directory === '/' ? `/${element}` : `${directory}/${element}`;
}

/** The path of a file in a directory of a device. */
export function joinPath(directory: string, element: string): string {
  return directory === '' ? element : `${directory}/${element}`;
}

/** Names have no control characters (validname0 of chan.c). */
export function hasBadCharacter(name: string): boolean {
  return /[\x00-\x1f\x7f]/.test(name);
}

/** The last element of a name. */
export function lastElement(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1) || name;
}
