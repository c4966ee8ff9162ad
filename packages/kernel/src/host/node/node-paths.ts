// Names below a directory of the host in the form the host is asked with: so that no link, not even one made this moment, leads out.
import * as fs from 'node:fs';

/** O_PATH (include/uapi/asm-generic/fcntl.h), not among Node's constants. */
const O_PATH = 0o10000000;
/** Handles kept: one more open descriptor of the host each. A build's working set of directories is a few dozen. */
const MOST_HANDLES = 64;
/** Not /proc/self: programs that we start are given such paths, too. */
const OWN_DESCRIPTORS = /* @__PURE__ */ `/proc/${process.pid}/fd`;

/**
 * Paths for calls of node:fs. What is asked for are canonical paths relative to the root, '' for the root itself.
 * Every function throws what node:fs throws: ENOENT for a directory that is missing, ENOTDIR for a link or file in its place.
 */
export interface HostPaths {
  /** A path of which the host resolves only the last name; the call must not follow that. Good until the next call of these. */
  native(path: string): Buffer;
  /** A path of a directory itself, its last name resolved as well. */
  directory(path: string): Buffer;
  /** A path of an open directory: of the very one where the host can say that, of its name elsewhere. */
  held(number: number, path: string): Buffer;
  /** Two names at once. */
  pair<T>(from: string, to: string, use: (from: Buffer, to: Buffer) => T): T;
  /** True when the directory of a name was seen to exist: what is missing then is the name. */
  readonly knowsDirectories: boolean;
}

/** Paths as they are, for a directory without walls: "/" of a guest that may do what its user may. */
export function plainPaths(root: string): HostPaths {
  const base = Buffer.from(root.endsWith('/') ? root : `${root}/`);
  const native = (path: string) => Buffer.concat([base, Buffer.from(path, 'latin1')]);
  const pair: HostPaths['pair'] = (from, to, use) => use(native(from), native(to));
  return { native, directory: native, held: (_, path) => native(path), pair, knowsDirectories: false };
}

/**
 * Paths that stay below `root` whatever is renamed, removed or replaced by links meanwhile, by the guest, by another guest or by somebody
 * on the host. A canonical path may be stale: whoever holds a descriptor of /a/b can remove both and make /a a link to "/". So each
 * directory is opened from the one above it without following links, and names are given relative to that handle, which is openat(2)
 * through /proc/self/fd. Handles are kept while the host says that they are where they were.
 *
 * Hosts without /proc/self/fd get a check before each call instead; there, somebody on the host who swaps a directory for a link between
 * check and call still wins.
 */
export function guardedPaths(root: string): HostPaths {
  return hasHandles() ? handlePaths(root) : checkedPaths(root);
}

/** True where an open file can be named by its number, whatever became of its path. */
export function hasHandles(): boolean {
  handlesExist ??= process.platform === 'linux' && fs.existsSync(OWN_DESCRIPTORS);
  return handlesExist;
}

let handlesExist: boolean | undefined;

/** Runs `use` with a path of exactly the file (not a link's target) that `path` names now. Linux hosts only. */
export function withFile<T>(path: Buffer, use: (file: string, found: fs.Stats) => T): T {
  const number = fs.openSync(path, O_PATH | fs.constants.O_NOFOLLOW);
  try {
    return use(`${OWN_DESCRIPTORS}/${number}`, fs.fstatSync(number));
  } finally {
    fs.closeSync(number);
  }
}

interface Handle {
  readonly number: number;
  /** Where the host says that it is; undefined when it moved just while it was opened, or is called otherwise there (case folding). */
  readonly link: string | undefined;
}

/** Descriptors of directories that nobody reaches any more are closed with the object that kept them. */
const closer = /* @__PURE__ */ new FinalizationRegistry<Map<string, Handle>>((handles) => closeAll(handles));

