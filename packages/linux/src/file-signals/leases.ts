// Leases of files (man 2 fcntl "Leases"): their holder hears of an open or truncation that conflicts, which waits until it gives way.
import {
  Errno,
  FileType,
  isType,
  type OpenDescription,
  Pending,
  type SystemCallResult,
  type Thread,
  type Viewpoint,
  WaitQueue,
} from '@elf/kernel';
import { ownerOf, signalOwner } from './file-owner.ts';

export const LeaseType = { Read: 0, Write: 1, None: 2 } as const;
/** What the signal of a breaking lease tells: POLL_MSG, and POLLIN | POLLOUT... as fs/fcntl.c's band_table has it. */
const MESSAGE = { code: 3, band: 0x401 } as const;
const NANOSECONDS = 1e9;

interface Lease {
  readonly holder: OpenDescription;
  readonly descriptor: number;
  readonly task: Thread;
  type: number;
  /** What it must become at least, while somebody waits for it. */
  breaksTo: number | undefined;
}

/** The leases of one machine. */
interface Leases {
  readonly held: Map<string, Lease[]>;
  readonly changes: WaitQueue;
  /** /proc/sys/fs/lease-break-time, seconds. */
  breakTime: number;
}

const ofKernels = /* @__PURE__ */ new WeakMap<object, Leases>();

/** The leases of a kernel. */
export function leasesOf(kernel: object): Leases {
  const known = ofKernels.get(kernel);
  if (known !== undefined) return known;
  const made = { held: new Map<string, Lease[]>(), changes: new WaitQueue(), breakTime: 45 };
  ofKernels.set(kernel, made);
  return made;
}

/** fcntl(F_GETLEASE): the type a breaking lease goes to is told already (fs/locks.c, target_leasetype). */
export function leaseType(task: Thread, file: OpenDescription): number {
  const lease = find(task, file);
  return lease === undefined ? LeaseType.None : (lease.breaksTo ?? lease.type);
}

/** fcntl(F_SETLEASE). */
export function setLease(task: Thread, file: OpenDescription, fd: number, type: number): number {
  if (type !== LeaseType.Read && type !== LeaseType.Write && type !== LeaseType.None) return -Errno.EINVAL;
  const status = file.file.status();
  if (typeof status === 'number') return status;
  const { effectiveUser } = task.process.credentials;
  if (effectiveUser !== 0 && effectiveUser !== status.user) return -Errno.EACCES;
  if (!isType(status, FileType.Regular)) return -Errno.EINVAL;
  const leases = leasesOf(task.kernel);
  const key = `${status.device}:${status.inode}`;
  const known = find(task, file);
  if (type === LeaseType.None) {
    if (known === undefined) return -Errno.EAGAIN;
    remove(leases, key, known);
    return 0;
  }
  if (known?.breaksTo !== undefined && type !== known.breaksTo) return -Errno.EAGAIN;
  const others = otherUses(task, file, key);
  const isHindered =
    type === LeaseType.Read ? file.mode.writable || others.some(({ mode }) => mode.writable) : others.length > 0;
  if (isHindered && known?.breaksTo === undefined) return -Errno.EAGAIN;
  const owner = ownerOf(file);
  if (owner.id === 0) owner.id = task.process.id;
  if (known !== undefined) {
    Object.assign(known, { type, breaksTo: undefined });
    leases.changes.wake();
    return 0;
  }
  const lease: Lease = { holder: file, descriptor: fd, task, type, breaksTo: undefined };
  leases.held.set(key, [...(leases.held.get(key) ?? []), lease]);
  file.onClose(() => remove(leases, key, lease));
  return 0;
}

/**
 * Does something to the file at a path once no lease of others stands in its way.
 * @param run the call itself.
 */
export function afterLeases(
  task: Thread,
  key: string | undefined,
  access: { readonly writes: boolean; readonly nonBlocking: boolean },
  run: () => SystemCallResult,
): SystemCallResult {
  const leases = leasesOf(task.kernel);
  if (key === undefined || leases.held.size === 0) return run();
  const conflicts = () => (leases.held.get(key) ?? []).filter(({ type }) => access.writes || type === LeaseType.Write);
  const standing = conflicts();
  if (standing.length === 0) return run();
  for (const lease of standing) {
    const target = access.writes ? LeaseType.None : LeaseType.Read;
    const isNew = lease.breaksTo === undefined;
    if (isNew || target === LeaseType.None) lease.breaksTo = target;
    if (isNew) signalOwner(lease.task, lease.holder, lease.descriptor, MESSAGE.code, MESSAGE.band);
  }
  if (access.nonBlocking) return -Errno.EAGAIN;
  const finish = () => {
    const result = run();
    // What waits for something else after that cannot wait here: leases are on regular files, whose calls do not.
    return result instanceof Pending ? -Errno.EAGAIN : result;
  };
  return new Pending({
    queues: [leases.changes],
    deadline: task.host.clock.monotonic() + leases.breakTime * NANOSECONDS,
    attempt: () => (conflicts().length === 0 ? finish() : undefined),
    // The kernel takes it away from a holder that does not answer.
    expire: () => {
      for (const lease of conflicts()) giveWay(leases, key, lease);
      return finish();
    },
    restartable: true,
  });
}

/** The file at a path as leases name it, while there are any. */
export function leasedFile(task: Thread, from: Viewpoint, path: string, noFollow = false): string | undefined {
  if (leasesOf(task.kernel).held.size === 0) return undefined;
  const status = task.kernel.tree.status(from, path, !noFollow);
  return typeof status === 'number' ? undefined : `${status.device}:${status.inode}`;
}

function giveWay(leases: Leases, key: string, lease: Lease): void {
  if (lease.breaksTo === LeaseType.Read) Object.assign(lease, { type: LeaseType.Read, breaksTo: undefined });
  else remove(leases, key, lease);
}

function find(task: Thread, file: OpenDescription): Lease | undefined {
  const status = file.file.status();
  if (typeof status === 'number') return undefined;
  const held = leasesOf(task.kernel).held.get(`${status.device}:${status.inode}`);
  return held?.find(({ holder }) => holder === file);
}

function remove(leases: Leases, key: string, lease: Lease): void {
  const left = (leases.held.get(key) ?? []).filter((each) => each !== lease);
  if (left.length === 0) leases.held.delete(key);
  else leases.held.set(key, left);
  leases.changes.wake();
}

/** The other open files of an inode, in all processes. */
function otherUses({ kernel }: Thread, file: OpenDescription, key: string): OpenDescription[] {
  const found = new Set<OpenDescription>();
  for (const { descriptors } of kernel.processes.values()) {
    for (const number of descriptors.numbers()) {
      const each = descriptors.get(number);
      const status = each === undefined || each === file || each.mode.pathOnly ? 0 : each.file.status();
      if (each !== undefined && typeof status === 'object' && `${status.device}:${status.inode}` === key)
        found.add(each);
    }
  }
  return [...found];
}
