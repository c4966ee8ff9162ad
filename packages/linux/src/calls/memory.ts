// mmap(2), munmap(2), mprotect(2), mremap(2), brk(2), madvise(2), msync(2), mlock(2), mincore(2): registers to requests; @elf/mm acts.
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  flagSet,
  hexadecimal,
  int,
  oneOf,
  size,
  type Thread,
} from '@elf/kernel';
import { MADV_NAMES, MAP, MAP_NAMES, MREMAP_NAMES, PROT_NAMES } from '../abi/flags/memory-flags.ts';

const protection = flagSet(PROT_NAMES, 'PROT_NONE');
const PROT_WRITE = 2;

export const mmap = defineSystemCall({
  name: 'mmap',
  numbers: { 'x86-64': 9 },
  support: 'partial',
  note: 'MAP_HUGETLB is refused with ENOMEM.',
  result: 'hex',
  arguments: { address, length: size, protection, flags: flagSet(MAP_NAMES), fd: descriptor, offset: hexadecimal },
  run: (task, values) => {
    const { flags } = values;
    const type = flags & 3;
    if (type === 0 || values.length === 0) return -Errno.EINVAL;
    if ((flags & MAP.HUGETLB) !== 0) return -Errno.ENOMEM;
    const shared = (type & MAP.SHARED) !== 0;
    const file = (flags & MAP.ANONYMOUS) !== 0 ? undefined : fileToMap(task, values.fd, shared, values.protection);
    if (typeof file === 'number') return file;
    const fixed =
      (flags & MAP.FIXED_NOREPLACE) !== 0 ? 'no-replace' : (flags & MAP.FIXED) !== 0 ? 'replace' : undefined;
    const result = task.process.space.map({
      address: values.address,
      length: values.length,
      protection: values.protection & 7,
      fixed,
      shared,
      backing: file?.backing,
      maximumProtection: file?.maximumProtection,
      offset: file === undefined ? 0 : values.offset,
      growsDown: (flags & MAP.GROWSDOWN) !== 0,
      low32: (flags & MAP.BIT32) !== 0,
      noReserve: (flags & MAP.NORESERVE) !== 0,
      locked: (flags & MAP.LOCKED) !== 0,
    });
    if (result >= 0 && (flags & (MAP.POPULATE | MAP.LOCKED)) !== 0) task.process.space.populate(result, values.length);
    return result;
  },
});

export const munmap = defineSystemCall({
  name: 'munmap',
  numbers: { 'x86-64': 11 },
  support: 'full',
  arguments: { address, length: size },
  run: (task, values) => task.process.space.unmap(values.address, values.length),
});

export const mprotect = defineSystemCall({
  name: 'mprotect',
  numbers: { 'x86-64': 10 },
  support: 'partial',
  note: 'PROT_GROWSDOWN and PROT_GROWSUP are refused with EINVAL.',
  arguments: { address, length: size, protection },
  run: (task, values) => {
    if ((values.protection & ~7) !== 0) return -Errno.EINVAL;
    return task.process.space.protect(values.address, values.length, values.protection);
  },
});

export const mremap = defineSystemCall({
  name: 'mremap',
  numbers: { 'x86-64': 25 },
  support: 'full',
  result: 'hex',
  arguments: { address, oldLength: size, newLength: size, flags: flagSet(MREMAP_NAMES), fixedAddress: address },
  run: (task, values) => {
    if ((values.flags & ~7) !== 0) return -Errno.EINVAL;
    return task.process.space.remap({
      address: values.address,
      oldLength: values.oldLength,
      newLength: values.newLength,
      mayMove: (values.flags & MREMAP_NAMES.MREMAP_MAYMOVE) !== 0,
      fixedAddress: (values.flags & MREMAP_NAMES.MREMAP_FIXED) !== 0 ? values.fixedAddress : undefined,
      keepOld: (values.flags & MREMAP_NAMES.MREMAP_DONTUNMAP) !== 0,
    });
  },
});

export const brk = defineSystemCall({
  name: 'brk',
  numbers: { 'x86-64': 12 },
  support: 'full',
  result: 'hex',
  arguments: { address },
  run: (task, values) => task.process.space.brk(values.address),
});

export const madvise = defineSystemCall({
  name: 'madvise',
  numbers: { 'x86-64': 28 },
  support: 'full',
  arguments: { address, length: size, advice: oneOf(MADV_NAMES) },
  run: (task, values) => task.process.space.advise(values.address, values.length, values.advice),
});

export const msync = defineSystemCall({
  name: 'msync',
  numbers: { 'x86-64': 26 },
  support: 'full',
  arguments: { address, length: size, flags: flagSet({ MS_ASYNC: 1, MS_INVALIDATE: 2, MS_SYNC: 4 }) },
  run: (task, values) => {
    if ((values.flags & ~7) !== 0 || (values.flags & 5) === 5) return -Errno.EINVAL;
    return task.process.space.synchronize(values.address, values.length);
  },
});

export const mlock = defineSystemCall({
  name: 'mlock',
  numbers: { 'x86-64': 149 },
  support: 'full',
  arguments: { address, length: size },
  run: (task, values) => task.process.space.setLocked(values.address, values.length, true),
});

export const munlock = defineSystemCall({
  name: 'munlock',
  numbers: { 'x86-64': 150 },
  support: 'full',
  arguments: { address, length: size },
  run: (task, values) => task.process.space.setLocked(values.address, values.length, false),
});

export const mlockall = defineSystemCall({
  name: 'mlockall',
  numbers: { 'x86-64': 151 },
  support: 'partial',
  note: 'Accepted without effect: nothing is ever swapped out.',
  arguments: { flags: int },
  run: (_task, { flags }) => (flags === 0 || (flags & ~7) !== 0 ? -Errno.EINVAL : 0),
});

export const mincore = defineSystemCall({
  name: 'mincore',
  numbers: { 'x86-64': 27 },
  support: 'full',
  arguments: { address, length: size, vector: address },
  run: (task, values) => {
    const pages = task.process.space.residency(values.address, values.length);
    if (typeof pages === 'number') return pages;
    return task.user.write(values.vector, pages) ? 0 : -Errno.EFAULT;
  },
});

/** What a file mapping needs, checked as do_mmap does. */
function fileToMap(task: Thread, fd: number, shared: boolean, wanted: number) {
  const file = task.process.descriptors.get(fd);
  if (file === undefined || file.mode.pathOnly) return -Errno.EBADF;
  if (!file.mode.readable) return -Errno.EACCES;
  if (shared && (wanted & PROT_WRITE) !== 0 && !file.mode.writable) return -Errno.EACCES;
  const backing = file.file.backing?.();
  if (backing === undefined) return -Errno.ENODEV;
  const status = file.file.status();
  if (typeof status === 'number') return status;
  const { device, inode } = status;
  const shown = `${hexByte(device >>> 8)}:${hexByte(device & 0xff)}`;
  const named = backing.mapsEntry === undefined && file.path !== undefined;
  return {
    backing: named ? { ...backing, mapsEntry: { path: file.path as string, device: shown, inode } } : backing,
    maximumProtection: shared && !file.mode.writable ? 7 & ~PROT_WRITE : 7,
  };
}

function hexByte(value: number): string {
  return (value & 0xff).toString(16).padStart(2, '0');
}
