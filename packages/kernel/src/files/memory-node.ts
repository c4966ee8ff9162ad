// One inode of the memory file system, and the changes an inode knows.
import { Errno } from '../errno.ts';
import type { Clock } from '../host/clock.ts';
import { type FileStatus, FileType, isType } from './file-status.ts';
import type { DirectoryEntry } from './open-file.ts';

/** The largest file: far below what a typed array can hold, so that a guest's mistake is ENOSPC and not our failure. */
const MAXIMUM_FILE_BYTES = 1 << 30;

/** An inode. `bytes` may be longer than `size`: growth is amortised. */
export interface MemoryNode {
  readonly inode: number;
  mode: number;
  links: number;
  user: number;
  group: number;
  specialDevice: number;
  size: number;
  bytes: Uint8Array;
  /** Of a directory. */
  readonly children: Map<string, MemoryNode> | undefined;
  /** Of a symbolic link. */
  target: string | undefined;
  accessTime: bigint;
  modifyTime: bigint;
  changeTime: bigint;
  readonly birthTime: bigint;
}

/** Makes and changes the inodes of one memory file system. */
export class MemoryNodeFactory {
  readonly #clock: Clock;
  readonly #user: number;
  readonly #group: number;
  readonly #device: number;
  #nextInode = 1;

  constructor(clock: Clock, user: number, group: number, device: number) {
    this.#clock = clock;
    this.#user = user;
    this.#group = group;
    this.#device = device;
  }

  create(mode: number): MemoryNode {
    const now = this.#clock.realtime();
    const isDirectory = isType({ mode }, FileType.Directory);
    return {
      inode: this.#nextInode++,
      mode,
      links: isDirectory ? 2 : 1,
      user: this.#user,
      group: this.#group,
      specialDevice: 0,
      size: 0,
      bytes: new Uint8Array(0),
      children: isDirectory ? new Map() : undefined,
      target: undefined,
      accessTime: now,
      modifyTime: now,
      changeTime: now,
      birthTime: now,
    };
  }

  status(node: MemoryNode): FileStatus {
    const size = node.target?.length ?? (node.children === undefined ? node.size : node.children.size * 20 + 40);
    return {
      device: this.#device,
      inode: node.inode,
      mode: node.mode,
      links: node.links,
      user: node.user,
      group: node.group,
      specialDevice: node.specialDevice,
      sizeInBytes: size,
      blockSizeInBytes: 4096,
      blocks: Math.ceil(node.size / 4096) * 8,
      accessTime: node.accessTime,
      modifyTime: node.modifyTime,
      changeTime: node.changeTime,
      birthTime: node.birthTime,
    };
  }

  entries(node: MemoryNode): DirectoryEntry[] | number {
    if (node.children === undefined) return -Errno.ENOTDIR;
    return [...node.children].map(([name, child]) => ({ name, inode: child.inode, type: child.mode & FileType.Mask }));
  }

  /** Content or entries changed. */
  touch(node: MemoryNode): void {
    node.modifyTime = this.#clock.realtime();
    node.changeTime = node.modifyTime;
  }

  resize(node: MemoryNode, length: number): number {
    if (length > MAXIMUM_FILE_BYTES) return -Errno.EFBIG;
    if (!isType(node, FileType.Regular)) return -Errno.EINVAL;
    if (length > node.bytes.length) this.#reserve(node, length);
    if (length < node.size) node.bytes.fill(0, length, node.size);
    node.size = length;
    this.touch(node);
    return 0;
  }

  write(node: MemoryNode, bytes: Uint8Array, position: number): number {
    const end = position + bytes.length;
    if (end > MAXIMUM_FILE_BYTES) return -Errno.EFBIG;
    if (end > node.bytes.length) this.#reserve(node, end);
    node.bytes.set(bytes, position);
    if (end > node.size) node.size = end;
    this.touch(node);
    return bytes.length;
  }

  setMode(node: MemoryNode, mode: number): number {
    node.mode = (node.mode & FileType.Mask) | (mode & 0o7777);
    node.changeTime = this.#clock.realtime();
    return 0;
  }

  /** -1 keeps the user or the group. */
  setOwner(node: MemoryNode, user: number, group: number): number {
    if (user !== -1) node.user = user;
    if (group !== -1) node.group = group;
    // fs/attr.c, setattr_should_drop_suidgid: set-group-ID without execution is another thing, mandatory locking once.
    if (!isType(node, FileType.Directory)) node.mode &= (node.mode & 0o010) !== 0 ? ~0o6000 : ~0o4000;
    node.changeTime = this.#clock.realtime();
    return 0;
  }

  setTimes(node: MemoryNode, access: bigint | undefined, modify: bigint | undefined): number {
    node.accessTime = access ?? node.accessTime;
    node.modifyTime = modify ?? node.modifyTime;
    node.changeTime = this.#clock.realtime();
    return 0;
  }

  #reserve(node: MemoryNode, length: number): void {
    const grown = new Uint8Array(Math.max(length, Math.min(MAXIMUM_FILE_BYTES, node.bytes.length * 2)));
    grown.set(node.bytes);
    node.bytes = grown;
  }
}
