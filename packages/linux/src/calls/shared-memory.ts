// shmget(2), shmat(2), shmdt(2), shmctl(2): System V shared memory.
import {
  address,
  createMemoryFile,
  defineSystemCall,
  Errno,
  flagSet,
  hexadecimal,
  int,
  type Kernel,
  type OpenFile,
  size,
  type Thread,
} from '@elf/kernel';
import { GUEST_PAGE_BYTES, guestPageAddress, guestPageOffset } from '@elf/mm';
import { PROT } from '../abi/flags/memory-flags.ts';
import { loadStruct, segmentLimits, segmentStatus, segmentUsage, storeStruct } from '../abi/structs/ipc.ts';
import {
  applyPermission,
  IPC,
  type IpcObject,
  mayAccess,
  mayChange,
  secondsOf,
  tablePerNamespace,
} from '../ipc/ipc-namespace.ts';
import { resetSetting, settingOf } from '../proc/system-settings.ts';

const SHM = { SHM_RDONLY: 0o10000, SHM_RND: 0o20000, SHM_REMAP: 0o40000, SHM_EXEC: 0o100000 } as const;
/** PROT_READ and PROT_EXEC. */
const READ = 1;
const EXECUTE = 4;
const SHM_HUGETLB = 0o4000;
const SHM_LOCK = 11;
const SHM_UNLOCK = 12;
const SHM_STAT = 13;
const SHM_INFO = 14;
const SHM_STAT_ANY = 15;
const SHM_LOCKED = 0o2000;
/** Mode bit of a segment that goes with its last attachment. */
const SHM_DEST = 0o1000;
/** SHMMAX here: what a file in memory can hold. */
export const LARGEST_SEGMENT = 1 << 30;

/** A segment. */
export interface Segment extends IpcObject {
  readonly length: number;
  readonly file: OpenFile;
  readonly creator: number;
  lastProcess: number;
  attachTime: bigint;
  detachTime: bigint;
}

const tableOf = /* @__PURE__ */ tablePerNamespace<Segment>();

export const shmget = defineSystemCall({
  name: 'shmget',
  numbers: { 'x86-64': 29, i386: 395 },
  support: 'partial',
  note: 'SHM_HUGETLB is refused with ENOMEM.',
  arguments: { key: int, length: size, flags: hexadecimal },
  run: (task, { key, length, flags }) => {
    const { kernel, process } = task;
    const now = task.host.clock.realtime();
    return tableOf(kernel).get(
      process,
      {
        key,
        flags,
        now,
        most: settingOf(kernel, 'kernel/shmmni')[0],
        nextId: settingOf(kernel, 'kernel/shm_next_id')[0],
      },
      (identity) => {
        if (length === 0 || length > LARGEST_SEGMENT) return -Errno.EINVAL;
        if ((flags & SHM_HUGETLB) !== 0) return -Errno.ENOMEM;
        const file = createMemoryFile({
          name: `/SYSV${(key >>> 0).toString(16).padStart(8, '0')} (deleted)`,
          mode: identity.mode,
          inode: identity.id,
          seals: { current: 0 },
          clock: task.host.clock,
          credentials: process.credentials,
          frames: kernel.memory.fileFrames,
          budget: kernel.memoryBudget,
        });
        if (typeof file === 'number') return file;
        const sized = file.truncate?.(length) ?? 0;
        if (sized < 0) return sized;
        resetSetting(kernel, 'kernel/shm_next_id');
        return { ...identity, length, file, creator: process.id, lastProcess: 0, attachTime: 0n, detachTime: 0n };
      },
      (segment) => (segment.length < length ? -Errno.EINVAL : 0),
    );
  },
});

export const shmat = defineSystemCall({
  name: 'shmat',
  numbers: { 'x86-64': 30, i386: 397 },
  support: 'full',
  result: 'hex',
  arguments: { id: int, address, flags: flagSet(SHM) },
  run: (task, { id, address: wanted, flags }) => {
    const segment = tableOf(task.kernel).find(id);
    if (segment === undefined) return -Errno.EINVAL;
    const readOnly = (flags & SHM.SHM_RDONLY) !== 0;
    const rounded = (flags & SHM.SHM_RND) !== 0 ? guestPageAddress(wanted) : wanted;
    if (guestPageOffset(rounded) !== 0) return -Errno.EINVAL;
    if (wanted === 0 && (flags & SHM.SHM_REMAP) !== 0) return -Errno.EINVAL;
    const allowed = mayAccess(task.process, segment, readOnly ? 4 : 6);
    if (allowed < 0) return allowed;
    const execute = (flags & SHM.SHM_EXEC) !== 0 ? EXECUTE : 0;
    const result = task.process.space.map({
      address: rounded,
      length: segment.length,
      protection: READ | (readOnly ? 0 : PROT.WRITE) | execute,
      maximumProtection: readOnly ? PROT.ACCESS & ~PROT.WRITE : PROT.ACCESS,
      shared: true,
      backing: segment.file.backing?.(),
      fixed: rounded === 0 ? undefined : (flags & SHM.SHM_REMAP) !== 0 ? 'replace' : 'no-replace',
    });
    if (result < 0) return result === -Errno.EEXIST ? -Errno.EINVAL : result;
    segment.attachTime = task.host.clock.realtime();
    segment.lastProcess = task.process.id;
    return result;
  },
});

