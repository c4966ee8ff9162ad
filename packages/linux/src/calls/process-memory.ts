// process_vm_readv(2), process_vm_writev(2), process_madvise(2), kcmp(2), pkey_mprotect(2): calls on the memory of a process.
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  int,
  oneOf,
  type Process,
  size,
  type Thread,
  unsigned,
} from '@elf/kernel';
import { AreaFlag, GUEST_PAGE_BYTES, guestPageAddress } from '@elf/mm';
import { PROT } from '../abi/flags/memory-flags.ts';
import { mayInspect } from '../signals/permission.ts';
import { processOf } from './process-descriptors.ts';

const MAXIMUM_VECTORS = 1024;
const VECTOR_BYTES = 16;
/** Bytes moved at a time: bounds what one call of a guest can make us allocate. */
const CHUNK_BYTES = 1 << 20;
// biome-ignore format: a table
const KCMP = {
  KCMP_FILE: 0, KCMP_VM: 1, KCMP_FILES: 2, KCMP_FS: 3, KCMP_SIGHAND: 4, KCMP_IO: 5, KCMP_SYSVSEM: 6, KCMP_EPOLL_TFD: 7,
} as const;

interface Range {
  readonly start: number;
  readonly length: number;
}

const vectorArguments = {
  process: int,
  local: address,
  localCount: size,
  remote: address,
  remoteCount: size,
  flags: size,
} as const;

export const processVmReadv = defineSystemCall({
  name: 'process_vm_readv',
  numbers: { 'x86-64': 310 },
  support: 'full',
  arguments: vectorArguments,
  run: (task, values) => transfer(task, values, (other) => [other, task.process]),
});

export const processVmWritev = defineSystemCall({
  name: 'process_vm_writev',
  numbers: { 'x86-64': 311 },
  support: 'full',
  arguments: vectorArguments,
  run: (task, values) => transfer(task, values, (other) => [task.process, other]),
});

export const processMadvise = defineSystemCall({
  name: 'process_madvise',
  numbers: { 'x86-64': 440, i386: 440 },
  support: 'full',
  arguments: { fd: descriptor, vectors: address, count: size, advice: int, flags: unsigned },
  run: (task, { fd, vectors, count, advice, flags }) => {
    if (flags !== 0) return -Errno.EINVAL;
    const ranges = readRanges(task, vectors, count);
    if (typeof ranges === 'number') return ranges;
    const process = processOf(task, fd);
    if (typeof process === 'number') return process;
    // MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED, MADV_COLLAPSE (mm/madvise.c, process_madvise_behavior_valid).
    if (![20, 21, 3, 25].includes(advice)) return -Errno.EINVAL;
    let done = 0;
    for (const { start, length } of ranges) {
      const result = process.space.advise(start, length, advice);
      if (result < 0) return done > 0 ? done : result;
      done += length;
    }
    return done;
  },
});

/** A process that was killed gives its memory back at once here, so there is never anything left to release. */
export const processMrelease = defineSystemCall({
  name: 'process_mrelease',
  numbers: { 'x86-64': 448, i386: 448 },
  support: 'full',
  arguments: { fd: descriptor, flags: unsigned },
  run: (task, { fd, flags }) => {
    if (flags !== 0) return -Errno.EINVAL;
    const process = processOf(task, fd);
    if (typeof process === 'number') return process;
    return process.exitStatus === undefined ? -Errno.EINVAL : -Errno.ESRCH;
  },
});

/** Emulated with mappings by Linux too (mm/mmap.c): another part of the file behind some pages of a shared mapping. */
export const remapFilePages = defineSystemCall({
  name: 'remap_file_pages',
  numbers: { 'x86-64': 216, i386: 257 },
  support: 'partial',
  note: 'The range lies in one mapping.',
  arguments: { address, length: size, protection: unsigned, page: size, flags: unsigned },
  run: (task, { address: given, length, protection, page }) => {
    const start = guestPageAddress(given);
    const area = task.process.space.find(start);
    if (protection !== 0 || length === 0 || area?.backing === undefined) return -Errno.EINVAL;
    const { space } = task.process;
    if (area.end < start + length || (area.flags & AreaFlag.Shared) === 0) return -Errno.EINVAL;
    const result = space.map({
      address: start,
      length,
      protection: area.protection,
      maximumProtection: area.maximumProtection,
      shared: true,
      backing: area.backing,
      offset: page * GUEST_PAGE_BYTES,
      fixed: 'replace',
    });
    return Math.min(result, 0);
  },
});

