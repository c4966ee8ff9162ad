// The in-memory file system: the default of every machine, for pages, tests and private directories of a sandbox.

import { Errno } from '../errno.ts';
import type { Clock } from '../host/clock.ts';
import { type FileStatus, FileType, isType } from './file-status.ts';
import type { FileSystem } from './file-system.ts';
import { MemoryBudget } from './memory-budget.ts';
import { type MemoryNode, MemoryNodeFactory } from './memory-node.ts';
import { openMemoryNode } from './memory-open-file.ts';

const NAME_MAX = 255;
const DEFAULT_DEVICE = 0x100;

/**
 * Files in memory, with inode numbers, hard links, permissions and times. Paths are byte strings relative to the root.
 * @example
 * const files = new MemoryFileSystem(clock);
 * files.writeFile('etc/motd', new Uint8Array([104, 105, 10]));
 */
export class MemoryFileSystem implements FileSystem {
  readonly isReadOnly = false;
  readonly #nodes: MemoryNodeFactory;
  readonly #root: MemoryNode;
  readonly #budget: MemoryBudget;

  constructor(
    clock: Clock,
    options: {
      readonly user?: number;
      readonly group?: number;
      readonly device?: number;
      /** What its files are paid from, usually the machine's; one of its own with the default limit when absent. */
      readonly budget?: MemoryBudget;
    } = {},
  ) {
    const { user = 0, group = 0, device = DEFAULT_DEVICE } = options;
    this.#budget = options.budget ?? new MemoryBudget();
    this.#nodes = new MemoryNodeFactory(clock, { user, group }, device, this.#budget);
    this.#root = this.#nodes.createRoot(0o755);
  }

