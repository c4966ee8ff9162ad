// A read-only view of a file system: every change is refused with EROFS.
import { Errno } from '../errno.ts';
import type { FileSystem } from './file-system.ts';
import type { OpenFile } from './open-file.ts';

/** Every operation of a file system that changes it, refused with one errno (positive). */
export function refuseChanges(errno: number) {
  const refuse = () => -errno;
  return {
    makeDirectory: refuse,
    makeSymbolicLink: refuse,
    makeNode: refuse,
    link: refuse,
    rename: refuse,
    removeFile: refuse,
    removeDirectory: refuse,
    setMode: refuse,
    setOwner: refuse,
    setTimes: refuse,
  };
}

/**
 * Wraps a file system so that nothing in it can be changed (a sandbox's host mount).
 * @example
 * tree.mount('/', readOnlyFileSystem(hostDirectory));
 */
export function readOnlyFileSystem(inner: FileSystem): FileSystem {
  return {
    isReadOnly: true,
    enforces: (user) => inner.enforces?.(user) ?? false,
    status: (path) => inner.status(path),
    open: (path, request) => {
      const writes = request.write || request.truncate === true;
      if (writes) return -Errno.EROFS;
      if (request.createMode === undefined) return withoutChanges(inner.open(path, request));
      // O_CREAT on an existing file is allowed; a file that would have to be made is not.
      const existing = inner.status(path);
      if (typeof existing === 'number') return existing === -Errno.ENOENT ? -Errno.EROFS : existing;
      if (request.exclusive) return -Errno.EEXIST;
      return withoutChanges(inner.open(path, { read: request.read, write: false }));
    },
    entries: (path) => inner.entries(path),
    readLink: (path) => inner.readLink(path),
    ...refuseChanges(Errno.EROFS),
    openLink: inner.openLink && ((path) => inner.openLink?.(path)),
    space: inner.space && (() => inner.space?.() ?? { total: 0, free: 0 }),
  };
}

/**
 * A descriptor that is open for reading takes fchmod, fchown and futimens all the same (man 2 fchmod), and its file may be opened for
 * writing once more through /proc/self/fd: the file itself has to refuse.
 */
function withoutChanges(file: OpenFile | number): OpenFile | number {
  if (typeof file === 'number') return file;
  const refuse = () => -Errno.EROFS;
  const backing = file.backing && (() => withoutStores(file.backing?.()));
  return {
    ...file,
    backing,
    write: refuse,
    truncate: file.truncate && refuse,
    setMode: refuse,
    setOwner: refuse,
    setTimes: refuse,
  };
}

function withoutStores(backing: ReturnType<NonNullable<OpenFile['backing']>>) {
  return backing && { ...backing, writeFrom: undefined };
}
