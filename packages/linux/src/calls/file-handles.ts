// name_to_handle_at(2), open_by_handle_at(2): files by a number that outlives the descriptor.
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  type FileStatus,
  FileType,
  flagSet,
  isType,
  type Kernel,
  path,
  type Thread,
} from '@elf/kernel';
import { AT, O, OPEN_FLAG_NAMES } from '../abi/flags/file-flags.ts';
import { hasCapability } from '../capabilities.ts';
import { describe, viewpointAt } from '../files-at.ts';
import { FIRST_MOUNT, mountId } from '../proc/system-status.ts';
import { openPath } from './open.ts';

/** MAX_HANDLE_SZ, and what a handle of ours takes behind its two words. */
const LONGEST_HANDLE = 128;
const HANDLE_BYTES = 8;
const HANDLE_AT = 8;
/** FILEID_INO32_GEN: an inode and its generation. */
const HANDLE_TYPE = 1;
/** AT_HANDLE_FID, a handle to compare; AT_HANDLE_CONNECTABLE, one that knows its directory. */
const HANDLE_FID = 0x200;
const HANDLE_CONNECTABLE = 2;
const NAMING_FLAGS = AT.SYMLINK_FOLLOW | AT.EMPTY_PATH | HANDLE_FID | HANDLE_CONNECTABLE;

const NAMES = {
  AT_HANDLE_FID: HANDLE_FID,
  AT_SYMLINK_FOLLOW: AT.SYMLINK_FOLLOW,
  AT_EMPTY_PATH: AT.EMPTY_PATH,
} as const;

/** A file that has a handle, where it was then. */
interface Named {
  readonly path: string;
  readonly key: string;
}

/** The handles a machine gave out: a handle is an index into them. The same file gets the same one. */
class Handles {
  readonly #files: Named[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(at: string, status: FileStatus): number {
    const key = keyOf(status);
    const known = this.#numbers.get(`${key} ${at}`);
    if (known !== undefined) return known;
    this.#numbers.set(`${key} ${at}`, this.#files.length);
    return this.#files.push({ path: at, key }) - 1;
  }

  find(number: number): Named | undefined {
    return this.#files[number];
  }

  get isFull(): boolean {
    return this.#files.length >= MOST_HANDLES;
  }
}

/** Numbers of inodes are given again, their births are not. */
function keyOf({ device, inode, birthTime }: FileStatus): string {
  return `${device}:${inode}:${birthTime}`;
}

/** A program that names every file it sees must not fill the host's memory. */
const MOST_HANDLES = 100_000;
const handles = /* @__PURE__ */ new WeakMap<Kernel, Handles>();

function handlesOf(kernel: Kernel): Handles {
  const known = handles.get(kernel) ?? new Handles();
  handles.set(kernel, known);
  return known;
}

export const nameToHandleAt = defineSystemCall({
  name: 'name_to_handle_at',
  numbers: { 'x86-64': 303, i386: 341 },
  support: 'partial',
  note: 'Handles are good for one run of the machine; the mount id is that of /proc/self/mountinfo.',
  arguments: { directory: descriptor, path, handle: address, mount: address, flags: flagSet(NAMES) },
  run: (task, { directory, path: name, handle, mount, flags }) => {
    if ((flags & ~NAMING_FLAGS) !== 0) return -Errno.EINVAL;
    const isComparable = (flags & HANDLE_FID) !== 0;
    if (isComparable && (flags & HANDLE_CONNECTABLE) !== 0) return -Errno.EINVAL;
    const place = placeOf(task, directory, name, flags);
    if (typeof place === 'number') return place;
    const room = task.user.readU32(handle);
    if (room === undefined) return -Errno.EFAULT;
    if (room > LONGEST_HANDLE) return -Errno.EINVAL;
    const { kernel } = task;
    const at = kernel.tree.mounts.locate(place.path);
    const number = at === undefined ? FIRST_MOUNT : mountId(kernel, at.mount);
    const isStored = task.user.writeU32(mount, number) && task.user.writeU32(handle, HANDLE_BYTES);
    if (!isStored) return -Errno.EFAULT;
    if (room < HANDLE_BYTES) return -Errno.EOVERFLOW;
    const known = handlesOf(kernel);
    if (known.isFull) return -Errno.ENOMEM;
    const words = [HANDLE_TYPE, known.numberOf(place.path, place.status), place.status.inode >>> 0];
    return words.every((word, index) => task.user.writeU32(handle + 4 + index * 4, word)) ? 0 : -Errno.EFAULT;
  },
});

const CAP_DAC_READ_SEARCH = 2;

export const openByHandleAt = defineSystemCall({
  name: 'open_by_handle_at',
  numbers: { 'x86-64': 304, i386: 342 },
  support: 'partial',
  note: 'A file that was renamed since is ESTALE.',
  arguments: { mount: descriptor, handle: address, flags: flagSet(OPEN_FLAG_NAMES) },
  run: (task, { mount, handle, flags }) => {
    if (!hasCapability(task.process, CAP_DAC_READ_SEARCH)) return -Errno.EPERM;
    if (mount !== AT.FDCWD) {
      const description = describe(task, mount);
      if (typeof description === 'number') return description;
      if (description.path === undefined) return -Errno.ESTALE;
    }
    const length = task.user.readU32(handle);
    if (length === undefined) return -Errno.EFAULT;
    if (length === 0 || length > LONGEST_HANDLE) return -Errno.EINVAL;
    const type = task.user.readU32(handle + 4);
    const number = task.user.readU32(handle + HANDLE_AT);
    if (type === undefined || number === undefined) return -Errno.EFAULT;
    const named = length < HANDLE_BYTES || type !== HANDLE_TYPE ? undefined : handlesOf(task.kernel).find(number);
    const status = named && task.kernel.tree.mounts.status(named.path);
    if (named === undefined || typeof status !== 'object' || keyOf(status) !== named.key) return -Errno.ESTALE;
    if (isType(status, FileType.SymbolicLink) && (flags & O.PATH) === 0) return -Errno.ELOOP;
    // Nothing on the way is asked for: who may use handles may go everywhere.
    const start = { base: '/', root: '/' };
    return openPath(task, AT.FDCWD, named.path, flags | O.NOFOLLOW, 0, undefined, start);
  },
});

function placeOf(task: Thread, directory: number, name: string, flags: number) {
  const { tree } = task.kernel;
  if (name === '') {
    if ((flags & AT.EMPTY_PATH) === 0) return -Errno.ENOENT;
    if (directory !== AT.FDCWD) {
      const description = describe(task, directory);
      if (typeof description === 'number') return description;
      const status = description.file.status();
      if (typeof status === 'number') return status;
      return description.path === undefined ? -Errno.EOPNOTSUPP : { path: description.path, status };
    }
  }
  const asked = name === '' ? '.' : name;
  const from = viewpointAt(task, directory, asked);
  if (typeof from === 'number') return from;
  const place = tree.resolve(from, asked, (flags & AT.SYMLINK_FOLLOW) !== 0);
  if (typeof place === 'number') return place;
  return place.status === undefined ? -Errno.ENOENT : { path: place.path, status: place.status };
}
