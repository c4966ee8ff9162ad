// The name space of a group of processes: what bind(2) put where. Mount points are files, not names: every way there finds them.
import { isDirectory } from '../stat-record.ts';
import { Failure } from '../errors.ts';
import type { MountEntry, Place } from './place.ts';

/** Flags of bind(2). */
export const BindFlag = { Replace: 0, Before: 1, After: 2, Create: 4, Cache: 0x10 } as const;
const ORDER = 3;
const KNOWN = 0x17;
/** Mounts of one name space: a directory bound behind itself doubles its union, and memory ends sometime. */
const MOST_MOUNTS = 4096; // not a page size: mounts

interface MountHead {
  /** The directory as it is without mounts. */
  readonly from: Place;
  entries: MountEntry[];
}

/** Mounts by place (PGRP of the kernel). */
export class NameSpace {
  readonly #heads = new Map<string, MountHead>();
  #nextId = 1;

  /** A copy for a process with RFNAMEG. */
  copy(): NameSpace {
    const made = new NameSpace();
    for (const [key, head] of this.#heads) made.#heads.set(key, { from: head.from, entries: [...head.entries] });
    made.#nextId = this.#nextId;
    return made;
  }

  /** What a place is once mounts are followed; its own name and parent stay. */
  follow(place: Place): Place {
    const head = this.#heads.get(keyOf(place));
    if (head === undefined) return place;
    const [first] = head.entries;
    const { device, path, facts } = first.place;
    return { device, path, facts, name: place.name, parent: place.parent, union: head.entries };
  }

  /** True for a place something is mounted on. */
  isMountPoint(place: Place): boolean {
    return this.#heads.has(keyOf(place));
  }

  /** bind(2). `to` is not followed. Returns the number of the mount. */
  bind(from: Place, to: Place, flags: number): number {
    const order = flags & ORDER;
    if ((flags & ~KNOWN) !== 0 || order === ORDER) return -Failure.BadArgument;
    if (isDirectory(from.facts) !== isDirectory(to.facts)) return -Failure.InconsistentMount;
    if (order !== BindFlag.Replace && !isDirectory(to.facts)) return -Failure.InconsistentMount;
    const head = this.#heads.get(keyOf(to)) ?? { from: to, entries: [] };
    const left = order === BindFlag.Replace ? this.#count() - head.entries.length : this.#count();
    if (left + (from.union?.length ?? 1) > MOST_MOUNTS) return -Failure.NoMemory;
    const mayCreate = (flags & BindFlag.Create) !== 0;
    const entry = { place: { ...from, union: undefined }, mayCreate, flags, id: this.#nextId++ };
    // Of a union all members come along, the first with the flags asked for.
    const others = (from.union ?? []).slice(1).map((each) => ({ ...each, id: this.#nextId++ }));
    const added = [entry, ...others];
    const own = { place: { ...to, union: undefined }, mayCreate: false, flags: 0, id: 0 };
    const before = head.entries.length === 0 ? [own] : head.entries;
    if (order === BindFlag.Replace) head.entries = added;
    else head.entries = order === BindFlag.Before ? [...added, ...before] : [...before, ...added];
    this.#heads.set(keyOf(to), head);
    return entry.id;
  }

  #count(): number {
    let count = 0;
    for (const { entries } of this.#heads.values()) count += entries.length;
    return count;
  }

  /** unmount(2): all of a place, or one member. */
  unmount(from: Place | undefined, to: Place): number {
    const key = keyOf(to);
    const head = this.#heads.get(key);
    if (head === undefined) return -Failure.NotMounted;
    if (from === undefined) {
      this.#heads.delete(key);
      return 0;
    }
    const at = head.entries.findIndex(({ place, id }) => id !== 0 && keyOf(place) === keyOf(from));
    if (at < 0) return -Failure.NotInUnion;
    head.entries.splice(at, 1);
    const isLeft = head.entries.some(({ id }) => id !== 0);
    if (!isLeft) this.#heads.delete(key);
    return 0;
  }

  /** Source, target and flags of every mount in the order they were made, for /proc/PID/ns. */
  mounts(): { readonly from: string; readonly to: string; readonly flags: number }[] {
    return [...this.#heads.values()]
      .flatMap((head) => head.entries.map((entry) => ({ entry, to: head.from.name })))
      .filter(({ entry }) => entry.id !== 0)
      .sort((left, right) => left.entry.id - right.entry.id)
      .map(({ entry, to }) => ({ from: entry.place.name, to, flags: entry.flags }));
  }
}

function keyOf({ device, path }: Place): string {
  return `${device.identity}\0${path}`;
}
