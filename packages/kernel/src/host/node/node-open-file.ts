// An open host file: positioned synchronous reads and writes on a descriptor of the host.
import * as fs from 'node:fs';
import { Errno } from '../../errno.ts';
import { FileType } from '../../files/file-status.ts';
import { type DirectoryEntry, type OpenFile, Readiness } from '../../files/open-file.ts';
import { attempt, errnoOf } from './node-errno.ts';
import { seconds, statusOf } from './node-status.ts';

type Mapping = NonNullable<ReturnType<NonNullable<OpenFile['backing']>>>;

/** What all mappings of one file share: mm keys its frames by this object. It lives as long as any mapping does. */
interface FileIdentity {
  readOnly?: Mapping;
  writable?: Mapping;
}

/** One identity per device and inode, however often the file is opened. */
const identities = /* @__PURE__ */ new Map<string, WeakRef<FileIdentity>>();
/** Mappings outlive the descriptor they were made from (man 2 mmap): its host descriptor is closed when the last one is gone. */
const closer = /* @__PURE__ */ new FinalizationRegistry<number>((number) => attempt(() => fs.closeSync(number)));

/** Positions behind it are none to Node, which then writes wherever the descriptor stands; no file system has files as large. */
const LARGEST_POSITION = Number.MAX_SAFE_INTEGER;

/** Wraps a host descriptor, which the file then owns. */
export function openNodeFile(number: number, isWritable: boolean, entries: () => DirectoryEntry[] | number): OpenFile {
  const first = fs.fstatSync(number, { bigint: true });
  const type = Number(first.mode) & FileType.Mask;
  const isRegular = type === FileType.Regular;
  const key = `${first.dev}:${first.ino}`;
  const positioned = isRegular || type === FileType.Block;
  let isKept = false;
  const file: OpenFile = {
    isSeekable: positioned || type === FileType.Directory,
    status: () => guarded(() => statusOf(fs.fstatSync(number, { bigint: true }))),
    read: (target, position) => {
      if (type === FileType.Directory) return -Errno.EISDIR;
      if (position > LARGEST_POSITION) return 0;
      return transfer(() => fs.readSync(number, target, 0, target.length, positioned ? position : null));
    },
    write: (bytes, position) => {
      if (position > LARGEST_POSITION) return -Errno.EFBIG;
      return transfer(() => fs.writeSync(number, bytes, 0, bytes.length, positioned ? position : null));
    },
    readiness: () => Readiness.Readable | Readiness.Writable,
    close: () => {
      if (!isKept) attempt(() => fs.closeSync(number));
    },
    truncate: (length) => (length > LARGEST_POSITION ? -Errno.EFBIG : attempt(() => fs.ftruncateSync(number, length))),
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
      const identity = identityOf(key);
      const slot = isWritable ? 'writable' : 'readOnly';
      const known = identity[slot];
      if (known !== undefined) return known;
      closer.register(identity, number);
      isKept = true;
      identity[slot] = mappingOf(number, identity, isWritable);
      return identity[slot];
    },
    mappedAs: isRegular ? () => identities.get(key)?.deref() : undefined,
  };
  if (type === FileType.Directory) return { ...file, entries, backing: undefined };
  return file;
}

function mappingOf(number: number, identity: object, isWritable: boolean): Mapping {
  return {
    identity,
    sizeInBytes: () => fs.fstatSync(number).size,
    readInto: (offset, target) => {
      const count = transfer(() => fs.readSync(number, target, 0, target.length, offset));
      return count < 0 ? -1 : count;
    },
    writeFrom: isWritable
      ? (offset, bytes) => {
          const room = Math.max(0, fs.fstatSync(number).size - offset);
          return transfer(() => fs.writeSync(number, bytes, 0, Math.min(bytes.length, room), offset)) >= 0;
        }
      : undefined,
  };
}

function identityOf(key: string): FileIdentity {
  const known = identities.get(key)?.deref();
  if (known !== undefined) return known;
  const made: FileIdentity = {};
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
