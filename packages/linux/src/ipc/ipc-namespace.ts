// System V IPC objects by key and identifier (man 7 sysvipc): what shared memory, semaphores and message queues have in common.
import { Errno, type Kernel, type Process } from '@elf/kernel';
import { currentNamespaces, namespacesOfProcess } from '../namespaces/namespaces.ts';

export const IPC = { CREAT: 0o1000, EXCL: 0o2000, NOWAIT: 0o4000, RMID: 0, SET: 1, STAT: 2, INFO: 3 } as const;
const PRIVATE_KEY = 0;

/** Owner and mode of an object. */
export interface IpcObject {
  readonly key: number;
  readonly id: number;
  user: number;
  group: number;
  readonly creatorUser: number;
  readonly creatorGroup: number;
  mode: number;
  changeTime: bigint;
}

/** What IPC_SET changes. */
type PermissionFields = Pick<IpcObject, 'user' | 'group' | 'mode'>;

/** One kind of objects of a machine. */
export class IpcTable<Item extends IpcObject> {
  readonly #items = new Map<number, Item>();
  /** Identifiers by key, without the private ones. */
  readonly #keys = new Map<number, number>();
  #next = 0;

  /** All objects. */
  get items(): ReadonlyMap<number, Item> {
    return this.#items;
  }

  /** The highest index in use, 0 without any: what the INFO commands of Linux return. */
  get highest(): number {
    let highest = 0;
    for (const id of this.#items.keys()) highest = Math.max(highest, id);
    return highest;
  }

  find(id: number): Item | undefined {
    return this.#items.get(id);
  }

  /** shmget, semget and msgget: finds by key or makes one. `check` refuses an existing one with a negated error number. */
  get(
    process: Process,
    request: {
      readonly key: number;
      readonly flags: number;
      readonly now: bigint;
      /** Most objects there may be; -ENOSPC above. */
      readonly most?: number;
      /** The identifier that was asked for; below 0: any. */
      readonly nextId?: number;
    },
    make: (identity: IpcObject) => Item | number,
    check: (item: Item) => number,
  ): number {
    const { key, flags, now } = request;
    const known = key === PRIVATE_KEY ? undefined : this.#items.get(this.#keys.get(key) ?? -1);
    if (known !== undefined) {
      if ((flags & (IPC.CREAT | IPC.EXCL)) === (IPC.CREAT | IPC.EXCL)) return -Errno.EEXIST;
      const allowed = mayAccess(process, known, ((flags >> 6) | (flags >> 3) | flags) & 7);
      return allowed < 0 ? allowed : check(known) || known.id;
    }
    if (key !== PRIVATE_KEY && (flags & IPC.CREAT) === 0) return -Errno.ENOENT;
    if (request.most !== undefined && this.#items.size >= request.most) return -Errno.ENOSPC;
    const { effectiveUser, effectiveGroup } = process.credentials;
    const { nextId = -1 } = request;
    const isChosen = nextId >= 0 && !this.#items.has(nextId);
    const identity = {
      key,
      id: isChosen ? nextId : this.#next,
      user: effectiveUser,
      group: effectiveGroup,
      creatorUser: effectiveUser,
      creatorGroup: effectiveGroup,
      mode: flags & 0o777,
      changeTime: now,
    };
    const made = make(identity);
    if (typeof made === 'number') return made;
    this.#items.set(made.id, made);
    if (key !== PRIVATE_KEY) this.#keys.set(key, made.id);
    if (!isChosen) this.#next = made.id + 1;
    while (this.#items.has(this.#next)) this.#next++;
    return made.id;
  }

  remove(id: number): void {
    const key = this.#items.get(id)?.key;
    if (key !== undefined && this.#keys.get(key) === id) this.#keys.delete(key);
    this.#items.delete(id);
  }
}

/** One table for each IPC namespace, made when it is first asked for: that of whoever asks, or of a process that is named. */
export function tablePerNamespace<Item extends IpcObject>(): (kernel: Kernel, process?: Process) => IpcTable<Item> {
  const tables = new WeakMap<object, IpcTable<Item>>();
  return (kernel, process) => {
    const { ipc } = process === undefined ? currentNamespaces(kernel) : namespacesOfProcess(kernel, process);
    const known = tables.get(ipc) ?? new IpcTable<Item>();
    tables.set(ipc, known);
    return known;
  };
}

/** ipcperms: `wanted` are the bits 4 (read) and 2 (write). */
export function mayAccess(process: Process, item: IpcObject, wanted: number): number {
  const { effectiveUser, effectiveGroup, supplementary } = process.credentials;
  if (effectiveUser === 0) return 0;
  const inGroup = [item.group, item.creatorGroup].some(
    (each) => each === effectiveGroup || supplementary.includes(each),
  );
  const isOwner = effectiveUser === item.user || effectiveUser === item.creatorUser;
  const granted = item.mode >> (isOwner ? 6 : inGroup ? 3 : 0);
  return (wanted & ~granted & 6) === 0 ? 0 : -Errno.EACCES;
}

/** IPC_SET and IPC_RMID are the owner's and the creator's. */
export function mayChange(process: Process, item: IpcObject): number {
  const { effectiveUser } = process.credentials;
  return effectiveUser === 0 || effectiveUser === item.user || effectiveUser === item.creatorUser ? 0 : -Errno.EPERM;
}

/** IPC_SET's part of struct ipc64_perm. */
export function applyPermission(item: IpcObject, given: PermissionFields, now: bigint): void {
  item.user = given.user;
  item.group = given.group;
  item.mode = (item.mode & ~0o777) | (given.mode & 0o777);
  item.changeTime = now;
}

/** Seconds of a time in nanoseconds; 0 stays 0. */
export function secondsOf(time: bigint): bigint {
  return time / 1_000_000_000n;
}
