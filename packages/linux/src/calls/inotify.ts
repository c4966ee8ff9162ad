// inotify(7): a descriptor that tells what programs of this machine do to watched files.
import {
  anonymousFile,
  defineSystemCall,
  descriptor,
  Errno,
  FileType,
  flagSet,
  int,
  isType,
  OpenDescription,
  path,
  Readiness,
  type Thread,
  type TreeEvent,
  type TreeEventKind,
  toBytes,
  WaitQueue,
} from '@elf/kernel';
import { O } from '../abi/flags/file-flags.ts';
import { describe } from '../files-at.ts';

// biome-ignore format: a table
const IN = {
  IN_ACCESS: 1, IN_MODIFY: 2, IN_ATTRIB: 4, IN_CLOSE_WRITE: 8, IN_CLOSE_NOWRITE: 16, IN_OPEN: 32, IN_MOVED_FROM: 64, IN_MOVED_TO: 128,
  IN_CREATE: 256, IN_DELETE: 512, IN_DELETE_SELF: 1024, IN_MOVE_SELF: 2048, IN_Q_OVERFLOW: 0x4000, IN_IGNORED: 0x8000,
  IN_ONLYDIR: 0x0100_0000, IN_DONT_FOLLOW: 0x0200_0000, IN_EXCL_UNLINK: 0x0400_0000, IN_MASK_CREATE: 0x1000_0000, IN_MASK_ADD: 0x2000_0000,
  IN_ISDIR: 0x4000_0000, IN_ONESHOT: 0x8000_0000,
} as const;
const ALL_EVENTS = 0xfff; // not a page size: IN_ALL_EVENTS
const BITS: Readonly<Record<TreeEventKind, number>> = {
  accessed: IN.IN_ACCESS,
  modified: IN.IN_MODIFY,
  attributes: IN.IN_ATTRIB,
  'closed-written': IN.IN_CLOSE_WRITE,
  closed: IN.IN_CLOSE_NOWRITE,
  opened: IN.IN_OPEN,
  created: IN.IN_CREATE,
  removed: IN.IN_DELETE,
  'moved-from': IN.IN_MOVED_FROM,
  'moved-to': IN.IN_MOVED_TO,
};
/** What happens to a watched file itself and is told without a name. */
const SELF_BITS: Readonly<Partial<Record<TreeEventKind, number>>> = {
  removed: IN.IN_DELETE_SELF,
  'moved-from': IN.IN_MOVE_SELF,
  created: 0,
  'moved-to': 0,
};
const HEADER_BYTES = 16;
/** /proc/sys/fs/inotify/max_queued_events. */
const MAXIMUM_QUEUED = 16384;

interface Watch {
  readonly number: number;
  mask: number;
}

/** One inotify instance. */
class InotifyControl {
  readonly changes = new WaitQueue();
  readonly #watches = new Map<string, Watch>();
  #queue: { watch: number; mask: number; cookie: number; name: string }[] = [];
  #next = 1;

  get isReadable(): boolean {
    return this.#queue.length > 0;
  }

  get waitingBytes(): number {
    return this.#queue.reduce((sum, event) => sum + HEADER_BYTES + nameBytes(event.name), 0);
  }

  /** Adds or changes the watch of an inode; its number, or -EEXIST with IN_MASK_CREATE. */
  watch(file: string, mask: number): number {
    const known = this.#watches.get(file);
    if (known !== undefined && (mask & IN.IN_MASK_CREATE) !== 0) return -Errno.EEXIST;
    if (known === undefined) {
      this.#watches.set(file, { number: this.#next, mask });
      return this.#next++;
    }
    known.mask = (mask & IN.IN_MASK_ADD) !== 0 ? known.mask | mask : mask;
    return known.number;
  }

  unwatch(number: number): number {
    for (const [file, watch] of this.#watches) {
      if (watch.number !== number) continue;
      this.#watches.delete(file);
      this.#push({ watch: number, mask: IN.IN_IGNORED, cookie: 0, name: '' });
      return 0;
    }
    return -Errno.EINVAL;
  }

