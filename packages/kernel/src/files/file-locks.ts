// Advisory locks of files (man 2 flock, man 2 fcntl "Advisory record locking"): among the processes of this machine.
import { WaitQueue } from '../wait-queue.ts';

/** A lock on bytes [start, end) of a file. */
export interface FileLock {
  readonly isExclusive: boolean;
  readonly start: number;
  /** Infinity: to the end however far the file grows. */
  readonly end: number;
  /** Who it belongs to: a descriptor table (record locks), an open file description (flock and OFD locks). */
  readonly owner: object;
  /** Process that F_GETLK names; -1 for locks of descriptions. */
  readonly process: number;
}

/** The two families of locks, which do not see each other. */
export type LockFamily = 'whole' | 'record';

/** All locks of a machine. Files are named by device and inode. */
export class FileLocks {
  /** Woken when a lock is given back. */
  readonly changes = new WaitQueue();
  readonly #locks = new Map<string, FileLock[]>();
  /** Whom an owner waits for, to find circles. */
  readonly #waits = new Map<object, object>();

  /** The first lock that stands in the way. */
  conflict(family: LockFamily, file: string, wanted: FileLock): FileLock | undefined {
    const held = this.#locks.get(`${family} ${file}`) ?? [];
    return held.find(
      (lock) =>
        lock.owner !== wanted.owner &&
        lock.start < wanted.end &&
        wanted.start < lock.end &&
        (lock.isExclusive || wanted.isExclusive),
    );
  }

  /** Takes a lock that nothing stands in the way of; what its owner held of these bytes is replaced. */
  take(family: LockFamily, file: string, lock: FileLock): void {
    const others = this.#without(family, file, lock);
    // Neighbours of the same kind become one, and an owner's stay in the order of the file (fs/locks.c, posix_lock_inode).
    const joined = others.filter((each) => isNeighbour(each, lock));
    const merged = {
      ...lock,
      start: Math.min(lock.start, ...joined.map(({ start }) => start)),
      end: Math.max(lock.end, ...joined.map(({ end }) => end)),
    };
    const kept = others.filter((each) => !joined.includes(each));
    const next = kept.findIndex(({ owner, start }) => owner === lock.owner && start > merged.start);
    const last = kept.findLastIndex(({ owner }) => owner === lock.owner);
    kept.splice(next >= 0 ? next : last >= 0 ? last + 1 : kept.length, 0, merged);
    this.#locks.set(`${family} ${file}`, kept);
    this.changes.wake();
  }

  /** Gives these bytes back. */
  release(family: LockFamily, file: string, range: Pick<FileLock, 'owner' | 'start' | 'end'>): void {
    const kept = this.#without(family, file, range);
    if (kept.length === 0) this.#locks.delete(`${family} ${file}`);
    else this.#locks.set(`${family} ${file}`, kept);
    this.changes.wake();
  }

  /** True when waiting for `holder` would close a circle of owners that wait for each other (EDEADLK). */
  wouldDeadlock(owner: object, holder: object): boolean {
    let next: object | undefined = holder;
    for (let steps = 0; next !== undefined && steps <= this.#waits.size; steps++) {
      if (next === owner) return true;
      next = this.#waits.get(next);
    }
    return false;
  }

  /** Remembers whom an owner waits for; undefined when it no longer does. */
  setWait(owner: object, holder: object | undefined): void {
    if (holder === undefined) this.#waits.delete(owner);
    else this.#waits.set(owner, holder);
  }

  /** Number of locks held, for those who look for leaks. */
  get size(): number {
    return [...this.#locks.values()].reduce((sum, locks) => sum + locks.length, 0);
  }

  #without(family: LockFamily, file: string, range: Pick<FileLock, 'owner' | 'start' | 'end'>): FileLock[] {
    return (this.#locks.get(`${family} ${file}`) ?? []).flatMap((lock) => {
      if (lock.owner !== range.owner || lock.end <= range.start || range.end <= lock.start) return [lock];
      const parts = [
        { ...lock, end: range.start },
        { ...lock, start: range.end },
      ];
      return parts.filter(({ start, end }) => start < end);
    });
  }
}

function isNeighbour(left: FileLock, right: FileLock): boolean {
  const touches = left.end === right.start || right.end === left.start;
  return touches && left.owner === right.owner && left.isExclusive === right.isExclusive;
}
