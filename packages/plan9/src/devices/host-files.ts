// #Z: the machine's file tree as a Plan 9 file server, the way 9vx shows its host. Links are followed; Plan 9 has none.
import {
  Errno,
  type FileStatus,
  FileType,
  isType,
  type Kernel,
  type OpenFile,
  type Thread,
  type Viewpoint,
} from '@elf/kernel';
import { Failure } from '../errors.ts';
import { hasBadCharacter, lastElement } from '../names/place.ts';
import { stateOf } from '../process-state.ts';
import { type FactsChange, FileMode, type FileFacts } from '../stat-record.ts';
import type { Device, DeviceOpenMode } from './device.ts';

const NANOSECONDS = 1_000_000_000n;

/** The device over a kernel's tree. */
export function hostDevice(kernel: Kernel): Device {
  const { tree } = kernel;
  const at = (path: string) => `/${path}`;
  const open = (path: string, mode: DeviceOpenMode, viewer: Thread, createMode?: number): OpenFile | number => {
    const request = { read: mode.reads, write: mode.writes, truncate: mode.truncates, createMode };
    const descriptionMode = { readable: mode.reads, writable: mode.writes, append: false, nonBlocking: false };
    const opened = tree.open(fromRoot(viewer), at(path), request, descriptionMode);
    return typeof opened === 'number' ? opened : opened.file;
  };
  return {
    letter: 'Z',
    name: 'host',
    identity: 'Z',
    stat: (path, viewer) => {
      const status = statusOf(viewer, at(path));
      return typeof status === 'number' ? status : factsOf(status, lastElement(at(path)), viewer);
    },
    list: (path, viewer) => {
      const entries = listOf(viewer, at(path));
      if (typeof entries === 'number') return entries;
      return entries.flatMap((name) => {
        const status = statusOf(viewer, path === '' ? `/${name}` : `/${path}/${name}`);
        return typeof status === 'number' ? [] : [factsOf(status, name, viewer)];
      });
    },
    open,
    create: (path, mode, permissions, viewer) => {
      if ((permissions & FileMode.Directory) === 0)
        return open(path, { ...mode, truncates: true }, viewer, permissions & 0o777);
      return tree.create(fromRoot(viewer), at(path), true, (files, relative) =>
        files.makeDirectory(relative, permissions & 0o777),
      );
    },
    remove: (path, viewer) => {
      const from = fromRoot(viewer);
      const status = tree.status(from, at(path), false);
      if (typeof status === 'number') return status;
      const isDirectory = isType(status, FileType.Directory);
      return tree.change(
        from,
        at(path),
        false,
        (files, relative) => (isDirectory ? files.removeDirectory(relative) : files.removeFile(relative)),
        'removed',
      );
    },
    change: (path, change, viewer) => changeFile(viewer, at(path), change),
  };
}

/** The root of whoever looks, which chroot(2) of another system may have moved, with the rights that it has. */
function fromRoot({ process }: Thread): Viewpoint {
  return { ...process.viewpoint, base: process.place.root };
}

/** A link that leads nowhere is shown as itself. */
function statusOf(viewer: Thread, path: string): FileStatus | number {
  const { tree } = viewer.kernel;
  const from = fromRoot(viewer);
  const status = tree.status(from, path, true);
  return status === -Errno.ENOENT || status === -Errno.ELOOP ? tree.status(from, path, false) : status;
}

function listOf(viewer: Thread, path: string): string[] | number {
  const { tree } = viewer.kernel;
  const place = tree.resolve(fromRoot(viewer), path, true);
  if (typeof place === 'number') return place;
  const entries = tree.mounts.entries(place.path);
  return typeof entries === 'number' ? entries : entries.map(({ name }) => name).sort();
}

function factsOf(status: FileStatus, name: string, viewer: Thread): FileFacts {
  const { credentials } = viewer.process;
  const nameOf = (id: number, own: number) => (id === own ? stateOf(viewer).user : String(id));
  const user = nameOf(status.user, credentials.user);
  return {
    type: 'Z'.charCodeAt(0),
    device: status.device >>> 0,
    // A cache must see that a file changed: its time tells.
    version: Number(BigInt.asUintN(32, status.modifyTime / 1_000_000n)),
    id: BigInt(status.inode),
    mode: (isType(status, FileType.Directory) ? FileMode.Directory : 0) + (status.mode & 0o777),
    accessTime: Number(BigInt.asUintN(32, status.accessTime / NANOSECONDS)),
    modifyTime: Number(BigInt.asUintN(32, status.modifyTime / NANOSECONDS)),
    length: BigInt(status.sizeInBytes),
    name,
    user,
    group: nameOf(status.group, credentials.group),
    modifier: user,
  };
}

/** wstat: all of it or nothing as far as that can be told before. */
function changeFile(viewer: Thread, path: string, change: FactsChange): number {
  const { tree } = viewer.kernel;
  const from = fromRoot(viewer);
  const { name, mode, modifyTime, length, group } = change;
  const status = tree.status(from, path, true);
  if (typeof status === 'number') return status;
  if (group !== undefined) return -Failure.Permission;
  // Only owners change what a file says about itself (stat(5)).
  const { user } = viewer.process.fileIdentity;
  if ((mode ?? modifyTime) !== undefined && user !== 0 && user !== status.user) return -Failure.Permission;
  if (name !== undefined && (name.includes('/') || name === '.' || name === '..')) return -Failure.FileSyntax;
  if (name !== undefined && hasBadCharacter(name)) return -Failure.BadCharacter;
  if (length !== undefined && isType(status, FileType.Directory) && length !== 0n) return -Failure.IsDirectory;
  if (length !== undefined && !isType(status, FileType.Directory)) {
    const result = tree.truncate(from, path, Number(length));
    if (result < 0) return result;
  }
  if (mode !== undefined) {
    const result = tree.change(from, path, true, (files, relative) => files.setMode(relative, mode & 0o777));
    if (result < 0) return result;
  }
  if (modifyTime !== undefined) {
    const time = BigInt(modifyTime) * NANOSECONDS;
    const result = tree.change(from, path, true, (files, relative) => files.setTimes(relative, undefined, time));
    if (result < 0) return result;
  }
  return name === undefined ? 0 : rename(tree, from, path, name);
}

function rename(tree: Kernel['tree'], viewpoint: Viewpoint, path: string, name: string): number {
  const target = `${path.slice(0, path.lastIndexOf('/') + 1)}${name}`;
  if (target === path) return 0;
  if (typeof tree.status(viewpoint, target, false) !== 'number') return -Failure.Exists;
  return tree.pair([viewpoint, path], [viewpoint, target], false, (files, from, to) => files.rename(from, to));
}
