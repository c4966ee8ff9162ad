// madvise(2), msync(2), mincore(2): what a program says and asks about its memory.
import { type ArgumentKind, address, defineSystemCall, Errno, flagSet, oneOf, size } from '@elf/kernel';
import { MADV_NAMES, MSYNC_NAMES } from '../abi/flags/memory-flags.ts';

/** Kernel pages mincore answers for at once: one page of answers (mm/mincore.c). */
const ANSWERS_AT_ONCE = 4096; // not a page size: bytes of the kernel's answer buffer

export const madvise = defineSystemCall({
  name: 'madvise',
  numbers: { 'x86-64': 28, i386: 219 },
  support: 'partial',
  note: 'MADV_COLLAPSE, MADV_HWPOISON, MADV_SOFT_OFFLINE, MADV_GUARD_INSTALL and MADV_GUARD_REMOVE are refused with EINVAL.',
  arguments: { address, length: size, advice: oneOf(MADV_NAMES) },
  run: (task, values) => task.process.space.advise(values.address, values.length, values.advice),
});

/** An address above the address space keeps its low half: whether it is one of a page is asked first. */
const placeOfPage: ArgumentKind<number> = {
  ...address,
  decode: (raw, index) =>
    raw.high[index] >>> 0 > HIGHEST_EXACT ? 2 ** 52 + (raw.low[index] >>> 0) : address.decode(raw, index),
};
/** High halves up to this leave a number that is exact. */
const HIGHEST_EXACT = 0x1f_ffff;

export const msync = defineSystemCall({
  name: 'msync',
  numbers: { 'x86-64': 26, i386: 144 },
  support: 'full',
  arguments: { address: placeOfPage, length: size, flags: flagSet(MSYNC_NAMES) },
  run: (task, values) => task.process.space.synchronize(values.address, values.length, values.flags),
});

/** Area by area, as the kernel does: what lies before a hole is answered, then comes ENOMEM. */
export const mincore = defineSystemCall({
  name: 'mincore',
  numbers: { 'x86-64': 27, i386: 218 },
  support: 'full',
  arguments: { address, length: size, vector: address },
  run: (task, { address: start, length, vector }) => {
    const { space } = task.process;
    const { mappingGranularity, taskSize } = space.layout;
    if (start % mappingGranularity !== 0) return -Errno.EINVAL;
    if (start + length > taskSize) return -Errno.ENOMEM;
    const end = start + Math.ceil(length / mappingGranularity) * mappingGranularity;
    if (vector + (end - start) / mappingGranularity > taskSize) return -Errno.EFAULT;
    let answered = vector;
    for (let position = start; position < end; ) {
      const area = space.find(position);
      if (area === undefined) return -Errno.ENOMEM;
      const stop = Math.min(end, area.end, position + ANSWERS_AT_ONCE * mappingGranularity);
      const pages = space.residency(position, stop - position);
      if (typeof pages === 'number') return pages;
      if (!task.user.write(answered, pages)) return -Errno.EFAULT;
      answered += pages.length;
      position = stop;
    }
    return 0;
  },
});
