// mount(2) and umount2(2) among what a machine has: memory file systems and other views of its own tree.
import {
  address,
  type FileSystem,
  defineSystemCall,
  Errno,
  FileType,
  flagSet,
  isType,
  MemoryFileSystem,
  optionalPath,
  path,
  readOnlyFileSystem,
  type Thread,
  unsigned,
} from '@elf/kernel';

// biome-ignore format: a table
const MS = { MS_RDONLY: 1, MS_NOSUID: 2, MS_NODEV: 4, MS_NOEXEC: 8, MS_REMOUNT: 32, MS_BIND: 4096, MS_MOVE: 8192, MS_REC: 16384 } as const; // not a page size: flag bits
/** MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED: propagation, of which there is none. */
const PROPAGATION = 0x1e_0000;

export const mount = defineSystemCall({
  name: 'mount',
  numbers: { 'x86-64': 165, i386: 21 },
  support: 'partial',
  note: 'tmpfs and ramfs for user 0; MS_BIND, MS_MOVE, MS_REMOUNT and other types are refused (EPERM, ENODEV); flags but MS_RDONLY do not act.',
  arguments: { source: optionalPath, target: path, type: optionalPath, flags: flagSet(MS), data: address },
  run: (task, { target, type, flags }) => {
    if (task.process.credentials.effectiveUser !== 0) return -Errno.EPERM;
    const place = task.kernel.tree.resolve(task.process.viewpoint, target, true);
    if (typeof place === 'number') return place;
    if (place.status === undefined) return -Errno.ENOENT;
    if ((flags & PROPAGATION) !== 0) return 0;
    if ((flags & (MS.MS_BIND | MS.MS_MOVE | MS.MS_REMOUNT)) !== 0) return -Errno.EPERM;
    if (!isType(place.status, FileType.Directory)) return -Errno.ENOTDIR;
    if (type !== 'tmpfs' && type !== 'ramfs') return -Errno.ENODEV;
    task.kernel.tree.mounts.mount(place.path, freshTree(task, (flags & MS.MS_RDONLY) !== 0), type);
    return 0;
  },
});

const UMOUNT = { MNT_FORCE: 1, MNT_DETACH: 2, MNT_EXPIRE: 4, UMOUNT_NOFOLLOW: 8 } as const;

export const umount2 = defineSystemCall({
  name: 'umount2',
  numbers: { 'x86-64': 166, i386: 52 },
  support: 'partial',
  note: 'What was mounted with mount; open files of it do not keep it busy.',
  arguments: { target: path, flags: unsigned },
  run: (task, { target, flags }) => {
    if ((flags & ~15) !== 0) return -Errno.EINVAL;
    if (task.process.credentials.effectiveUser !== 0) return -Errno.EPERM;
    const { tree } = task.kernel;
    const place = tree.resolve(task.process.viewpoint, target, (flags & UMOUNT.UMOUNT_NOFOLLOW) === 0);
    if (typeof place === 'number') return place;
    if (place.status === undefined) return -Errno.ENOENT;
    if (!mountedHere.has(tree.mounts.locate(place.path)?.mount.fileSystem ?? tree)) return -Errno.EINVAL;
    return tree.mounts.unmount(place.path) ? 0 : -Errno.EINVAL;
  },
});

/** File systems of mount(2): those of the machine itself stay. */
const mountedHere = /* @__PURE__ */ new WeakSet<object>();

function freshTree(task: Thread, isReadOnly: boolean): FileSystem {
  const { effectiveUser, effectiveGroup } = task.process.credentials;
  const device = task.kernel.nextInode();
  const files = new MemoryFileSystem(task.host.clock, { user: effectiveUser, group: effectiveGroup, device });
  const made = isReadOnly ? readOnlyFileSystem(files) : files;
  mountedHere.add(made);
  return made;
}
