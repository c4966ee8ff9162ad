// A directory of the host as a file system for guests, over node:fs with synchronous calls.
import * as fs from 'node:fs';
import { Errno } from '../../errno.ts';
import { FileType, isType } from '../../files/file-status.ts';
import type { FileSystem } from '../../files/file-system.ts';
import type { DirectoryEntry } from '../../files/open-file.ts';
import { attempt, errnoOf } from './node-errno.ts';
import { makeHostNode } from './node-make-node.ts';
import { nameOpenFile } from './node-name-file.ts';
import { openNodeFile } from './node-open-file.ts';
import { changeMode, openChecked } from './node-held-file.ts';
import { guardedPaths, plainPaths } from './node-paths.ts';
import { seconds, statusOf } from './node-status.ts';

/** O_TMPFILE without its O_DIRECTORY (include/uapi/asm-generic/fcntl.h); not among Node's constants. */
const O_TMPFILE = 0o20000000;
/** Set-user-ID and set-group-ID. */
const SET_ID_BITS = 0o6000;

/** How far a guest is trusted with a directory. */
export interface NodeDirectoryOptions {
  /**
   * True keeps every call below the root, whatever is replaced by links meanwhile (see {@link guardedPaths}). By default for every root
   * but "/", out of which nothing leads.
   */
  readonly isGuarded?: boolean;
  /**
   * True for a sandbox: guarded, and besides nothing of the host is reached through a file. Device nodes are not opened (-EACCES) and not
   * made (-EPERM), and files get no set-user-ID and set-group-ID bits (-EPERM), which would have the host's users run what a guest wrote.
   */
  readonly isSandboxed?: boolean;
}

/**
 * The files below `root`. The path walk has resolved links and ".." before a path arrives here, and every call refuses to follow a
 * link, so a guest cannot leave the root. Names are bytes on both sides.
 * @example
 * const host = nodeDirectory('/');
 */
