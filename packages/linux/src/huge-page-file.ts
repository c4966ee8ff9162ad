// Files of huge pages (man 2 memfd_create, MFD_HUGETLB) as a kernel has them that reserved no huge pages: they can be made, not filled.
import { Errno, type OpenFile } from '@elf/kernel';

/** Sizes by their logarithm: none given, 2 MiB and 1 GiB (arch/x86/mm/hugetlbpage.c). */
const BYTES_BY_SIZE: Readonly<Record<number, number>> = { 0: 1 << 21, 21: 1 << 21, 30: 1 << 30 };

/** What stands behind such a file. */
export class HugePages {
  readonly bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** Bytes of a huge page of the size asked for; undefined: the processor has none like it. */
export function hugePageBytes(size: number): number | undefined {
  return BYTES_BY_SIZE[size];
}

/** The memory file such that nothing can be stored in it: write(2) is not for huge pages, and there are none to map. */
export function hugePageFile(file: OpenFile, bytes: number): OpenFile {
  const status = () => {
    const known = file.status();
    return typeof known === 'number' ? known : { ...known, blockSizeInBytes: bytes };
  };
  return {
    ...file,
    control: new HugePages(bytes),
    status,
    write: () => -Errno.EINVAL,
    truncate: (length) => (length % bytes === 0 ? (file.truncate?.(length) ?? -Errno.EINVAL) : -Errno.EINVAL),
    reserve: () => -Errno.ENOSPC,
    backing: undefined,
    mappedAs: undefined,
  };
}