  /** What the files may take in all, and what is left of it. */
  space(): { readonly total: number; readonly free: number } {
    return { total: this.#budget.limitInBytes, free: this.#budget.freeBytes };
  }

  /** Lets go of everything: nothing leads to the tree any more. What somebody has open stays until it is closed. */
  discard(): void {
    const discardBelow = (node: MemoryNode) => {
      for (const [name, child] of [...(node.children ?? [])]) {
        discardBelow(child);
        this.#nodes.dropName(node, name);
        this.#letGo(child);
      }
    };
    discardBelow(this.#root);
  }

  /**
   * Puts a file there, making the directories on the way. For filling a tree from outside, not for guests.
   * The bytes are not taken from the budget, the name is.
   * @throws RangeError when the budget has no room for it.
   */
  writeFile(path: string, bytes: Uint8Array, permissions = 0o644): void {
    const parts = path.split('/').filter((part) => part !== '');
    for (let depth = 1; depth < parts.length; depth++) this.makeDirectory(parts.slice(0, depth).join('/'), 0o755);
    const name = parts.pop() as string;
    const parent = this.#find(parts.join('/'));
    if (typeof parent === 'number') return;
    const known = parent.children?.get(name);
    const node = this.#nodes.create(FileType.Regular | permissions);
    if (typeof node === 'number' || this.#nodes.addName(parent, name, node) < 0) throw noRoom(path);
    if (known !== undefined) this.#letGo(known);
    // Not bytes.slice(): the one of a Buffer shares its memory.
    node.content.adopt(new Uint8Array(bytes));
    node.size = bytes.length;
  }

  status(path: string): FileStatus | number {
    const node = this.#find(path);
    return typeof node === 'number' ? node : this.#nodes.status(node);
  }

  open(path: string, request: Parameters<FileSystem['open']>[1]): ReturnType<FileSystem['open']> {
    let node = this.#find(path);
    if (request.isUnnamed && typeof node !== 'number') {
      if (!isType(node, FileType.Directory)) return -Errno.ENOTDIR;
      const made = this.#nodes.create(FileType.Regular | ((request.createMode ?? 0) & 0o7777));
      if (typeof made === 'number') return made;
      made.links = 0;
      const opened = openMemoryNode(this.#nodes, made);
      return request.staysUnnamed ? opened : { ...opened, nameAs: (to) => this.#name(made, to) };
    }
    if (node === -Errno.ENOENT && request.createMode !== undefined) {
      const made = this.#insert(path, FileType.Regular | (request.createMode & 0o7777));
      if (typeof made === 'number') return made;
      node = made;
    } else if (request.createMode !== undefined && request.exclusive && typeof node !== 'number') {
      return -Errno.EEXIST;
    }
    if (typeof node === 'number') return node;
    if (isType(node, FileType.SymbolicLink)) return -Errno.ELOOP;
    if (isType(node, FileType.Directory) && (request.write || request.createMode !== undefined)) return -Errno.EISDIR;
    if (request.truncate && request.write && isType(node, FileType.Regular)) this.#nodes.resize(node, 0);
    return openMemoryNode(this.#nodes, node);
  }

  entries(path: string): ReturnType<FileSystem['entries']> {
    const node = this.#find(path);
    if (typeof node === 'number') return node;
    return this.#nodes.entries(node);
  }

  readLink(path: string): string | number {
    const node = this.#find(path);
    if (typeof node === 'number') return node;
    return node.target ?? -Errno.EINVAL;
  }

  makeDirectory(path: string, mode: number): number {
    return resultOf(this.#insert(path, FileType.Directory | (mode & 0o7777)));
  }

  makeSymbolicLink(path: string, target: string): number {
    const made = this.#insert(path, FileType.SymbolicLink | 0o777);
    if (typeof made === 'number') return made;
    const result = this.#nodes.setTarget(made, target);
    if (result < 0) this.removeFile(path);
    return result;
  }

  makeNode(path: string, mode: number, device: number): number {
    const made = this.#insert(path, mode);
    if (typeof made === 'number') return made;
    made.specialDevice = device;
    return 0;
  }

  link(from: string, to: string): number {
    const node = this.#find(from);
    if (typeof node === 'number') return node;
    if (isType(node, FileType.Directory)) return -Errno.EPERM;
    return this.#name(node, to);
  }

  /** One more name, which may be the first. */
  #name(node: MemoryNode, to: string): number {
    const place = this.#place(to);
    if (typeof place === 'number') return place;
    if (place.parent.children?.has(place.name)) return -Errno.EEXIST;
    const added = this.#nodes.addName(place.parent, place.name, node);
    if (added < 0) return added;
    node.links++;
    this.#nodes.touch(place.parent);
    return 0;
  }

  rename(from: string, to: string): number {
    const node = this.#find(from);
    if (typeof node === 'number') return node;
    if (`${to}/`.startsWith(`${from}/`) && to !== from) return -Errno.EINVAL;
    const source = this.#place(from);
    const target = this.#place(to);
    if (typeof source === 'number') return source;
    if (typeof target === 'number') return target;
    const existing = target.parent.children?.get(target.name);
    if (existing === node) return 0;
    if (existing !== undefined) {
      const isDirectory = isType(node, FileType.Directory);
      if (isType(existing, FileType.Directory)) {
        if (!isDirectory) return -Errno.EISDIR;
        if (existing.children?.size) return -Errno.ENOTEMPTY;
      } else if (isDirectory) return -Errno.ENOTDIR;
    }
    const added = this.#nodes.addName(target.parent, target.name, node);
    if (added < 0) return added;
    this.#nodes.dropName(source.parent, source.name);
    if (existing !== undefined) this.#letGo(existing);
    this.#nodes.touch(source.parent);
    this.#nodes.touch(target.parent);
    return 0;
  }

  removeFile(path: string): number {
    const node = this.#find(path);
    if (typeof node === 'number') return node;
    if (isType(node, FileType.Directory)) return -Errno.EISDIR;
    return this.#unlink(path, node);
  }

  removeDirectory(path: string): number {
    const node = this.#find(path);
    if (typeof node === 'number') return node;
    if (!isType(node, FileType.Directory)) return -Errno.ENOTDIR;
    if (node === this.#root) return -Errno.EBUSY;
    if (node.children?.size) return -Errno.ENOTEMPTY;
    return this.#unlink(path, node);
  }

  setMode(path: string, mode: number): number {
    return this.#change(path, (node) => this.#nodes.setMode(node, mode));
  }

  setOwner(path: string, user: number, group: number): number {
    return this.#change(path, (node) => this.#nodes.setOwner(node, user, group));
  }

  setTimes(path: string, access: bigint | undefined, modify: bigint | undefined): number {
    return this.#change(path, (node) => this.#nodes.setTimes(node, access, modify));
  }

  #change(path: string, apply: (node: MemoryNode) => number): number {
    const node = this.#find(path);
    return typeof node === 'number' ? node : apply(node);
  }

  #find(path: string): MemoryNode | number {
    let node = this.#root;
    if (path === '') return node;
    for (const part of path.split('/')) {
      if (node.children === undefined) return -Errno.ENOTDIR;
      if (part.length > NAME_MAX) return -Errno.ENAMETOOLONG;
      const next = node.children.get(part);
      if (next === undefined) return -Errno.ENOENT;
      node = next;
    }
    return node;
  }

  #place(path: string): { parent: MemoryNode; name: string } | number {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    if (name === '') return -Errno.EBUSY;
    if (name.length > NAME_MAX) return -Errno.ENAMETOOLONG;
    const parent = this.#find(path.slice(0, Math.max(0, slash)));
    if (typeof parent === 'number') return parent;
    if (parent.children === undefined) return -Errno.ENOTDIR;
    return { parent, name };
  }

  #insert(path: string, mode: number): MemoryNode | number {
    if (path === '') return -Errno.EEXIST;
    const place = this.#place(path);
    if (typeof place === 'number') return place;
    if (place.parent.children?.has(place.name)) return -Errno.EEXIST;
    const node = this.#nodes.create(mode);
    if (typeof node === 'number') return node;
    const added = this.#nodes.addName(place.parent, place.name, node);
    if (added < 0) {
      node.links = 0;
      this.#nodes.settle(node);
      return added;
    }
    if (node.children !== undefined) place.parent.links++;
    this.#nodes.touch(place.parent);
    return node;
  }

  #unlink(path: string, node: MemoryNode): number {
    const place = this.#place(path);
    if (typeof place === 'number') return place;
    this.#nodes.dropName(place.parent, place.name);
    if (node.children !== undefined) place.parent.links--;
    this.#letGo(node);
    this.#nodes.touch(place.parent);
    return 0;
  }

  /** One name less leads to an inode. A directory has one name only. */
  #letGo(node: MemoryNode): void {
    node.links = node.children === undefined ? node.links - 1 : 0;
    this.#nodes.settle(node);
  }
}

function noRoom(path: string): RangeError {
  return new RangeError(`the memory budget has no room for ${path}`);
}

function resultOf(made: MemoryNode | number): number {
  return typeof made === 'number' ? made : 0;
}