  /** Hears of the tree; `parent` is the directory that holds the file. */
  notice(event: TreeEvent, parent: string | undefined): void {
    const isDirectory = isType(event.status, FileType.Directory) ? IN.IN_ISDIR : 0;
    const name = event.path.slice(event.path.lastIndexOf('/') + 1);
    const above = parent === undefined ? undefined : this.#watches.get(parent);
    // What happens to a file that only descriptors know any more (IN_EXCL_UNLINK: not told to its last directory).
    const isUnlinked = event.kind !== 'removed' && event.status.links === 0;
    const isExcluded = isUnlinked && above !== undefined && (above.mask & IN.IN_EXCL_UNLINK) !== 0;
    if (above !== undefined && !isExcluded) this.#tell(above, BITS[event.kind] | isDirectory, event.cookie, name);
    const key = fileKey(event.status);
    const own = this.#watches.get(key);
    if (own === undefined) return;
    const isLastName = event.kind === 'removed' && event.status.links <= (isDirectory ? 2 : 1);
    // A file's number of names changed before it went; a directory has no such number.
    if (isLastName && isDirectory === 0) this.#tell(own, IN.IN_ATTRIB, 0, '');
    const bits = event.kind === 'removed' && !isLastName ? IN.IN_ATTRIB : (SELF_BITS[event.kind] ?? BITS[event.kind]);
    this.#tell(
      own,
      bits | (bits & (IN.IN_OPEN | IN.IN_ACCESS | IN.IN_ATTRIB | IN.IN_CLOSE_NOWRITE) ? isDirectory : 0),
      0,
      '',
    );
    if (isLastName) this.unwatch(own.number);
  }

  read(target: Uint8Array): number {
    let used = 0;
    const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
    while (this.#queue.length > 0) {
      const { watch, mask, cookie, name } = this.#queue[0];
      const length = nameBytes(name);
      if (used + HEADER_BYTES + length > target.length) return used > 0 ? used : -Errno.EINVAL;
      view.setInt32(used, watch, true);
      view.setUint32(used + 4, mask >>> 0, true);
      view.setUint32(used + 8, cookie, true);
      view.setUint32(used + 12, length, true);
      target.fill(0, used + HEADER_BYTES, used + HEADER_BYTES + length);
      target.set(toBytes(name), used + HEADER_BYTES);
      used += HEADER_BYTES + length;
      this.#queue.shift();
    }
    return used === 0 ? -Errno.EAGAIN : used;
  }

  /** Lines of /proc/PID/fdinfo/N (fs/notify/fdinfo.c, inotify_fdinfo). */
  describe(): string {
    const hex = (number: number) => (number >>> 0).toString(16);
    return [...this.#watches]
      .map(([file, { number, mask }]) => {
        const [device, inode] = file.split(':').map(Number);
        const known = hex(mask & (ALL_EVENTS | IN.IN_EXCL_UNLINK | IN.IN_ONESHOT));
        return `inotify wd:${hex(number)} ino:${inode.toString(16)} sdev:${hex(device)} mask:${known} ignored_mask:0\n`;
      })
      .join('');
  }

  #tell(watch: Watch, mask: number, cookie: number, name: string): void {
    if ((watch.mask & mask & ALL_EVENTS) === 0) return;
    this.#push({ watch: watch.number, mask, cookie, name });
    if ((watch.mask & IN.IN_ONESHOT) !== 0) this.unwatch(watch.number);
  }

  #push(event: { watch: number; mask: number; cookie: number; name: string }): void {
    const last = this.#queue.at(-1);
    const isSame =
      last !== undefined &&
      last.watch === event.watch &&
      last.mask === event.mask &&
      last.cookie === event.cookie &&
      last.name === event.name;
    if (isSame) return;
    if (this.#queue.length === MAXIMUM_QUEUED)
      this.#queue.push({ watch: -1, mask: IN.IN_Q_OVERFLOW, cookie: 0, name: '' });
    if (this.#queue.length <= MAXIMUM_QUEUED) this.#queue.push(event);
    this.changes.wake(Readiness.Readable);
  }
}

