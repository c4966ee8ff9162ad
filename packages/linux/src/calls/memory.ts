// mmap(2), munmap(2), mprotect(2), mremap(2), brk(2): registers to requests; @elf/mm acts.
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  flagSet,
  hexadecimal,
  type OpenDescription,
  Seal,
  size,
  type Thread,
} from '@elf/kernel';
import { type AddressSpace, AreaFlag, GUEST_PAGE_OFFSET_MASK } from '@elf/mm';
import { LEGACY_MAP_MASK, MAP, MAP_NAMES, MREMAP_NAMES, PROT, PROT_NAMES } from '../abi/flags/memory-flags.ts';
import { HugePages } from '../huge-page-file.ts';
import { applyMemoryLimits } from './resource-limits.ts';

const protection = flagSet(PROT_NAMES, 'PROT_NONE');
/** Advice that stands for what MAP_DROPPABLE promises: gone in children, not in core dumps. */
const DROPPABLE_ADVICE = [18, 16] as const;

export const mmap = defineSystemCall({
  name: 'mmap',
  numbers: { 'x86-64': 9 },
  support: 'partial',
  note: 'MAP_HUGETLB is refused with ENOMEM: no huge pages are reserved.',
  result: 'hex',
  arguments: { address, length: size, protection, flags: flagSet(MAP_NAMES), fd: descriptor, offset: hexadecimal },
  run: (task, values) => {
    const { flags, length } = values;
    if ((values.offset & GUEST_PAGE_OFFSET_MASK) !== 0) return -Errno.EINVAL;
    const isAnonymous = (flags & MAP.ANONYMOUS) !== 0;
    const file = isAnonymous ? undefined : task.process.descriptors.get(values.fd);
    if (!isAnonymous && (file === undefined || file.mode.pathOnly)) return -Errno.EBADF;
    if (length === 0) return -Errno.EINVAL;
    if ((flags & MAP.HUGETLB) !== 0) return -Errno.ENOMEM;
    if (file?.file.control instanceof HugePages) return -Errno.ENOMEM;
    const type = flags & MAP.TYPE;
    const mapping = file === undefined ? anonymousMapping(type) : fileMapping(file, flags, values.protection);
    if (typeof mapping === 'number') return mapping;
    const space = limitedSpace(task);
    const result = space.map({
      ...mapping,
      address: values.address,
      length,
      protection: values.protection & PROT.ACCESS,
      fixed: (flags & MAP.FIXED_NOREPLACE) !== 0 ? 'no-replace' : (flags & MAP.FIXED) !== 0 ? 'replace' : undefined,
      offset: file === undefined ? 0 : values.offset,
      growsDown: (flags & MAP.GROWSDOWN) !== 0,
      low32: (flags & MAP.BIT32) !== 0,
      noReserve: (flags & MAP.NORESERVE) !== 0 || type === MAP.DROPPABLE,
      locked: (flags & MAP.LOCKED) !== 0,
      stack: (flags & MAP.STACK) !== 0,
    });
    if (result < 0) return result;
    if (type === MAP.DROPPABLE) for (const advice of DROPPABLE_ADVICE) space.advise(result, length, advice);
    // The space itself brings the pages of locked memory.
    if ((flags & (MAP.POPULATE | MAP.NONBLOCK)) === MAP.POPULATE) space.populate(result, length);
    return result;
  },
});

export const munmap = defineSystemCall({
  name: 'munmap',
  numbers: { 'x86-64': 11, i386: 91 },
  support: 'full',
  arguments: { address, length: size },
  run: (task, values) => task.process.space.unmap(values.address, values.length),
});

export const mprotect = defineSystemCall({
  name: 'mprotect',
  numbers: { 'x86-64': 10, i386: 125 },
  support: 'full',
  arguments: { address, length: size, protection },
  run: (task, { address: start, length, protection: wanted }) => {
    const grows = wanted & (PROT.GROWSDOWN | PROT.GROWSUP);
    const space = limitedSpace(task);
    if (grows === (PROT.GROWSDOWN | PROT.GROWSUP)) return -Errno.EINVAL;
    if ((wanted & ~grows & ~(PROT.ACCESS | PROT.SEM)) !== 0) return -Errno.EINVAL;
    const isPlain = grows === 0 || length === 0 || start % space.layout.mappingGranularity !== 0;
    if (isPlain) return space.protect(start, length, wanted & PROT.ACCESS);
    return protectStack(space, start, start + length, wanted);
  },
});

