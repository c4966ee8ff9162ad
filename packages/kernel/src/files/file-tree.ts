// The file tree of a machine: mounts, path walk and devices behind the operations that system calls need.
import type { FileFrames } from '@elf/mm';
import { Errno } from '../errno.ts';
import { AccessRight, type FileIdentity, judgeRemoval, settleOwner } from './access-rights.ts';
import { coherentFile, forgetContent } from './coherent-file.ts';
import { FileLocks } from './file-locks.ts';
import type { FileStatus } from './file-status.ts';
import { FileType, isType } from './file-status.ts';
import type { FileSystem, OpenRequest } from './file-system.ts';
import { InodeFlags } from './inode-flags.ts';
import { MountTable } from './mount-table.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { NamedPipes } from './named-pipes.ts';
import { OpenDescription, type OpenMode } from './open-description.ts';
import type { OpenFile } from './open-file.ts';
import { type Place, type WalkRestrictions, walk } from './path-walk.ts';
import { type TreeEventKind, TreeEvents } from './tree-events.ts';

/** What making, removing and renaming an entry takes on its directory. */
const CHANGES_DIRECTORY = AccessRight.Write | AccessRight.Execute;

/** Opens a character device by its number; undefined: not one of ours, the file system opens it. */
export type DeviceOpener = (device: number) => OpenFile | undefined;

/** Where relative paths start and where the caller's world ends. Canonical byte strings. */
export interface Viewpoint {
  readonly base: string;
  readonly root: string;
  /** Who looks; absent: somebody who may do everything, and new files belong to whom the file system gives them. */
  readonly who?: FileIdentity;
}

/** How open(2) was asked, beyond reading and writing. */
export interface TreeOpenRequest extends OpenRequest {
  readonly noFollow?: boolean;
  readonly directory?: boolean;
  readonly pathOnly?: boolean;
  readonly restrictions?: WalkRestrictions;
  /** `createMode` before the umask. */
  readonly askedMode?: number;
}

/**
 * Files of a machine by path. All paths are byte strings; failures are negated error numbers.
 * @example
 * const tree = new FileTree();
 * tree.mounts.mount('/', new MemoryFileSystem(clock));
 * tree.status({ base: '/', root: '/' }, 'etc/passwd', true);
 */
export class FileTree {
  /** Mounts of whoever looks, where a personality has several tables; undefined: those of the machine. */
  mountsInUse: (() => MountTable | undefined) | undefined;
  readonly locks = new FileLocks();
  readonly events = new TreeEvents();
  readonly inodeFlags = new InodeFlags();
  /** Hears of every rename, so that paths in use stay true. */
  afterRename: ((from: string, to: string) => void) | undefined;
  /** Character devices that a personality brings, by number; they go before the kernel's own. */
  readonly devices = new Map<number, () => OpenFile | number>();
  /** The same for block devices; one that is not here is the file system's. */
  readonly blockDevices = new Map<number, () => OpenFile>();
  readonly pipes: NamedPipes;
  readonly #mounts = new MountTable();
  readonly #openDevice: DeviceOpener;
  readonly #frames: FileFrames | undefined;

  /**
   * With `frames`, what is read from files and written to them agrees with their mappings in that memory. FIFOs take what they hold
   * from `budget`.
   */
  constructor(openDevice: DeviceOpener = () => undefined, frames?: FileFrames, budget?: MemoryBudget) {
    this.#openDevice = openDevice;
    this.#frames = frames;
    this.pipes = new NamedPipes(budget);
  }

  get mounts(): MountTable {
    return this.mountsInUse?.() ?? this.#mounts;
  }

  /** Resolves a path; the place may be empty when only its last name is missing. */
  resolve(from: Viewpoint, path: string, followLast: boolean, restrictions?: WalkRestrictions): Place | number {
    return walk(this.mounts, { path, base: from.base, root: from.root, who: from.who, followLast, restrictions });
  }

  /** stat(2) or, without `followLast`, lstat(2). */
  status(from: Viewpoint, path: string, followLast: boolean): FileStatus | number {
    const place = this.resolve(from, path, followLast);
    if (typeof place === 'number') return place;
    place.object?.release();
    return place.status ?? -Errno.ENOENT;
  }

