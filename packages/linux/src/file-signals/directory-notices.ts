// F_NOTIFY: a signal when something happens to a directory or what is in it (Documentation/filesystems/dnotify.rst).
import {
  Errno,
  FileType,
  isType,
  type OpenDescription,
  type Thread,
  type TreeEvent,
  type TreeEventKind,
} from '@elf/kernel';
import { ownerOf, signalOwner } from './file-owner.ts';

const MULTISHOT = 0x8000_0000;
/** DN_*. */
const BITS: Readonly<Partial<Record<TreeEventKind, number>>> = {
  accessed: 0x01,
  modified: 0x02,
  created: 0x04,
  'moved-to': 0x04,
  removed: 0x08,
  'moved-from': 0x08,
  attributes: 0x20,
};
/** DN_RENAME: within the directory. */
const RENAME = 0x10;
/** POLL_MSG and its band. */
const MESSAGE = { code: 3, band: 0x40 } as const;

const watched = /* @__PURE__ */ new WeakMap<OpenDescription, { mask: number; leave: () => void }>();

/** fcntl(F_NOTIFY): adds to what is told; 0 ends it. */
export function notifyOf(task: Thread, file: OpenDescription, fd: number, argument: number): number {
  const status = file.file.status();
  if (typeof status === 'number') return status;
  if (!isType(status, FileType.Directory)) return -Errno.ENOTDIR;
  const known = watched.get(file);
  if ((argument & ~MULTISHOT) === 0) {
    known?.leave();
    watched.delete(file);
    return 0;
  }
  const owner = ownerOf(file);
  if (owner.id === 0) owner.id = task.process.id;
  if (known !== undefined) {
    known.mask |= argument;
    return 0;
  }
  // The halves of a rename come one after the other: both here, it is one within the directory.
  let leaving = 0;
  const watch = {
    mask: argument,
    leave: task.kernel.tree.events.listen((event) => {
      const told = bitsOf(event, file.path);
      const isWithin = event.kind === 'moved-to' && event.cookie === leaving;
      leaving = event.kind === 'moved-from' && told !== 0 ? event.cookie : 0;
      if (((told === 0 ? 0 : told | (isWithin ? RENAME : 0)) & watch.mask) === 0) return;
      if ((watch.mask & MULTISHOT) === 0) {
        watch.leave();
        watched.delete(file);
      }
      signalOwner(task, file, fd, MESSAGE.code, MESSAGE.band);
    }),
  };
  watched.set(file, watch);
  file.onClose(() => watch.leave());
  return 0;
}

function bitsOf({ kind, path, cookie }: TreeEvent, directory: string | undefined): number {
  const isSelf = path === directory;
  const isInside = path.slice(0, path.lastIndexOf('/')) === (directory === '/' ? '' : directory);
  // Its own removal and renaming are the directory above's.
  const isOfName = kind === 'created' || kind === 'removed' || cookie !== 0;
  if (!isInside && (!isSelf || isOfName)) return 0;
  return BITS[kind] ?? 0;
}
