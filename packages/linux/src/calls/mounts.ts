// mount(2) and umount2(2) among what a machine has: memory file systems and other views of its own tree.
import {
  defineSystemCall,
  Errno,
  type FileSystem,
  FileType,
  flagSet,
  isType,
  type Kernel,
  MemoryBudget,
  MemoryFileSystem,
  type Mount,
  optionalPath,
  type Place,
  path,
  readOnlyFileSystem,
  subtree,
  type Thread,
  unsigned,
} from '@elf/kernel';

// biome-ignore format: a table
const MS = { MS_RDONLY: 1, MS_NOSUID: 2, MS_NODEV: 4, MS_NOEXEC: 8, MS_REMOUNT: 32, MS_BIND: 4096, MS_MOVE: 8192, MS_REC: 16384 } as const; // not a page size: flag bits
/** MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED: propagation, of which there is none. */
const PROPAGATION = 0x1e_0000;
const MEMORY_TYPES: readonly (string | undefined)[] = ['tmpfs', 'ramfs'];

export const mount = defineSystemCall({
  name: 'mount',
  numbers: { 'x86-64': 165, i386: 21 },
  support: 'partial',
  note: 'tmpfs, ramfs, MS_BIND (without the mounts below it), MS_MOVE and MS_REMOUNT for user 0; other types are ENODEV; of the other flags MS_RDONLY acts, of the options mode= and size=.',
  arguments: { source: optionalPath, target: path, type: optionalPath, flags: flagSet(MS), data: optionalPath },
  run: (task, { source, target, type, flags, data }) => {
    const place = task.kernel.tree.resolve(task.process.viewpoint, target, true);
    if (typeof place === 'number') return place;
    if (place.status === undefined) return -Errno.ENOENT;
    if (task.process.credentials.effectiveUser !== 0) return -Errno.EPERM;
    // The order of fs/namespace.c, path_mount.
    if ((flags & MS.MS_REMOUNT) !== 0) return remount(task.kernel, place.path, (flags & MS.MS_RDONLY) !== 0);
    if ((flags & MS.MS_BIND) !== 0) return bind(task, source, place);
    if ((flags & PROPAGATION) !== 0) return 0;
    if ((flags & MS.MS_MOVE) !== 0) return move(task, source, place);
    if (type === undefined) return -Errno.EINVAL;
    if (!MEMORY_TYPES.includes(type)) return -Errno.ENODEV;
    if (!isType(place.status, FileType.Directory)) return -Errno.ENOTDIR;
    const files = freshTree(task, type, data ?? '');
    if (typeof files === 'number') return files;
    mountHere(task.kernel, place.path, files, type, (flags & MS.MS_RDONLY) !== 0, files);
    return 0;
  },
});

const UMOUNT = { MNT_FORCE: 1, MNT_DETACH: 2, MNT_EXPIRE: 4, UMOUNT_NOFOLLOW: 8 } as const;

export const umount2 = defineSystemCall({
  name: 'umount2',
  numbers: { 'x86-64': 166, i386: 52 },
  support: 'partial',
  note: 'What was mounted with mount; MNT_EXPIRE takes a second call, and MNT_DETACH goes at once.',
  arguments: { target: path, flags: unsigned },
  run: (task, { target, flags }) => {
    if ((flags & ~15) !== 0) return -Errno.EINVAL;
    if (task.process.credentials.effectiveUser !== 0) return -Errno.EPERM;
    const { kernel, process } = task;
    const place = kernel.tree.resolve(process.viewpoint, target, (flags & UMOUNT.UMOUNT_NOFOLLOW) === 0);
    if (typeof place === 'number') return place;
    if (place.status === undefined) return -Errno.ENOENT;
    const found = mountAt(kernel, place.path);
    if (found === undefined || !mountedHere.has(found.fileSystem)) return -Errno.EINVAL;
    const expires = (flags & UMOUNT.MNT_EXPIRE) !== 0;
    if (expires && (flags & (UMOUNT.MNT_FORCE | UMOUNT.MNT_DETACH)) !== 0) return -Errno.EINVAL;
    if ((flags & UMOUNT.MNT_DETACH) === 0 && isInUse(kernel, place.path)) return -Errno.EBUSY;
    if (expires && !expiring.has(found)) {
      expiring.add(found);
      return -Errno.EAGAIN;
    }
    return leave(kernel, found) ? 0 : -Errno.EINVAL;
  },
});

/** File systems of mount(2), each with the one behind it that can be written: those of the machine itself stay. */
const mountedHere = /* @__PURE__ */ new WeakMap<FileSystem, FileSystem>();
/** The tree in memory that a mount shows, or a part of it. */
const shownTrees = /* @__PURE__ */ new WeakMap<FileSystem, FileSystem>();
/** Mounts that MNT_EXPIRE has marked. */
const expiring = /* @__PURE__ */ new WeakSet<Mount>();

/** Takes a mount away; a tree in memory that no other one shows is gone with it. */
function leave({ tree: { mounts } }: Kernel, { path: at, fileSystem }: Mount): boolean {
  const tree = shownTrees.get(fileSystem);
  if (!mounts.unmount(at)) return false;
  if (tree !== undefined && !mounts.mounts.some((other) => shownTrees.get(other.fileSystem) === tree)) tree.discard?.();
  return true;
}

