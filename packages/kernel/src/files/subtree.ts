// A view of a part of a file system: what a bind mount shows.
import type { FileSystem } from './file-system.ts';

/**
 * The file system below `top`, a path relative to the root of `inner` ('' is all of it); `top` may be a file. Always a new object.
 * @example
 * tree.mounts.mount('/mnt', subtree(files, 'usr/share'));
 */
export function subtree(inner: FileSystem, top: string): FileSystem {
  const at = (path: string) => (top === '' ? path : path === '' ? top : `${top}/${path}`);
  return {
    isReadOnly: inner.isReadOnly,
    enforces: inner.enforces && ((user) => inner.enforces?.(user) ?? false),
    status: (path) => inner.status(at(path)),
    open: (path, request) => inner.open(at(path), request),
    entries: (path) => inner.entries(at(path)),
    readLink: (path) => inner.readLink(at(path)),
    makeDirectory: (path, mode) => inner.makeDirectory(at(path), mode),
    makeSymbolicLink: (path, target) => inner.makeSymbolicLink(at(path), target),
    makeNode: (path, mode, device) => inner.makeNode(at(path), mode, device),
    link: (from, to) => inner.link(at(from), at(to)),
    rename: (from, to) => inner.rename(at(from), at(to)),
    removeFile: (path) => inner.removeFile(at(path)),
    removeDirectory: (path) => inner.removeDirectory(at(path)),
    setMode: (path, mode) => inner.setMode(at(path), mode),
    setOwner: (path, user, group) => inner.setOwner(at(path), user, group),
    setTimes: (path, access, modify) => inner.setTimes(at(path), access, modify),
    openLink: inner.openLink && ((path) => inner.openLink?.(at(path))),
    isObjectLink: inner.isObjectLink && ((path) => inner.isObjectLink?.(at(path)) ?? false),
    space: inner.space && (() => inner.space?.() ?? { total: 0, free: 0 }),
  };
}