  /** Opens a path as open(2) does; the result has one reference. */
  open(from: Viewpoint, path: string, request: TreeOpenRequest, mode: OpenMode): OpenDescription | number {
    const creates = request.createMode !== undefined;
    const followLast = !(request.noFollow || (creates && request.exclusive));
    const place = this.resolve(from, path, followLast, request.restrictions);
    if (typeof place === 'number') return place;
    if (place.object !== undefined) return reopen(place.object, mode, request.truncate === true);
    const { status } = place;
    if (status === undefined && (!creates || place.mustBeDirectory)) return creates ? -Errno.EISDIR : -Errno.ENOENT;
    if (status !== undefined) {
      if (creates && request.exclusive) return -Errno.EEXIST;
      if (isType(status, FileType.SymbolicLink) && !request.pathOnly) return -Errno.ELOOP;
      if (request.directory && !isType(status, FileType.Directory)) return -Errno.ENOTDIR;
      if (request.isUnnamed && !isType(status, FileType.Directory)) return -Errno.ENOTDIR;
      if (isType(status, FileType.Directory) && (request.write || creates) && !request.isUnnamed) return -Errno.EISDIR;
      if (isType(status, FileType.Socket) && !request.pathOnly) return -Errno.ENXIO;
    }
    const parent = request.isUnnamed ? status : status === undefined ? this.#parentOf(place.path) : undefined;
    const refusal = request.pathOnly ? 0 : this.#judgeOpening(from.who, place, parent, request);
    if (refusal < 0) return refusal;
    if (request.pathOnly)
      return new OpenDescription(
        placeOnly(() => this.mounts.status(place.path)),
        mode,
        place.path,
      );
    if (status !== undefined && isType(status, FileType.Character)) {
      const device = this.devices.get(status.specialDevice)?.() ?? this.#openDevice(status.specialDevice);
      if (typeof device === 'number') return device;
      if (device !== undefined) return new OpenDescription(withStatus(device, status), mode, place.path);
    }
    if (status !== undefined && isType(status, FileType.Block)) {
      const device = this.blockDevices.get(status.specialDevice)?.();
      if (device !== undefined) return new OpenDescription(withStatus(device, status), mode, place.path);
    }
    if (status !== undefined && isType(status, FileType.Fifo)) {
      const end = this.pipes.open(status, () => this.mounts.status(place.path), mode);
      return typeof end === 'number' ? end : new OpenDescription(end, mode, place.path);
    }
    const at = this.mounts.locate(place.path);
    if (at === undefined) return -Errno.ENOENT;
    const file = at.mount.fileSystem.open(at.relative, request);
    if (typeof file === 'number') return file;
    const { who } = from;
    const made = parent === undefined || who === undefined ? 0 : file.status();
    if (typeof made === 'object' && parent !== undefined && who !== undefined) {
      const setOwner = (user: number, group: number) => file.setOwner?.(user, group);
      settleOwner({ setOwner, setMode: (bits) => file.setMode?.(bits) }, made, parent, who, request.askedMode);
    }
    if (this.#frames !== undefined && request.truncate) forgetContent(file, this.#frames);
    const coherent = this.#frames === undefined ? file : coherentFile(file, this.#frames);
    const description = new OpenDescription(coherent, mode, place.path);
    if (this.events.isWatched) this.#announceOpen(description, place.path, status === undefined, request);
    return description;
  }

  /** The directory a path lies in. */
  #parentOf(path: string): FileStatus | undefined {
    const status = this.mounts.status(parentPath(path));
    return typeof status === 'number' ? undefined : status;
  }

