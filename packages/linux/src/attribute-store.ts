// Extended attributes of a machine's files, kept beside the file systems: by inode, for the life of the machine (man 7 xattr).
//
// Node can neither read nor write those of the host, so "user." and "trusted." names live here. Nothing of the host is shown or
// changed. Names whose meaning is outside (ACLs, file capabilities, labels) are refused: to keep them here would say that they act.
import { Errno, type FileStatus, type Kernel } from '@elf/kernel';

/** XATTR_NAME_MAX, XATTR_SIZE_MAX and XATTR_LIST_MAX (include/uapi/linux/limits.h). */
export const LONGEST_NAME = 255;
export const LARGEST_VALUE_BYTES = 65536; // not a page size: a limit of the interface
/** What one machine keeps at most; a file system that is full says ENOSPC. */
const LARGEST_STORE_BYTES = 1 << 26;
/** Counted for each attribute beside its bytes. */
const ENTRY_BYTES = 64;

const CREATE = 1;
const REPLACE = 2;

class AttributeStore {
  readonly #files = new Map<string, Map<string, Uint8Array>>();
  #bytes = 0;

  get(file: string, name: string): Uint8Array | undefined {
    return this.#files.get(file)?.get(name);
  }

  names(file: string): string[] {
    return [...(this.#files.get(file)?.keys() ?? [])];
  }

  set(file: string, name: string, value: Uint8Array, flags: number): number {
    const before = this.get(file, name);
    if (before !== undefined && (flags & CREATE) !== 0) return -Errno.EEXIST;
    if (before === undefined && (flags & REPLACE) !== 0) return -Errno.ENODATA;
    const used = this.#bytes + sizeOf(name, value) - (before === undefined ? 0 : sizeOf(name, before));
    if (used > LARGEST_STORE_BYTES) return -Errno.ENOSPC;
    this.#bytes = used;
    const attributes = this.#files.get(file) ?? new Map<string, Uint8Array>();
    this.#files.set(file, attributes.set(name, value));
    return 0;
  }

  remove(file: string, name: string): number {
    const attributes = this.#files.get(file);
    const value = attributes?.get(name);
    if (attributes === undefined || value === undefined) return -Errno.ENODATA;
    this.#bytes -= sizeOf(name, value);
    attributes.delete(name);
    if (attributes.size === 0) this.#files.delete(file);
    return 0;
  }
}

function sizeOf(name: string, value: Uint8Array): number {
  return ENTRY_BYTES + name.length + value.length;
}

const stores = /* @__PURE__ */ new WeakMap<Kernel, AttributeStore>();

/** The attributes of a machine's files. */
export function attributeStore(kernel: Kernel): AttributeStore {
  const known = stores.get(kernel);
  if (known !== undefined) return known;
  const made = new AttributeStore();
  stores.set(kernel, made);
  return made;
}

/** What an inode is known by: its number comes back after a removal, its birth does not. */
export function attributeKey({ device, inode, birthTime }: FileStatus): string {
  return `${device}:${inode}:${birthTime}`;
}
