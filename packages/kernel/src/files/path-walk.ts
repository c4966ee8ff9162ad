// The path walk: turns a path of the guest into a place in the tree, symbolic links and ".." included (man 7 path_resolution).
import { Errno } from '../errno.ts';
import { AccessRight, type FileIdentity } from './access-rights.ts';
import { anonymousStatus, type FileStatus, FileType, isType } from './file-status.ts';
import type { MountTable } from './mount-table.ts';
import type { OpenDescription } from './open-description.ts';

/** MAXSYMLINKS of the kernel (include/linux/namei.h). */
const MAXIMUM_LINKS = 40;
/** PATH_MAX includes the terminating NUL. */
const PATH_MAX = 4096;

const REMOVED_DIRECTORY = /* @__PURE__ */ anonymousStatus({ mode: FileType.Directory | 0o755, links: 0 });

/** A place in the tree: the canonical path, free of links, and what is there. */
export interface Place {
  /** Absolute byte string within the tree; '/' is the root. */
  readonly path: string;
  /** Undefined: nothing there yet, but its directory exists. */
  readonly status: FileStatus | undefined;
  /** The path ended in "/", "." or "..", so only a directory will do. */
  readonly mustBeDirectory: boolean;
  /** A link of /proc that leads to an open object. */
  readonly object?: OpenDescription;
}

/** Where a walk starts and what it does at the end. */
export interface WalkRequest {
  readonly path: string;
  /** Canonical directory for relative paths. */
  readonly base: string;
  /** Canonical path of the caller's root directory: ".." stops here and absolute links start here. */
  readonly root: string;
  /** False leaves a final symbolic link unfollowed. */
  readonly followLast: boolean;
  readonly restrictions?: WalkRestrictions;
  /** Who walks: every directory on the way must be searchable. Absent: nobody is asked. */
  readonly who?: FileIdentity;
}

/** What openat2(2) forbids a walk (RESOLVE_*). */
export interface WalkRestrictions {
  /** -EXDEV for what leads out of the starting directory: absolute paths, absolute links, ".." too far. */
  readonly isBeneath?: boolean;
  /** -ELOOP for every link. */
  readonly noLinks?: boolean;
  /** -ELOOP for the links of /proc that lead to open objects. */
  readonly noObjectLinks?: boolean;
  /** -EXDEV when another mount is entered. */
  readonly sameMount?: boolean;
}

/**
 * Walks a path. Every link is read here and its target walked again from the caller's root, so nothing outside the root can be named:
 * neither by ".." (which climbs the canonical path, never a textual one) nor by a link.
 * @returns the place, or a negated error number.
 */
export function walk(mounts: MountTable, request: WalkRequest): Place | number {
  if (request.path === '') return -Errno.ENOENT;
  if (request.path.length >= PATH_MAX) return -Errno.ENAMETOOLONG;
  const { isBeneath, noLinks, noObjectLinks, sameMount } = request.restrictions ?? {};
  if (isBeneath && request.path.startsWith('/')) return -Errno.EXDEV;
  const pending = split(request.path).reverse();
  let mustBeDirectory = endsAsDirectory(request.path);
  let current = request.path.startsWith('/') ? request.root : request.base;
  let status = mounts.status(current);
  // A working directory that was removed is still there for those who stand in it, and empty.
  if (status === -Errno.ENOENT && current === request.base) status = REMOVED_DIRECTORY;
  if (typeof status === 'number') return status;
  const mount = mounts.locate(current)?.mount;
  // User 0 searches everything.
  const who = request.who?.user === 0 ? undefined : request.who;
  for (let links = 0; pending.length > 0; ) {
    if (!isType(status, FileType.Directory)) return -Errno.ENOTDIR;
    if (who !== undefined && !mounts.allows(current, status, who, AccessRight.Execute)) return -Errno.EACCES;
    const name = pending.pop() as string;
    const isLast = pending.length === 0;
    if (name === '..') {
      if (isBeneath && current === request.base) return -Errno.EXDEV;
      current = parentWithin(current, request.root);
      const above = mounts.status(current);
      if (typeof above === 'number') return above;
      if (sameMount && mounts.locate(current)?.mount !== mount) return -Errno.EXDEV;
      status = above;
      continue;
    }
    if (name.length > 255) return -Errno.ENAMETOOLONG;
    const next = current === '/' ? `/${name}` : `${current}/${name}`;
    const found = mounts.status(next);
    if (typeof found === 'number') {
      if (found === -Errno.ENOENT && isLast) return { path: next, status: undefined, mustBeDirectory };
      return found;
    }
    if (sameMount && mounts.locate(next)?.mount !== mount) return -Errno.EXDEV;
    if (!isType(found, FileType.SymbolicLink) || (isLast && !request.followLast && !mustBeDirectory)) {
      current = next;
      status = found;
      continue;
    }
    if (noLinks || ++links > MAXIMUM_LINKS) return -Errno.ELOOP;
    if ((noObjectLinks || isBeneath) && mounts.isObjectLink(next)) return -Errno.ELOOP;
    const object = mounts.openLink(next);
    if (object !== undefined) {
      if (typeof object === 'number') return object;
      const shown = object.file.status();
      if (isLast)
        return {
          path: object.path ?? next,
          status: typeof shown === 'number' ? undefined : shown,
          mustBeDirectory,
          object,
        };
      if (object.path === undefined) return -Errno.ENOTDIR;
      const inside = mounts.status(object.path);
      if (typeof inside === 'number') return inside;
      current = object.path;
      status = inside;
      continue;
    }
    const target = mounts.readLink(next);
    if (typeof target === 'number') return target;
    if (target === '') return -Errno.ENOENT;
    if (isLast && endsAsDirectory(target)) mustBeDirectory = true;
    pending.push(...split(target).reverse());
    if (target.startsWith('/')) {
      if (isBeneath) return -Errno.EXDEV;
      current = request.root;
      const restart = mounts.status(current);
      if (typeof restart === 'number') return restart;
      status = restart;
    }
  }
  if (mustBeDirectory && !isType(status, FileType.Directory)) return -Errno.ENOTDIR;
  return { path: current, status, mustBeDirectory };
}

/** The path of a place as its own root shows it: "/" for the root itself. */
export function pathWithin(root: string, path: string): string {
  if (root === '/') return path;
  if (path === root) return '/';
  return path.startsWith(`${root}/`) ? path.slice(root.length) : `(unreachable)${path}`;
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function endsAsDirectory(path: string): boolean {
  return /(^|\/)\.{0,2}$/.test(path);
}

function parentWithin(path: string, root: string): string {
  if (path === root || path === '/') return path;
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}