  /** Asks for the rights that opening takes: on the file, or on the directory that gets one (`parent`). */
  #judgeOpening(
    who: FileIdentity | undefined,
    { path, status }: Place,
    parent: FileStatus | undefined,
    request: TreeOpenRequest,
  ): number {
    const held =
      status === undefined || request.isUnnamed
        ? this.inodeFlags.judgeCreation(parent)
        : this.inodeFlags.judgeOpening(status, request);
    if (held < 0 || who === undefined) return held;
    if (parent !== undefined) {
      const directory = request.isUnnamed ? path : parentPath(path);
      return this.mounts.allows(directory, parent, who, CHANGES_DIRECTORY) ? 0 : -Errno.EACCES;
    }
    const writes = request.write || request.truncate;
    const wanted = (request.read ? AccessRight.Read : 0) | (writes ? AccessRight.Write : 0);
    return status === undefined || this.mounts.allows(path, status, who, wanted) ? 0 : -Errno.EACCES;
  }

  /** 0, or why somebody may not take an existing name away. */
  #judgeRemoval(who: FileIdentity | undefined, { path, status }: Place): number {
    const parent = path === '/' ? undefined : this.#parentOf(path);
    const held = status === undefined ? 0 : this.inodeFlags.judgeRemoval(parent, status);
    if (held < 0 || who === undefined || parent === undefined || status === undefined) return held;
    const refusal = judgeRemoval(parent, status, who);
    return refusal < 0 && this.mounts.locate(path)?.mount.fileSystem.enforces?.(who.user) ? 0 : refusal;
  }

  #announceOpen(description: OpenDescription, path: string, isNew: boolean, request: TreeOpenRequest): void {
    const status = description.file.status();
    if (isNew) this.events.emit('created', path, status);
    else if (request.truncate) this.events.emit('modified', path, status);
    this.events.emit('opened', path, status);
    const closed = description.mode.writable ? 'closed-written' : 'closed';
    description.onClose(() => this.events.emit(closed, path, description.file.status()));
  }

  /** truncate(2). */
  truncate(from: Viewpoint, path: string, length: number): number {
    const status = this.status(from, path, true);
    if (typeof status === 'number') return status;
    if (isType(status, FileType.Directory)) return -Errno.EISDIR;
    if (!isType(status, FileType.Regular)) return -Errno.EINVAL;
    const mode = { readable: false, writable: true, append: false, nonBlocking: false };
    const opened = this.open(from, path, { read: false, write: true }, mode);
    if (typeof opened === 'number') return opened;
    const result = opened.file.truncate?.(length) ?? -Errno.EINVAL;
    opened.release();
    return result;
  }

  /** RENAME_EXCHANGE: both names stay, each with what the other had. One JavaScript thread, so no guest sees the steps. */
  exchange(files: FileSystem, left: string, right: string): number {
    const spare = `${left}.exchange`;
    const status = files.status(spare);
    if (typeof status !== 'number') return -Errno.EBUSY;
    if (`${right}/`.startsWith(`${left}/`) || `${left}/`.startsWith(`${right}/`))
      return left === right ? 0 : -Errno.EINVAL;
    for (const [from, to] of [
      [left, spare],
      [right, left],
      [spare, right],
    ]) {
      const result = files.rename(from, to);
      if (result < 0) return result;
    }
    return 0;
  }

  /** Applies an operation of the file system to an existing path. */
  change(
    from: Viewpoint,
    path: string,
    followLast: boolean,
    apply: (files: FileSystem, path: string, status: FileStatus) => number,
    kind: TreeEventKind = 'attributes',
  ): number {
    const place = this.resolve(from, path, followLast);
    if (typeof place === 'number') return place;
    if (place.status === undefined) return -Errno.ENOENT;
    const refusal =
      kind === 'removed' ? this.#judgeRemoval(from.who, place) : this.inodeFlags.judgeChange(place.status);
    if (refusal < 0) return refusal;
    const at = this.mounts.locate(place.path);
    // mnt_want_write comes before anybody's rights: a change of nothing is refused where nothing may change.
    const changes = at?.mount.fileSystem;
    const refused = changes?.isReadOnly ? changes.setTimes(at?.relative ?? '', undefined, undefined) : 0;
    if (refused < 0) return refused;
    const result = at === undefined ? -Errno.ENOENT : apply(at.mount.fileSystem, at.relative, place.status);
    if (result >= 0) this.events.emit(kind, place.path, place.status);
    return result;
  }

  /** Applies an operation that makes a new name. `-EEXIST` when there is something already. `askedMode`: the permissions before the umask. */
  create(
    from: Viewpoint,
    path: string,
    isDirectory: boolean,
    apply: (files: FileSystem, path: string) => number,
    askedMode?: number,
  ): number {
    const trimmed = isDirectory ? path.replace(/(?<=[^/])\/+$/, '') : path;
    const place = this.resolve(from, trimmed, false);
    if (typeof place === 'number') return place;
    if (place.status !== undefined) return -Errno.EEXIST;
    if (place.mustBeDirectory && !isDirectory) return -Errno.ENOENT;
    const { who } = from;
    const parent = who && this.#parentOf(place.path);
    if (who && parent && !this.mounts.allows(parentPath(place.path), parent, who, CHANGES_DIRECTORY))
      return -Errno.EACCES;
    const held = this.inodeFlags.isEmpty ? 0 : this.inodeFlags.judgeCreation(this.#parentOf(place.path));
    if (held < 0) return held;
    const at = this.mounts.locate(place.path);
    const result = at === undefined ? -Errno.ENOENT : apply(at.mount.fileSystem, at.relative);
    const made = result >= 0 && parent ? this.mounts.status(place.path) : 0;
    if (who && parent && at !== undefined && typeof made === 'object') {
      const { fileSystem: files } = at.mount;
      const setOwner = (user: number, group: number) => files.setOwner(at.relative, user, group);
      settleOwner({ setOwner, setMode: (bits) => files.setMode(at.relative, bits) }, made, parent, who, askedMode);
    }
    if (result >= 0 && this.events.isWatched) this.events.emit('created', place.path, this.mounts.status(place.path));
    return result;
  }

  /** rename(2), which takes the first name away, and link(2): two names that must lie in the same mount. */
  pair(
    from: readonly [Viewpoint, string],
    to: readonly [Viewpoint, string],
    followSource: boolean,
    apply: (files: FileSystem, from: string, to: string, target: Place) => number,
    takesAway = false,
  ): number {
    const source = this.resolve(from[0], from[1], followSource);
    if (typeof source === 'number') return source;
    if (source.status === undefined) return -Errno.ENOENT;
    const target = this.resolve(to[0], to[1], false);
    if (typeof target === 'number') return target;
    const left = this.mounts.locate(source.path);
    const right = this.mounts.locate(target.path);
    if (left === undefined || right === undefined) return -Errno.ENOENT;
    if (left.mount !== right.mount) return -Errno.EXDEV;
    if (left.relative === '' || right.relative === '') return -Errno.EBUSY;
    const refusal = this.#judgePair(to[0].who, source, target, takesAway);
    if (refusal < 0) return refusal;
    const result = apply(left.mount.fileSystem, left.relative, right.relative, target);
    if (result < 0) return result;
    const isRename = typeof this.mounts.status(source.path) === 'number';
    if (isRename) this.afterRename?.(source.path, target.path);
    if (this.events.isWatched) this.#announcePair(source, target, isRename);
    return result;
  }

  /** Gives a file that was opened without a name its first one (linkat(2) of an O_TMPFILE). */
  nameFile(file: OpenDescription, from: Viewpoint, path: string): number {
    const target = this.resolve(from, path, false);
    if (typeof target === 'number') return target;
    if (target.status !== undefined) return -Errno.EEXIST;
    const [left, right] = [this.mounts.locate(file.path ?? ''), this.mounts.locate(target.path)];
    if (left === undefined || left.mount !== right?.mount) return -Errno.EXDEV;
    const parent = this.#parentOf(target.path);
    const { who } = from;
    if (who && parent && !this.mounts.allows(parentPath(target.path), parent, who, CHANGES_DIRECTORY))
      return -Errno.EACCES;
    const result = file.file.nameAs?.(right.relative) ?? -Errno.ENOENT;
    if (result >= 0) file.path = target.path;
    return result;
  }

  /** The rights that a rename or a link takes (fs/namei.c, vfs_rename and may_create). */
  #judgePair(who: FileIdentity | undefined, source: Place, target: Place, takesAway: boolean): number {
    if (source.status === undefined) return 0;
    const held = takesAway ? 0 : this.inodeFlags.judgeChange(source.status);
    if (held < 0) return held;
    const [from, to] = [parentPath(source.path), parentPath(target.path)];
    const left = takesAway ? this.#judgeRemoval(who, source) : 0;
    if (left < 0) return left;
    if (target.status !== undefined) {
      const right = takesAway ? this.#judgeRemoval(who, target) : 0;
      if (right < 0) return right;
    }
    const parent = this.#parentOf(target.path);
    const refused = this.inodeFlags.judgeCreation(parent);
    if (refused < 0 || who === undefined) return refused;
    if (parent !== undefined && !this.mounts.allows(to, parent, who, CHANGES_DIRECTORY)) return -Errno.EACCES;
    // ".." of a directory that moves is written.
    const moves = takesAway && from !== to && isType(source.status, FileType.Directory);
    return !moves || this.mounts.allows(source.path, source.status, who, AccessRight.Write) ? 0 : -Errno.EACCES;
  }

  /** A rename took the old name away, a link left it. */
  #announcePair(source: Place, target: Place, isRename: boolean): void {
    if (!isRename) {
      this.events.emit('created', target.path, source.status);
      return;
    }
    const cookie = this.events.nextCookie();
    this.events.emit('moved-from', source.path, source.status, cookie);
    this.events.emit('moved-to', target.path, source.status, cookie);
  }
}

function parentPath(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** Opening /proc/self/fd/N: a new description of the same file, so that flags and position are its own. */
function reopen(object: OpenDescription, mode: OpenMode, truncates: boolean): OpenDescription | number {
  const status = truncates ? object.file.status() : undefined;
  const isCut = typeof status === 'object' && isType(status, FileType.Regular);
  const result = isCut ? (object.file.truncate?.(0) ?? 0) : 0;
  if (result < 0) {
    object.release();
    return result;
  }
  return new OpenDescription({ ...object.file, close: () => object.release() }, mode, object.path);
}

function withStatus(file: OpenFile, status: FileStatus): OpenFile {
  return { ...file, status: () => status };
}

/** What an O_PATH descriptor refers to: a place that can be looked at and nothing else. */
function placeOnly(status: () => FileStatus | number): OpenFile {
  return {
    isSeekable: false,
    status,
    read: () => -Errno.EBADF,
    write: () => -Errno.EBADF,
    readiness: () => 0,
    close: () => {},
  };
}