const note = 'Only changes made by programs of this machine are seen.';

export const inotifyInit = defineSystemCall({
  name: 'inotify_init',
  numbers: { 'x86-64': 253, i386: 291 },
  support: 'partial',
  note,
  arguments: {},
  run: (task) => open(task, 0),
});

export const inotifyInit1 = defineSystemCall({
  name: 'inotify_init1',
  numbers: { 'x86-64': 294, i386: 332 },
  support: 'partial',
  note,
  arguments: { flags: flagSet({ IN_NONBLOCK: O.NONBLOCK, IN_CLOEXEC: O.CLOEXEC }) },
  run: (task, { flags }) => ((flags & ~(O.NONBLOCK | O.CLOEXEC)) !== 0 ? -Errno.EINVAL : open(task, flags)),
});

export const inotifyAddWatch = defineSystemCall({
  name: 'inotify_add_watch',
  numbers: { 'x86-64': 254, i386: 292 },
  support: 'partial',
  note,
  arguments: { fd: descriptor, path, mask: flagSet(IN) },
  run: (task, { fd, path: name, mask }) => {
    if ((mask & ALL_EVENTS) === 0) return -Errno.EINVAL;
    if ((mask & IN.IN_MASK_ADD) !== 0 && (mask & IN.IN_MASK_CREATE) !== 0) return -Errno.EINVAL;
    const control = controlOf(task, fd);
    if (typeof control === 'number') return control;
    const status = task.kernel.tree.status(task.process.viewpoint, name, (mask & IN.IN_DONT_FOLLOW) === 0);
    if (typeof status === 'number') return status;
    if ((mask & IN.IN_ONLYDIR) !== 0 && !isType(status, FileType.Directory)) return -Errno.ENOTDIR;
    return control.watch(fileKey(status), mask);
  },
});

export const inotifyRmWatch = defineSystemCall({
  name: 'inotify_rm_watch',
  numbers: { 'x86-64': 255, i386: 293 },
  support: 'full',
  arguments: { fd: descriptor, watch: int },
  run: (task, { fd, watch }) => {
    const control = controlOf(task, fd);
    return typeof control === 'number' ? control : control.unwatch(watch);
  },
});

function open(task: Thread, flags: number): number {
  const control = new InotifyControl();
  const { tree } = task.kernel;
  const parentOf = (at: string) => {
    const status = at === '/' ? -1 : tree.mounts.status(at.slice(0, at.lastIndexOf('/')) || '/');
    return typeof status === 'number' ? undefined : fileKey(status);
  };
  const stop = tree.events.listen((event) => control.notice(event, parentOf(event.path)));
  const file = anonymousFile({
    name: 'anon_inode:inotify',
    changes: control.changes,
    control,
    readiness: () => (control.isReadable ? Readiness.Readable | Readiness.ReadNormal : 0),
    read: (target) => control.read(target),
    close: stop,
  });
  const available = () => control.waitingBytes;
  const mode = { readable: true, writable: false, append: false, nonBlocking: (flags & O.NONBLOCK) !== 0 };
  return task.process.descriptors.insert(new OpenDescription({ ...file, available }, mode), (flags & O.CLOEXEC) !== 0);
}

/** What /proc/PID/fdinfo says of the watches of an open file; nothing for other files. */
export function watchText({ file }: OpenDescription): string {
  return file.control instanceof InotifyControl ? file.control.describe() : '';
}

function controlOf(task: Thread, fd: number): InotifyControl | number {
  const file = describe(task, fd);
  if (typeof file === 'number') return file;
  return file.file.control instanceof InotifyControl ? file.file.control : -Errno.EINVAL;
}

function fileKey(status: { readonly device: number; readonly inode: number }): string {
  return `${status.device}:${status.inode}`;
}

/** Names are padded with NULs to a multiple of the header's size. */
function nameBytes(name: string): number {
  return name === '' ? 0 : Math.ceil((name.length + 1) / HEADER_BYTES) * HEADER_BYTES;
}
