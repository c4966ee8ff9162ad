// The usual content of /dev for trees that bring none: nodes of the devices we have, and the links programs expect beside them.
import { deviceNumber, FileType } from './file-status.ts';
import type { MemoryFileSystem } from './memory-file-system.ts';

/** Major and minor numbers (Documentation/admin-guide/devices.txt). */
const NODES = {
  null: [1, 3],
  zero: [1, 5],
  full: [1, 7],
  random: [1, 8],
  urandom: [1, 9],
  tty: [5, 0],
  ptmx: [5, 2],
} as const;
const LINKS = { fd: '/proc/self/fd', stdin: '/proc/self/fd/0', stdout: '/proc/self/fd/1', stderr: '/proc/self/fd/2' };

/**
 * Adds the nodes.
 * @param prefix where they go, relative to the file system's root, with a slash at the end unless it is empty.
 * @example
 * const devices = new MemoryFileSystem(clock);
 * addDeviceNodes(devices, '');
 * tree.mounts.mount('/dev', devices, 'devtmpfs');
 */
export function addDeviceNodes(files: MemoryFileSystem, prefix: string): void {
  for (const [name, [major, minor]] of Object.entries(NODES))
    files.makeNode(`${prefix}${name}`, FileType.Character | 0o666, deviceNumber(major, minor));
  for (const [name, target] of Object.entries(LINKS)) files.makeSymbolicLink(`${prefix}${name}`, target);
  files.makeDirectory(`${prefix}pts`, 0o755);
  files.makeDirectory(`${prefix}shm`, 0o777);
  files.setMode(`${prefix}shm`, 0o1777);
}