function handlePaths(root: string): HostPaths {
  const handles = new Map<string, Handle>();
  const open = (path: string): number => {
    const known = handles.get(path);
    if (known !== undefined && (path === '' || linkOf(known.number) === known.link)) {
      // The map's order is the order of use.
      handles.delete(path);
      handles.set(path, known);
      return known.number;
    }
    if (known !== undefined) forget(handles, path);
    const handle = path === '' ? { number: openDirectory(root, 0), link: undefined } : openBelow(path);
    handles.set(path, handle);
    for (const oldest of handles.keys()) {
      if (handles.size <= MOST_HANDLES) break;
      if (oldest !== '') forget(handles, oldest);
    }
    return handle.number;
  };
  const openBelow = (path: string): Handle => {
    const [above, name] = splitPath(path);
    const parent = open(above);
    const number = openDirectory(within(parent, name), fs.constants.O_NOFOLLOW);
    const [outer, link] = [linkOf(parent), linkOf(number)];
    return { number, link: link === `${outer === '/' ? '' : outer}/${name}` ? link : undefined };
  };
  /** Handles are the first thing to go when the host has no descriptor left. */
  const handleOf = (path: string) => {
    try {
      return open(path);
    } catch (error) {
      if ((error as { code?: string }).code !== 'EMFILE') throw error;
      closeAll(handles);
      return open(path);
    }
  };
  const native = (path: string) => {
    if (path === '') return within(handleOf(''), '.');
    const [above, name] = splitPath(path);
    return within(handleOf(above), name);
  };
  const pair = <T>(from: string, to: string, use: (from: Buffer, to: Buffer) => T): T => {
    // The second handle may push the first one out: a copy stays.
    const [above, name] = splitPath(from);
    const number = openDirectory(`${OWN_DESCRIPTORS}/${handleOf(above)}`, 0);
    try {
      return use(within(number, name), native(to));
    } finally {
      fs.closeSync(number);
    }
  };
  // Without "/." behind it: a directory that may be read need not be searchable.
  const itself = (number: number) => Buffer.from(`${OWN_DESCRIPTORS}/${number}`);
  const paths = {
    native,
    directory: (path: string) => itself(handleOf(path)),
    held: itself,
    pair,
    knowsDirectories: true,
  };
  closer.register(paths, handles);
  return paths;
}

function checkedPaths(root: string): HostPaths {
  const plain = plainPaths(root);
  const resolved = (path: Buffer) => fs.realpathSync.native(path, { encoding: 'buffer' }).toString('latin1');
  const check = (path: string, name: Buffer) => {
    const wall = resolved(plain.native(''));
    const found = resolved(plain.native(path));
    const isInside = found === wall || found.startsWith(wall.endsWith('/') ? wall : `${wall}/`);
    if (!isInside) throw Object.assign(new Error('a link leads out'), { code: 'ENOTDIR' });
    return name;
  };
  const native = (path: string) => check(splitPath(path)[0], plain.native(path));
  return {
    native,
    directory: (path) => check(path, plain.native(path)),
    held: (_, path) => check(path, plain.native(path)),
    pair: (from, to, use) => use(native(from), native(to)),
    knowsDirectories: true,
  };
}

/** The directory and the name in it. */
function splitPath(path: string): readonly [above: string, name: string] {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  // The path walk leaves neither; an empty name is a directory's own.
  if (name === '..') throw Object.assign(new Error('".." in a canonical path'), { code: 'ENOENT' });
  return [path.slice(0, Math.max(0, slash)), name === '' ? '.' : name];
}

function within(number: number, name: string): Buffer {
  return Buffer.from(`${OWN_DESCRIPTORS}/${number}/${name}`, 'latin1');
}

function openDirectory(path: Buffer | string, flags: number): number {
  return fs.openSync(path, O_PATH | fs.constants.O_DIRECTORY | flags);
}

function linkOf(number: number): string {
  return fs.readlinkSync(`${OWN_DESCRIPTORS}/${number}`, 'latin1');
}

function forget(handles: Map<string, Handle>, path: string): void {
  const handle = handles.get(path);
  handles.delete(path);
  if (handle !== undefined) fs.closeSync(handle.number);
}

function closeAll(handles: Map<string, Handle>): void {
  for (const path of [...handles.keys()]) forget(handles, path);
}
