// A directory of the host as a file system for guests, over node:fs with synchronous calls.
import * as fs from 'node:fs';
import { Errno } from '../../errno.ts';
import { FileType } from '../../files/file-status.ts';
import type { FileSystem } from '../../files/file-system.ts';
import type { DirectoryEntry } from '../../files/open-file.ts';
import { attempt, errnoOf } from './node-errno.ts';
import { makeHostNode } from './node-make-node.ts';
import { openNodeFile } from './node-open-file.ts';
import { seconds, statusOf } from './node-status.ts';

/** O_TMPFILE with its O_DIRECTORY (include/uapi/asm-generic/fcntl.h); not among Node's constants. */
const O_TMPFILE = 0o20200000;

/**
 * The files below `root`. The path walk has resolved links and ".." before a path arrives here, and every call refuses to follow a final
 * link, so a guest cannot leave the root. Names are bytes on both sides.
 * @example
 * const host = nodeDirectory('/');
 */
export function nodeDirectory(root: string): FileSystem {
  const base = Buffer.from(root.endsWith('/') ? root : `${root}/`);
  const native = (path: string) => Buffer.concat([base, Buffer.from(path, 'latin1')]);
  const run = (path: string, call: (path: Buffer) => void) => attempt(() => call(native(path)));
  return {
    isReadOnly: false,
    // The host judges the user who runs Node; other users exist only in the guest.
    enforces: (user) => user === process.geteuid?.(),
    status: (path) => {
      try {
        const stats = fs.lstatSync(native(path), { bigint: true, throwIfNoEntry: false });
        return stats === undefined ? missing(native(path)) : statusOf(stats);
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
      if (request.isUnnamed) flags = (flags & ~constants.O_CREAT) | O_TMPFILE;
      // A FIFO or device must not block the JavaScript thread at open.
      flags |= constants.O_NOFOLLOW | constants.O_NONBLOCK;
      try {
        const number = fs.openSync(native(path), flags, request.createMode);
        // The guest's umask was applied; ours must not take more away.
        if (request.isUnnamed) fs.fchmodSync(number, (request.createMode ?? 0) & 0o7777);
        else if (request.createMode !== undefined) restoreMode(number, request.createMode);
        return openNodeFile(number, request.write, () => entriesOf(native(path)));
      } catch (error) {
        return errnoOf(error);
      }
    },
    entries: (path) => entriesOf(native(path)),
    readLink: (path) => {
      try {
        return fs.readlinkSync(native(path), 'latin1');
      } catch (error) {
        return errnoOf(error);
      }
    },
    makeDirectory: (path, mode) =>
      run(path, (at) => {
        fs.mkdirSync(at, mode);
        fs.chmodSync(at, mode);
      }),
    makeSymbolicLink: (path, target) => run(path, (at) => fs.symlinkSync(Buffer.from(target, 'latin1'), at)),
    makeNode: (path, mode, device) => makeHostNode(native(path), mode, device),
    link: (from, to) => attempt(() => fs.linkSync(native(from), native(to))),
    rename: (from, to) => attempt(() => fs.renameSync(native(from), native(to))),
    removeFile: (path) => run(path, (at) => fs.unlinkSync(at)),
    removeDirectory: (path) => run(path, (at) => fs.rmdirSync(at)),
    setMode: (path, mode) => run(path, (at) => fs.chmodSync(at, mode)),
    setOwner: (path, user, group) => run(path, (at) => fs.lchownSync(at, user >>> 0, group >>> 0)),
    setTimes: (path, access, modify) =>
      run(path, (at) => {
        const now = fs.lstatSync(at, { bigint: true });
        fs.lutimesSync(at, seconds(access ?? now.atimeNs), seconds(modify ?? now.mtimeNs));
      }),
    space: () => {
      const facts = fs.statfsSync(root);
      return { total: facts.blocks * facts.bsize, free: facts.bavail * facts.bsize };
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

function entriesOf(path: Buffer): DirectoryEntry[] | number {
  try {
    // Not readdirSync: it sorts, and programs show the order of the file system.
    const directory = fs.opendirSync(path as unknown as string, { encoding: 'buffer' as BufferEncoding });
    const listed: DirectoryEntry[] = [];
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      const name = entry.name as unknown as Buffer;
      listed.push({ name: name.toString('latin1'), inode: inodeOf(path, name), type: typeOf(entry) });
    }
    directory.closeSync();
    return listed;
  } catch (error) {
    return errnoOf(error);
  }
}

/** readdir's inode numbers are not passed on by Node. */
function inodeOf(directory: Buffer, name: Buffer): number {
  try {
    return Number(fs.lstatSync(Buffer.concat([directory, Buffer.from('/'), name]), { bigint: true }).ino);
  } catch {
    return 0;
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
