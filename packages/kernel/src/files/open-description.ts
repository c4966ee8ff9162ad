// An open file description (man 2 open): what descriptors made by dup and fork share - the position and the status flags.
import type { OpenFile } from './open-file.ts';

/** Status flags of an open file that fcntl can change, and its access mode. */
export interface OpenMode {
  readonly readable: boolean;
  readonly writable: boolean;
  append: boolean;
  nonBlocking: boolean;
  /** O_PATH: only names a place in the tree. */
  readonly pathOnly?: boolean;
  /** Flags that fcntl(F_GETFL) reports and nothing acts on (O_DIRECT, O_NOATIME ...), as the personality numbers them. */
  otherFlags?: number;
}

/** An open file description, counted by the descriptors (and calls in flight) that refer to it. */
export class OpenDescription {
  readonly file: OpenFile;
  readonly mode: OpenMode;
  /** Guest path it was opened by (resolved, byte string), kept up with renames; undefined for pipes and the like. */
  path: string | undefined;
  position: number;
  /** getdents64's snapshot of a directory: positions are indices into it. */
  listing: readonly { readonly name: string; readonly inode: number; readonly type: number }[] | undefined;
  #references = 1;
  #closeListeners: Set<() => void> | undefined;

  constructor(file: OpenFile, mode: OpenMode, path?: string) {
    this.file = file;
    this.mode = mode;
    this.path = path;
    this.position = file.startPosition ?? 0;
  }

  /** Number of descriptors that refer to this. */
  get references(): number {
    return this.#references;
  }

  /** Counts one more reference and returns this. */
  retain(): this {
    this.#references++;
    return this;
  }

  /** Drops a reference; the last one closes the file. */
  release(): void {
    if (--this.#references > 0) return;
    for (const listener of [...(this.#closeListeners ?? [])]) listener();
    this.file.close();
  }

  /** Calls `listener` when the last reference goes, until the returned function is called. */
  onClose(listener: () => void): () => void {
    this.#closeListeners ??= new Set();
    this.#closeListeners.add(listener);
    return () => {
      this.#closeListeners?.delete(listener);
    };
  }
}
