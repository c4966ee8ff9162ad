// Extended attributes of files: kept by the machine, by inode, for as long as it runs (man 7 xattr). The host's own are not seen.
import {
  Errno,
  type FileStatus,
  type FileTree,
  FileType,
  isType,
  type Kernel,
  permits,
  type Process,
} from '@elf/kernel';
import { hasCapability } from './capabilities.ts';

const CAP_SYS_ADMIN = 21;
const [READ, WRITE] = [4, 2];
const STICKY = 0o1000;
/** XATTR_NAME_MAX, XATTR_SIZE_MAX, XATTR_LIST_MAX. */
export const NAME_MAX = 255;
export const VALUE_MAX = 65536;
const LIST_MAX = 65536;
/** All attributes of a machine: what is more is ENOSPC. */
const TOTAL_MAX = 16 << 20;
/** Bytes an attribute costs beside its name and value (struct ext4_xattr_entry and what we keep). */
const ENTRY_BYTES = 64;

export const SetFlag = { Create: 1, Replace: 2 } as const;

type Attributes = Map<string, Uint8Array>;

interface Store {
  readonly files: Map<string, Attributes>;
  bytes: number;
}

const ofTrees = /* @__PURE__ */ new WeakMap<FileTree, Store>();

/** Reads an attribute; a negated error number. */
export function readAttribute(process: Process, kernel: Kernel, status: FileStatus, name: string): Uint8Array | number {
  const refusal = judge(process, status, name, READ);
  if (refusal < 0) return refusal;
  return attributesOf(kernel, status)?.get(name) ?? -Errno.ENODATA;
}

/** Gives an attribute a value. */
export function writeAttribute(
  process: Process,
  kernel: Kernel,
  status: FileStatus,
  name: string,
  value: Uint8Array,
  flags: number,
): number {
  const refusal = kernel.tree.inodeFlags.judgeChange(status) || judge(process, status, name, WRITE);
  if (refusal < 0) return refusal;
  const store = storeOf(kernel);
  const key = keyOf(status);
  const attributes: Attributes = store.files.get(key) ?? new Map<string, Uint8Array>();
  const before = attributes.get(name);
  if (before !== undefined && (flags & SetFlag.Create) !== 0) return -Errno.EEXIST;
  if (before === undefined && (flags & SetFlag.Replace) !== 0) return -Errno.ENODATA;
  const cost = costOf(name, value) - (before === undefined ? 0 : costOf(name, before));
  if (store.bytes + cost > TOTAL_MAX) return -Errno.ENOSPC;
  store.bytes += cost;
  attributes.set(name, value.slice());
  store.files.set(key, attributes);
  return 0;
}

/** Takes an attribute away. */
export function removeAttribute(process: Process, kernel: Kernel, status: FileStatus, name: string): number {
  const refusal = judge(process, status, name, WRITE);
  if (refusal < 0) return refusal;
  const store = storeOf(kernel);
  const attributes = store.files.get(keyOf(status));
  const value = attributes?.get(name);
  if (attributes === undefined || value === undefined) return -Errno.ENODATA;
  store.bytes -= costOf(name, value);
  attributes.delete(name);
  if (attributes.size === 0) store.files.delete(keyOf(status));
  return 0;
}

/** The names, each with a NUL behind it; trusted ones are for administrators. */
export function attributeNames(process: Process, kernel: Kernel, status: FileStatus): string | number {
  const isTrusted = hasCapability(process, CAP_SYS_ADMIN);
  const names = [...(attributesOf(kernel, status)?.keys() ?? [])];
  const text = names
    .filter((name) => isTrusted || !name.startsWith('trusted.'))
    .map((name) => `${name}\0`)
    .join('');
  return text.length > LIST_MAX ? -Errno.E2BIG : text;
}

/** fs/xattr.c, xattr_permission and the handlers that name spaces have; system.* is access control lists, of which there are none. */
function judge(process: Process, status: FileStatus, name: string, right: number): number {
  const space = /^(user|trusted|security)\.(.*)$/s.exec(name);
  if (space === null) return -Errno.EOPNOTSUPP;
  if (space[2] === '') return -Errno.EINVAL;
  const refused = right === WRITE ? -Errno.EPERM : -Errno.ENODATA;
  const isAdministrator = hasCapability(process, CAP_SYS_ADMIN);
  if (space[1] === 'trusted') return isAdministrator ? 0 : refused;
  if (space[1] === 'security') return right === READ || isAdministrator ? 0 : -Errno.EPERM;
  const isDirectory = isType(status, FileType.Directory);
  if (!isDirectory && !isType(status, FileType.Regular)) return refused;
  const who = process.fileIdentity;
  const isShared = isDirectory && (status.mode & STICKY) !== 0 && right === WRITE;
  if (isShared && who.user !== 0 && who.user !== status.user) return -Errno.EPERM;
  return permits(status, who, right) ? 0 : -Errno.EACCES;
}

/** Nobody listens to the tree before something is kept. */
function attributesOf({ tree }: Kernel, status: FileStatus): Attributes | undefined {
  return ofTrees.get(tree)?.files.get(keyOf(status));
}

function storeOf({ tree }: Kernel): Store {
  const known = ofTrees.get(tree);
  if (known !== undefined) return known;
  const made: Store = { files: new Map(), bytes: 0 };
  ofTrees.set(tree, made);
  // The last name that goes takes them along.
  tree.events.listen(({ kind, status }) => {
    if (kind !== 'removed' || (status.links > 1 && !isType(status, FileType.Directory))) return;
    for (const [name, value] of made.files.get(keyOf(status)) ?? []) made.bytes -= costOf(name, value);
    made.files.delete(keyOf(status));
  });
  return made;
}

/** An inode and when it was made: numbers are given again. */
function keyOf({ device, inode, birthTime }: FileStatus): string {
  return `${device}:${inode}:${birthTime}`;
}

function costOf(name: string, value: Uint8Array): number {
  return ENTRY_BYTES + name.length + value.length;
}
