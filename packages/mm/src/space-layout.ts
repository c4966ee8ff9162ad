// Borders and limits of an address space, with Linux's x86-64 values as defaults.
import { GUEST_PAGE_BYTES, isPowerOfTwo, roundDown } from '@elf/pagesize';

/** Borders and limits of an address space. All are values, because personalities and hosts differ in them. */
export interface SpaceLayout {
  /** First address that is not the program's: TASK_SIZE, 0x7fff_ffff_f000 on x86-64 with four-level tables. */
  taskSize: number;
  /** Mappings without an address are placed below this one, highest gap first. */
  mmapBase: number;
  /** Lowest address that may be mapped (vm.mmap_min_addr; 0 for a privileged process). */
  minimumAddress: number;
  /** How large a stack may grow (RLIMIT_STACK). */
  stackLimitInBytes: number;
  /** How much may be mapped in total (RLIMIT_AS). */
  addressSpaceLimitInBytes: number;
  /** How much may be private and writable, and how far the program break may be from its start (RLIMIT_DATA). */
  dataLimitInBytes: number;
  /** How much may be locked (RLIMIT_MEMLOCK; infinite for a privileged process). */
  lockLimitInBytes: number;
  /** How much one call may promise: all memory of the machine with vm.overcommit_memory 0, infinite with 1. */
  commitLimitInBytes: number;
  /** Bytes of a huge page, at which large anonymous memory is placed; 0 for a kernel before 6.7. */
  hugePageBytes: number;
  /** How many areas there may be (vm.max_map_count). */
  maximumAreas: number;
  /**
   * The kernel's page in bytes: 4096, 16384 or 65536. Calls align to it and round up to it, as on a Linux kernel built with
   * that page size; frames, the TLB and `resolve` stay at the guest's 4 KiB. Not to be changed while areas exist.
   */
  mappingGranularity: number;
}

/** x86-64 with four-level page tables: the last page of the lower half stays unused (arch/x86/include/asm/page_64_types.h). */
const TASK_SIZE = 0x7fff_ffff_f000;
/** mmap_base without randomisation and with the usual 8 MiB stack limit: 128 MiB below the top (arch/x86/mm/mmap.c). */
const MMAP_BASE = TASK_SIZE - 0x800_0000;

/** A table of 8-byte entries fills one page, and a huge page is what one table maps: 2 MiB, 32 MiB or 512 MiB. */
const PAGE_TABLE_ENTRY_BYTES = 8;

/** Deviations from Linux's x86-64 layout without address randomisation. */
export type AddressSpaceOptions = Partial<SpaceLayout>;

/**
 * The layout with defaults for what is not given.
 * @throws RangeError when the mapping granularity is not a power of two of at least 4096.
 */
export function layoutFor(options: AddressSpaceOptions): SpaceLayout {
  const mappingGranularity = options.mappingGranularity ?? GUEST_PAGE_BYTES;
  if (!isPowerOfTwo(mappingGranularity) || mappingGranularity < GUEST_PAGE_BYTES) {
    throw new RangeError(`A mapping granularity is a power of two from 4096 on, not ${mappingGranularity}.`);
  }
  return {
    mappingGranularity,
    taskSize: roundDown(options.taskSize ?? TASK_SIZE, mappingGranularity),
    mmapBase: options.mmapBase ?? MMAP_BASE,
    minimumAddress: options.minimumAddress ?? 65536,
    hugePageBytes: options.hugePageBytes ?? (mappingGranularity * mappingGranularity) / PAGE_TABLE_ENTRY_BYTES,
    stackLimitInBytes: options.stackLimitInBytes ?? 8 * 1024 * 1024,
    addressSpaceLimitInBytes: options.addressSpaceLimitInBytes ?? Number.POSITIVE_INFINITY,
    dataLimitInBytes: options.dataLimitInBytes ?? Number.POSITIVE_INFINITY,
    lockLimitInBytes: options.lockLimitInBytes ?? Number.POSITIVE_INFINITY,
    commitLimitInBytes: options.commitLimitInBytes ?? Number.POSITIVE_INFINITY,
    maximumAreas: options.maximumAreas ?? 65530,
  };
}
