// One inode of the memory file system, and the changes an inode knows.
import { Errno } from '../errno.ts';
import type { Clock } from '../host/clock.ts';
import { type FileStatus, FileType, isType } from './file-status.ts';
import { FileContent } from './file-content.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { DirectoryEntry } from './open-file.ts';

/** The largest file (MAX_LFS_FILESIZE); what is stored in it is bounded by the budget. */
const MAXIMUM_FILE_BYTES = 2 ** 53 - 1;
/** What an inode and a name cost (BOGO_INODE_SIZE of mm/shmem.c; measured: 0.9 and 0.2 KiB of the host). */
const INODE_BYTES = 1024;
const NAME_BYTES = 256;

/** An inode. */
export interface MemoryNode {
  readonly inode: number;
  mode: number;
  links: number;
  user: number;
  group: number;
  specialDevice: number;
  size: number;
  readonly content: FileContent;
  /** How many have it open. */
  opens: number;
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
  readonly #budget: MemoryBudget;
  #nextInode = 1;

  constructor(
    clock: Clock,
    owner: { readonly user: number; readonly group: number },
    device: number,
    budget: MemoryBudget,
  ) {
    this.#clock = clock;
    this.#user = owner.user;
    this.#group = owner.group;
    this.#device = device;
    this.#budget = budget;
  }

  /** A new inode, which nothing leads to yet; -ENOSPC without room for it. */
  create(mode: number): MemoryNode | number {
    return this.#budget.take(INODE_BYTES) ? this.#make(mode) : -Errno.ENOSPC;
  }

  /** The root of a tree, for which there is always room. */
  createRoot(permissions: number): MemoryNode {
    return this.#make(FileType.Directory | permissions);
  }

  #make(mode: number): MemoryNode {
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
      content: new FileContent(this.#budget),
      opens: 0,
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
      blocks: node.content.blockBytes / 512,
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
    if (length < node.size) node.content.cut(length);
    node.size = length;
    this.touch(node);
    return 0;
  }

  write(node: MemoryNode, bytes: Uint8Array, position: number): number {
    if (position + bytes.length > MAXIMUM_FILE_BYTES) return -Errno.EFBIG;
    const count = node.content.write(bytes, position);
    if (count === 0 && bytes.length > 0) return -Errno.ENOSPC;
    node.size = Math.max(node.size, position + count);
    this.touch(node);
    return count;
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

  /** Puts a name into a directory; -ENOSPC without room for it. */
  addName(directory: MemoryNode, name: string, node: MemoryNode): number {
    const before = directory.children?.has(name);
    if (!before && !this.#budget.take(NAME_BYTES + name.length)) return -Errno.ENOSPC;
    directory.children?.set(name, node);
    return 0;
  }

  dropName(directory: MemoryNode, name: string): void {
    if (directory.children?.delete(name)) this.#budget.give(NAME_BYTES + name.length);
  }

  /** Keeps the text of a symbolic link; -ENOSPC without room for it. */
  setTarget(node: MemoryNode, target: string): number {
    if (!this.#budget.take(target.length)) return -Errno.ENOSPC;
    node.target = target;
    return 0;
  }

  /** Gives back what an inode holds, once it has no name any more and nobody has it open. */
  settle(node: MemoryNode): void {
    if (node.links > 0 || node.opens > 0) return;
    node.content.cut(0);
    this.#budget.give(INODE_BYTES + (node.target?.length ?? 0));
    // Whoever comes back to it by another way must not give it back twice.
    node.opens = Number.POSITIVE_INFINITY;
  }
}
