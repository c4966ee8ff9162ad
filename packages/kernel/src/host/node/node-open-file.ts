// An open host file: positioned synchronous reads and writes on a descriptor of the host.
import * as fs from 'node:fs';
import { Errno } from '../../errno.ts';
import { FileType } from '../../files/file-status.ts';
import { type DirectoryEntry, type OpenFile, Readiness } from '../../files/open-file.ts';
import { seconds, statusOf } from './node-directory.ts';
import { attempt, errnoOf } from './node-errno.ts';

/** One identity per device and inode, so that private mappings of a file share their pages however often it is opened. */
const identities = /* @__PURE__ */ new Map<string, WeakRef<object>>();

/** Wraps a host descriptor, which the file then owns. */
export function openNodeFile(number: number, entries: () => DirectoryEntry[] | number): OpenFile {
  const first = fs.fstatSync(number, { bigint: true });
  const type = Number(first.mode) & FileType.Mask;
  const isRegular = type === FileType.Regular;
  const positioned = isRegular || type === FileType.Block;
  let mappings: ReturnType<NonNullable<OpenFile['backing']>>;
  const file: OpenFile = {
    isSeekable: positioned || type === FileType.Directory,
    status: () => guarded(() => statusOf(fs.fstatSync(number, { bigint: true }))),
    read: (target, position) => {
      if (type === FileType.Directory) return -Errno.EISDIR;
      return transfer(() => fs.readSync(number, target, 0, target.length, positioned ? position : null));
    },
    write: (bytes, position) =>
      transfer(() => fs.writeSync(number, bytes, 0, bytes.length, positioned ? position : null)),
    readiness: () => Readiness.Readable | Readiness.Writable,
    close: () => {
      // A mapping outlives the descriptor it was made from (man 2 mmap), so its host descriptor stays.
      if (mappings === undefined) attempt(() => fs.closeSync(number));
    },
    truncate: (length) => attempt(() => fs.ftruncateSync(number, length)),
    synchronize: () => attempt(() => fs.fsyncSync(number)),
    setMode: (mode) => attempt(() => fs.fchmodSync(number, mode)),
    setOwner: (user, group) => attempt(() => fs.fchownSync(number, user >>> 0, group >>> 0)),
    setTimes: (access, modify) =>
      attempt(() => {
        const now = fs.fstatSync(number, { bigint: true });
        fs.futimesSync(number, seconds(access ?? now.atimeNs), seconds(modify ?? now.mtimeNs));
      }),
    backing: () => {
      if (!isRegular) return undefined;
      mappings ??= {
        identity: identityOf(`${first.dev}:${first.ino}`),
        sizeInBytes: () => fs.fstatSync(number).size,
        readInto: (offset, target) => {
          const count = transfer(() => fs.readSync(number, target, 0, target.length, offset));
          return count < 0 ? -1 : count;
        },
        writeFrom: (offset, bytes) => {
          const room = Math.max(0, fs.fstatSync(number).size - offset);
          return transfer(() => fs.writeSync(number, bytes, 0, Math.min(bytes.length, room), offset)) >= 0;
        },
      };
      return mappings;
    },
  };
  if (type === FileType.Directory) return { ...file, entries, backing: undefined };
  return file;
}

function identityOf(key: string): object {
  const known = identities.get(key)?.deref();
  if (known !== undefined) return known;
  const made = {};
  identities.set(key, new WeakRef(made));
  return made;
}

function transfer(call: () => number): number {
  try {
    return call();
  } catch (error) {
    return errnoOf(error);
  }
}

function guarded<T>(call: () => T): T | number {
  try {
    return call();
  } catch (error) {
    return errnoOf(error);
  }
}