/** Without protection keys only key -1, "none", is known (arch/x86/mm/pkeys.c). */
export const pkeyMprotect = defineSystemCall({
  name: 'pkey_mprotect',
  numbers: { 'x86-64': 329, i386: 380 },
  support: 'partial',
  note: 'The processor has no protection keys: keys other than -1 are EINVAL.',
  arguments: { address, length: size, protection: unsigned, key: int },
  run: (task, { address: start, length, protection, key }) => {
    if (key !== -1 || (protection & ~PROT.ACCESS) !== 0) return -Errno.EINVAL;
    return task.process.space.protect(start, length, protection);
  },
});

export const kcmp = defineSystemCall({
  name: 'kcmp',
  numbers: { 'x86-64': 312, i386: 349 },
  support: 'partial',
  note: 'KCMP_EPOLL_TFD is refused with EOPNOTSUPP.',
  arguments: { first: int, second: int, kind: oneOf(KCMP), left: size, right: size },
  run: (task, { first, second, kind, left, right }) => {
    const one = task.kernel.threads.get(first)?.process;
    const two = task.kernel.threads.get(second)?.process;
    if (one === undefined || two === undefined) return -Errno.ESRCH;
    switch (kind) {
      case KCMP.KCMP_FILE: {
        const [here, there] = [one.descriptors.get(left), two.descriptors.get(right)];
        return here === undefined || there === undefined ? -Errno.EBADF : order(here, there);
      }
      case KCMP.KCMP_VM:
        return order(one.space, two.space);
      case KCMP.KCMP_FILES:
        return order(one.descriptors, two.descriptors);
      case KCMP.KCMP_FS:
        return order(one.place, two.place);
      case KCMP.KCMP_SIGHAND:
        return order(one, two);
      case KCMP.KCMP_IO:
      case KCMP.KCMP_SYSVSEM:
        return 0;
      case KCMP.KCMP_EPOLL_TFD:
        return -Errno.EOPNOTSUPP;
      default:
        return -Errno.EINVAL;
    }
  },
});

const ranks = /* @__PURE__ */ new WeakMap<object, number>();
const counter = { next: 1 };

/** 0 when both are one object, else 1 or 2 by an order that stays the same. */
function order(left: object, right: object): number {
  if (left === right) return 0;
  return rankOf(left) < rankOf(right) ? 1 : 2;
}

function rankOf(object: object): number {
  const known = ranks.get(object);
  if (known !== undefined) return known;
  ranks.set(object, counter.next);
  return counter.next++;
}

function transfer(
  task: Thread,
  values: { process: number; local: number; localCount: number; remote: number; remoteCount: number; flags: number },
  direction: (other: Process) => readonly [from: Process, to: Process],
): number {
  if (values.flags !== 0) return -Errno.EINVAL;
  const local = readRanges(task, values.local, values.localCount);
  const remote = readRanges(task, values.remote, values.remoteCount);
  if (typeof local === 'number') return local;
  if (typeof remote === 'number') return remote;
  const other = task.kernel.threads.get(values.process)?.process;
  if (other === undefined) return -Errno.ESRCH;
  if (!mayInspect(task, other)) return -Errno.EPERM;
  const [from, to] = direction(other);
  const [sources, targets] = to === task.process && from === other ? [remote, local] : [local, remote];
  let done = 0;
  let [sourceAt, targetAt, sourceDone, targetDone] = [0, 0, 0, 0];
  while (sourceAt < sources.length && targetAt < targets.length) {
    const source = sources[sourceAt];
    const target = targets[targetAt];
    const count = Math.min(source.length - sourceDone, target.length - targetDone, CHUNK_BYTES);
    if (count > 0) {
      const bytes = from.user.read(source.start + sourceDone, count);
      if (bytes === undefined || !to.user.write(target.start + targetDone, bytes))
        return done > 0 ? done : -Errno.EFAULT;
      done += count;
    }
    sourceDone += count;
    targetDone += count;
    if (sourceDone === source.length) [sourceAt, sourceDone] = [sourceAt + 1, 0];
    if (targetDone === target.length) [targetAt, targetDone] = [targetAt + 1, 0];
  }
  return done;
}

function readRanges(task: Thread, at: number, count: number): Range[] | number {
  if (count > MAXIMUM_VECTORS) return -Errno.EINVAL;
  const ranges: Range[] = [];
  for (let index = 0; index < count; index++) {
    const start = task.user.readAddress(at + index * VECTOR_BYTES);
    const length = task.user.readAddress(at + index * VECTOR_BYTES + 8);
    if (start === undefined || length === undefined) return -Errno.EFAULT;
    if (length > Number.MAX_SAFE_INTEGER) return -Errno.EINVAL;
    ranges.push({ start, length });
  }
  return ranges;
}