function mountHere(
  kernel: Kernel,
  at: string,
  files: FileSystem,
  type: string,
  isReadOnly: boolean,
  tree = shownTrees.get(files),
): void {
  // An object of its own for each mount, even of the same files.
  const shown = isReadOnly ? readOnlyFileSystem(files) : subtree(files, '');
  mountedHere.set(shown, files);
  if (tree !== undefined) shownTrees.set(shown, tree);
  kernel.tree.mounts.mount(at, shown, type);
}

function mountAt(kernel: Kernel, at: string): Mount | undefined {
  return kernel.tree.mounts.mounts.find((each) => each.path === at);
}

/** MS_REMOUNT: read-only or not, what is there stays. */
function remount(kernel: Kernel, at: string, isReadOnly: boolean): number {
  const found = mountAt(kernel, at);
  if (found === undefined) return -Errno.EINVAL;
  const files = mountedHere.get(found.fileSystem);
  // What the machine was started with stays as it is.
  if (files === undefined) return -Errno.EPERM;
  if (isReadOnly && isInUse(kernel, at, true)) return -Errno.EBUSY;
  kernel.tree.mounts.unmount(at);
  mountHere(kernel, at, files, found.type, isReadOnly, shownTrees.get(found.fileSystem));
  return 0;
}

function bind(task: Thread, source: string | undefined, target: Place): number {
  const from = sourceOf(task, source);
  if (typeof from === 'number') return from;
  const { mounts } = task.kernel.tree;
  const at = mounts.locate(from.path);
  if (at === undefined || from.status === undefined || target.status === undefined) return -Errno.ENOENT;
  if (isType(from.status, FileType.Directory) !== isType(target.status, FileType.Directory)) return -Errno.ENOTDIR;
  const { fileSystem, type } = at.mount;
  const part = subtree(fileSystem, at.relative);
  mountHere(task.kernel, target.path, part, type, false, shownTrees.get(fileSystem));
  return 0;
}

function move(task: Thread, source: string | undefined, target: Place): number {
  const from = sourceOf(task, source);
  if (typeof from === 'number') return from;
  const { kernel } = task;
  const found = mountAt(kernel, from.path);
  if (found === undefined || !mountedHere.has(found.fileSystem)) return -Errno.EINVAL;
  if (from.status === undefined || target.status === undefined) return -Errno.ENOENT;
  if (isType(from.status, FileType.Directory) !== isType(target.status, FileType.Directory)) return -Errno.EINVAL;
  if (isBelow(target.path, from.path)) return -Errno.ELOOP;
  kernel.tree.mounts.unmount(from.path);
  kernel.tree.mounts.mount(target.path, found.fileSystem, found.type);
  return 0;
}

function sourceOf(task: Thread, source: string | undefined): Place | number {
  if (source === undefined || source === '') return -Errno.EINVAL;
  const place = task.kernel.tree.resolve(task.process.viewpoint, source, true);
  if (typeof place === 'number') return place;
  return place.status === undefined ? -Errno.ENOENT : place;
}

/** Whether a process stands in a mount, has a file of it open (`forWriting`: only those) or another mount lies in it. */
function isInUse({ processes, tree }: Kernel, at: string, forWriting = false): boolean {
  if (!forWriting && tree.mounts.mounts.some(({ path: other }) => other !== at && isBelow(other, at))) return true;
  for (const { place, descriptors, exitStatus } of processes.values()) {
    if (exitStatus !== undefined) continue;
    if (!forWriting && (isBelow(place.workingDirectory, at) || isBelow(place.root, at))) return true;
    for (const number of descriptors.numbers()) {
      const description = descriptors.get(number);
      if (description?.path === undefined || !isBelow(description.path, at)) continue;
      if (!forWriting || description.mode.writable) return true;
    }
  }
  return false;
}

function isBelow(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer === '/' ? '/' : `${outer}/`);
}

/** A number of bytes as a mount option gives it (lib/cmdline.c, memparse). */
const SIZE_OPTION = /(?:^|,)size=([^,]*)/;
const SIZE = /^(0x[0-9a-f]+|\d+)([kmgt]?)$/i;
const UNITS = ['', 'k', 'm', 'g', 't'];

function freshTree(task: Thread, type: string, options: string): FileSystem | number {
  const { memoryBudget } = task.kernel;
  const asked = type === 'tmpfs' ? SIZE_OPTION.exec(options)?.[1] : undefined;
  const [, digits, unit] = SIZE.exec(asked ?? '') ?? [];
  if (asked !== undefined && digits === undefined && !/^\d+%$/.test(asked)) return -Errno.EINVAL;
  const bytes = Number(digits) * 1024 ** UNITS.indexOf(unit?.toLowerCase() ?? '');
  const limit = digits === undefined ? (memoryBudget.limitInBytes * Number.parseInt(asked ?? '100', 10)) / 100 : bytes;
  // No size, and size=0, is no limit of its own.
  const budget = limit > 0 ? new MemoryBudget(limit, memoryBudget) : memoryBudget;
  const { effectiveUser, effectiveGroup } = task.process.credentials;
  const device = task.kernel.nextInode();
  const files = new MemoryFileSystem(task.host.clock, {
    user: effectiveUser,
    group: effectiveGroup,
    device,
    budget,
  });
  // mm/shmem.c: everybody may write to a new tmpfs; a ramfs belongs to its maker.
  const mode = /(?:^|,)mode=([0-7]+)/.exec(options)?.[1];
  files.setMode('', mode === undefined ? (type === 'tmpfs' ? 0o1777 : 0o755) : Number.parseInt(mode, 8) & 0o7777);
  return files;
}
