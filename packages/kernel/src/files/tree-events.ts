// What happens to the files of a machine's tree, for those who watch them (inotify). Only what the machine's own programs do is seen.
import type { FileStatus } from './file-status.ts';

/** Kinds of happenings. */
export type TreeEventKind =
  | 'accessed'
  | 'modified'
  | 'attributes'
  | 'closed-written'
  | 'closed'
  | 'opened'
  | 'created'
  | 'removed'
  | 'moved-from'
  | 'moved-to';

/** One happening. */
export interface TreeEvent {
  readonly kind: TreeEventKind;
  /** Canonical path of the file. */
  readonly path: string;
  /** The file, as it was before it was removed. */
  readonly status: FileStatus;
  /** Joins the two halves of a rename; 0 elsewhere. */
  readonly cookie: number;
}

/** Those who listen to a tree. Without listeners nothing is looked up. */
export class TreeEvents {
  readonly #listeners = new Set<(event: TreeEvent) => void>();
  #cookie = 0;

  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Calls `listener` for every event until the returned function is called. */
  listen(listener: (event: TreeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Tells everybody; nothing when the status is an error. */
  emit(kind: TreeEventKind, path: string, status: FileStatus | number | undefined, cookie = 0): void {
    if (typeof status !== 'object') return;
    for (const listener of [...this.#listeners]) listener({ kind, path, status, cookie });
  }

  /** A number for a rename. */
  nextCookie(): number {
    this.#cookie += 1;
    return this.#cookie;
  }
}