export function nodeDirectory(root: string, options: NodeDirectoryOptions = {}): FileSystem {
  const { isSandboxed = false, isGuarded = isSandboxed || root !== '/' } = options;
  const paths = isGuarded ? guardedPaths(root) : plainPaths(root);
  const run = (path: string, call: (path: Buffer) => void) => attempt(() => call(paths.native(path)));
  const open = isSandboxed ? openChecked : fs.openSync;
  const chmod = isGuarded ? changeMode : (path: Buffer, mode: number) => fs.chmodSync(path, mode);
  const refusesMode = (mode: number) => isSandboxed && (mode & SET_ID_BITS) !== 0;
  // Where the host refuses O_NOATIME (man 2 open): the guest's own identities were judged before.
  const belongsToUs = (path: string) => {
    const user = process.geteuid?.();
    return user === 0 || fs.lstatSync(paths.native(path), { throwIfNoEntry: false })?.uid === user;
  };
  return {
    isReadOnly: false,
    // The host judges the user who runs Node; other users exist only in the guest.
    enforces: (user) => user === process.geteuid?.(),
    status: (path) => {
      try {
        const native = paths.native(path);
        const stats = fs.lstatSync(native, { bigint: true, throwIfNoEntry: false });
        if (stats !== undefined) return statusOf(stats);
        return paths.knowsDirectories ? -Errno.ENOENT : missing(native);
      } catch (error) {
        return errnoOf(error);
      }
    },
    open: (path, request) => {
      const { constants } = fs;
      let flags = request.write ? (request.read ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY;
      if (request.createMode !== undefined) flags |= constants.O_CREAT;
      if (request.exclusive) flags |= constants.O_EXCL;
      if (request.truncate) flags |= constants.O_TRUNC;
      if (request.isUnnamed) flags = (flags & ~constants.O_CREAT) | O_TMPFILE | constants.O_DIRECTORY;
      if (request.isUnnamed && request.staysUnnamed) flags |= constants.O_EXCL;
      // A FIFO or device must not block the JavaScript thread at open.
      flags |= constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const mode =
        request.createMode === undefined ? undefined : request.createMode & (isSandboxed ? ~SET_ID_BITS : ~0);
      try {
        if (request.keepsAccessTime && belongsToUs(path)) flags |= constants.O_NOATIME;
        const number = request.isUnnamed
          ? fs.openSync(paths.directory(path), flags & ~constants.O_NOFOLLOW, mode)
          : open(paths.native(path), flags, mode);
        // The guest's umask was applied; ours must not take more away.
        if (request.isUnnamed) fs.fchmodSync(number, (mode ?? 0) & 0o7777);
        else if (mode !== undefined) restoreMode(number, mode);
        const file = openNodeFile(number, request.write, () => entriesOf(() => paths.held(number, path)));
        const nameAs =
          request.isUnnamed && !request.staysUnnamed
            ? (to: string) => nameOpenFile(number, paths.native(to))
            : undefined;
        if (!isSandboxed) return { ...file, nameAs };
        return {
          ...file,
          nameAs,
          setMode: (bits) => (refusesMode(bits) && !file.entries ? -Errno.EPERM : (file.setMode?.(bits) ?? 0)),
        };
      } catch (error) {
        return errnoOf(error);
      }
    },
    entries: (path) => entriesOf(() => paths.directory(path)),
    readLink: (path) => {
      try {
        return fs.readlinkSync(paths.native(path), 'latin1');
      } catch (error) {
        return errnoOf(error);
      }
    },
    makeDirectory: (path, mode) =>
      run(path, (at) => {
        fs.mkdirSync(at, mode);
        chmod(at, mode);
      }),
    makeSymbolicLink: (path, target) => run(path, (at) => fs.symlinkSync(Buffer.from(target, 'latin1'), at)),
    makeNode: (path, mode, device) => {
      const isDevice = isType({ mode }, FileType.Character) || isType({ mode }, FileType.Block);
      if (isSandboxed && (isDevice || refusesMode(mode))) return -Errno.EPERM;
      try {
        return makeHostNode(paths.native(path), mode, device);
      } catch (error) {
        return errnoOf(error);
      }
    },
    link: (from, to) => attempt(() => paths.pair(from, to, fs.linkSync)),
    rename: (from, to) => attempt(() => paths.pair(from, to, fs.renameSync)),
    removeFile: (path) => run(path, (at) => fs.unlinkSync(at)),
    removeDirectory: (path) => run(path, (at) => fs.rmdirSync(at)),
    setMode: (path, mode) => run(path, (at) => chmod(at, mode, !refusesMode(mode))),
    setOwner: (path, user, group) => run(path, (at) => fs.lchownSync(at, user >>> 0, group >>> 0)),
    setTimes: (path, access, modify) =>
      run(path, (at) => {
        const now = fs.lstatSync(at, { bigint: true });
        fs.lutimesSync(at, seconds(access ?? now.atimeNs), seconds(modify ?? now.mtimeNs));
      }),
    space: () => {
      const facts = fs.statfsSync(root);
      const { files, ffree: freeFiles } = facts;
      return { total: facts.blocks * facts.bsize, free: facts.bavail * facts.bsize, files, freeFiles };
    },
  };
}

/** lstat without an entry says neither ENOENT nor ENOTDIR when it does not throw: ask again for the reason. */
function missing(path: Buffer): number {
  try {
    fs.lstatSync(path);
    return -Errno.ENOENT;
  } catch (error) {
    return errnoOf(error);
  }
}

function restoreMode(number: number, mode: number): void {
  const now = fs.fstatSync(number);
  const isFresh = now.size === 0 && (now.mode & 0o7777) !== (mode & 0o7777) && (now.mode & 0o7777 & ~mode) === 0;
  if (isFresh) attempt(() => fs.fchmodSync(number, mode & 0o7777));
}

function entriesOf(path: () => Buffer): DirectoryEntry[] | number {
  try {
    // Not readdirSync: it sorts, and programs show the order of the file system.
    const directory = fs.opendirSync(path() as unknown as string, {
      encoding: 'buffer' as BufferEncoding,
      bufferSize: 512,
    });
    const listed: DirectoryEntry[] = [];
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      const name = entry.name as unknown as Buffer;
      listed.push(new HostEntry(path, name.toString('latin1'), typeOf(entry)));
    }
    directory.closeSync();
    return listed;
  } catch (error) {
    return errnoOf(error);
  }
}

/** An entry whose inode number is looked up when it is asked for: Node does not pass readdir's on, and a directory may have a million. */
class HostEntry implements DirectoryEntry {
  readonly name: string;
  readonly type: number;
  readonly #directory: () => Buffer;

  constructor(directory: () => Buffer, name: string, type: number) {
    this.#directory = directory;
    this.name = name;
    this.type = type;
  }

  get inode(): number {
    try {
      const path = Buffer.concat([this.#directory(), Buffer.from(`/${this.name}`, 'latin1')]);
      return Number(fs.lstatSync(path, { bigint: true }).ino);
    } catch {
      return 0;
    }
  }
}

function typeOf(entry: fs.Dirent): number {
  if (entry.isFile()) return FileType.Regular;
  if (entry.isDirectory()) return FileType.Directory;
  if (entry.isSymbolicLink()) return FileType.SymbolicLink;
  if (entry.isFIFO()) return FileType.Fifo;
  if (entry.isSocket()) return FileType.Socket;
  if (entry.isCharacterDevice()) return FileType.Character;
  return entry.isBlockDevice() ? FileType.Block : 0;
}