export const shmdt = defineSystemCall({
  name: 'shmdt',
  numbers: { 'x86-64': 67, i386: 398 },
  support: 'full',
  arguments: { address },
  run: (task, { address: start }) => {
    const { space } = task.process;
    const area = space.find(start);
    const table = tableOf(task.kernel);
    const identity = area?.backing?.identity;
    const segment = [...table.items.values()].find((each) => each.file.mappedAs?.() === identity);
    if (area === undefined || identity === undefined || segment === undefined) return -Errno.EINVAL;
    if (area.start !== start || area.offset !== 0) return -Errno.EINVAL;
    const result = space.unmap(start, segment.length);
    if (result < 0) return result;
    segment.detachTime = task.host.clock.realtime();
    segment.lastProcess = task.process.id;
    dropUnused(task.kernel);
    return 0;
  },
});

export const shmctl = defineSystemCall({
  name: 'shmctl',
  numbers: { 'x86-64': 31, i386: 396 },
  support: 'partial',
  note: 'Locked segments are told, not held: nothing is swapped.',
  arguments: { id: int, command: int, buffer: address },
  run: (task, { id, command, buffer }) => {
    dropUnused(task.kernel);
    if (command === IPC.INFO) return storeLimits(task, buffer);
    if (command === SHM_INFO) return storeUsage(task, buffer);
    const segment = tableOf(task.kernel).find(id);
    if (segment === undefined) return -Errno.EINVAL;
    switch (command) {
      case SHM_STAT_ANY:
        return store(task, segment, buffer) || id;
      case SHM_STAT:
        return mayAccess(task.process, segment, 4) || store(task, segment, buffer) || id;
      case IPC.STAT:
        return mayAccess(task.process, segment, 4) || store(task, segment, buffer);
      case IPC.SET: {
        const given = loadStruct(task, buffer, segmentStatus);
        if (given === undefined) return -Errno.EFAULT;
        const allowed = mayChange(task.process, segment);
        if (allowed === 0) applyPermission(segment, given, task.host.clock.realtime());
        return allowed;
      }
      case IPC.RMID: {
        const allowed = mayChange(task.process, segment);
        if (allowed === 0) segment.mode |= SHM_DEST;
        dropUnused(task.kernel);
        return allowed;
      }
      case SHM_LOCK:
      case SHM_UNLOCK: {
        const allowed = mayChange(task.process, segment);
        if (allowed === 0) segment.mode = (segment.mode & ~SHM_LOCKED) | (command === SHM_LOCK ? SHM_LOCKED : 0);
        return allowed;
      }
      default:
        return -Errno.EINVAL;
    }
  },
});

/** Attachments are areas of living processes, so fork, exec and exit need no bookkeeping. */
export function attachments(kernel: Kernel, segment: Segment): number {
  const identity = segment.file.mappedAs?.();
  const spaces = new Set(
    [...kernel.processes.values()].filter((each) => each.exitStatus === undefined).map((each) => each.space),
  );
  let count = 0;
  for (const space of spaces) for (const area of space.areas) if (area.backing?.identity === identity) count++;
  return count;
}

/** All segments of a machine. */
export function segments(kernel: Kernel): Iterable<Segment> {
  return tableOf(kernel).items.values();
}

function storeLimits(task: Thread, buffer: number): number {
  const { kernel } = task;
  const [most] = settingOf(kernel, 'kernel/shmmni');
  const [pages] = settingOf(kernel, 'kernel/shmall');
  const limits = { largest: LARGEST_SEGMENT, smallest: 1, segments: most, perProcess: most, pages };
  return storeStruct(task, buffer, segmentLimits, limits) ? tableOf(kernel).highest : -Errno.EFAULT;
}

/** Segments, and pages they take. */
function storeUsage(task: Thread, buffer: number): number {
  const { items, highest } = tableOf(task.kernel);
  const pages = [...items.values()].reduce((sum, each) => sum + Math.ceil(each.length / GUEST_PAGE_BYTES), 0);
  const usage = { segments: items.size, pages, residentPages: pages };
  return storeStruct(task, buffer, segmentUsage, usage) ? highest : -Errno.EFAULT;
}

/** A removed segment lives as long as it is attached. */
function dropUnused(kernel: Kernel): void {
  const table = tableOf(kernel);
  for (const segment of [...table.items.values()]) {
    if ((segment.mode & SHM_DEST) !== 0 && attachments(kernel, segment) === 0) {
      table.remove(segment.id);
      segment.file.close();
    }
  }
}

function store(task: Thread, segment: Segment, buffer: number): number {
  const status = {
    ...segment,
    attachTime: secondsOf(segment.attachTime),
    detachTime: secondsOf(segment.detachTime),
    changeTime: secondsOf(segment.changeTime),
    attachments: attachments(task.kernel, segment),
  };
  return storeStruct(task, buffer, segmentStatus, status) ? 0 : -Errno.EFAULT;
}