export const mremap = defineSystemCall({
  name: 'mremap',
  numbers: { 'x86-64': 25, i386: 163 },
  support: 'full',
  result: 'hex',
  arguments: { address, oldLength: size, newLength: size, flags: flagSet(MREMAP_NAMES), newAddress: address },
  run: (task, { flags, newAddress, ...range }) => {
    if ((flags & ~7) !== 0) return -Errno.EINVAL;
    const isFixed = (flags & MREMAP_NAMES.MREMAP_FIXED) !== 0;
    const keepOld = (flags & MREMAP_NAMES.MREMAP_DONTUNMAP) !== 0;
    return limitedSpace(task).remap({
      ...range,
      mayMove: (flags & MREMAP_NAMES.MREMAP_MAYMOVE) !== 0,
      fixedAddress: isFixed ? newAddress : undefined,
      keepOld,
      hint: keepOld && !isFixed ? newAddress : undefined,
    });
  },
});

export const brk = defineSystemCall({
  name: 'brk',
  numbers: { 'x86-64': 12, i386: 45 },
  support: 'full',
  result: 'hex',
  arguments: { address },
  run: (task, values) => limitedSpace(task).brk(values.address),
});

/** The address space with the limits of this moment. */
function limitedSpace(task: Thread): AddressSpace {
  applyMemoryLimits(task.process);
  return task.process.space;
}

function anonymousMapping(type: number): { readonly shared: boolean } | number {
  if (type !== MAP.SHARED && type !== MAP.PRIVATE && type !== MAP.DROPPABLE) return -Errno.EINVAL;
  return { shared: type === MAP.SHARED };
}

/** What a file mapping needs, checked as do_mmap does (mm/mmap.c). */
function fileMapping(description: OpenDescription, flags: number, wanted: number) {
  const { file, mode, path } = description;
  const type = flags & MAP.TYPE;
  if (type === MAP.SHARED_VALIDATE && (flags & ~(LEGACY_MAP_MASK | MAP.TYPE)) !== 0) return -Errno.EOPNOTSUPP;
  if (type === 0 || type > MAP.SHARED_VALIDATE) return -Errno.EINVAL;
  const shared = type !== MAP.PRIVATE;
  if (shared && (wanted & PROT.WRITE) !== 0 && !mode.writable) return -Errno.EACCES;
  if (!mode.readable) return -Errno.EACCES;
  const isSealed = shared && ((file.seals?.current ?? 0) & (Seal.Write | Seal.FutureWrite)) !== 0;
  if (isSealed && (wanted & PROT.WRITE) !== 0) return -Errno.EPERM;
  const backing = file.backing?.();
  if (backing === undefined) return -Errno.ENODEV;
  const status = file.status();
  if (typeof status === 'number') return status;
  const { device, inode } = status;
  const mapsEntry = path === undefined ? undefined : { path, device: deviceText(device), inode };
  return {
    shared,
    backing: { ...backing, openFile: description, mapsEntry: backing.mapsEntry ?? mapsEntry },
    maximumProtection: isSealed || (shared && !mode.writable) ? PROT.ACCESS & ~PROT.WRITE : PROT.ACCESS,
  };
}

/** PROT_GROWSDOWN: the change reaches to the lowest address of a stack. Nothing grows up on x86 (mm/mprotect.c, do_mprotect_pkey). */
function protectStack(space: AddressSpace, start: number, end: number, wanted: number): number {
  const area = space.areas.find((each) => each.end > start);
  if (area === undefined) return -Errno.ENOMEM;
  if ((wanted & PROT.GROWSUP) !== 0) return area.start > start ? -Errno.ENOMEM : -Errno.EINVAL;
  if (area.start >= end) return -Errno.ENOMEM;
  if ((area.flags & AreaFlag.GrowsDown) === 0) return -Errno.EINVAL;
  return space.protect(area.start, end - area.start, wanted & PROT.ACCESS);
}

function deviceText(device: number): string {
  const hex = (value: number) => (value & 0xff).toString(16).padStart(2, '0');
  return `${hex(device >>> 8)}:${hex(device)}`;
}
