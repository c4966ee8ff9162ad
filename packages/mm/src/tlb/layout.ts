// Layout of the software TLB in guest memory, shared as data with the engines that inline the lookup.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';

/** Entries of the direct-mapped TLB; an address selects entry `(address >>> 12 ^ address >>> TLB_FOLD_SHIFT) & (TLB_ENTRIES - 1)`. */
export const TLB_ENTRIES = 1024;
/**
 * The bits from here to 31 join the index. Without them the first mapping, exactly 128 MiB below the stack's top (Linux, mmap_base), and
 * the stack would evict each other: CoreMark took 1.7 times as long.
 */
export const TLB_FOLD_SHIFT = 22;
/** Bytes of one entry; a power of two, so that the index becomes an offset by a shift. */
export const TLB_ENTRY_BYTES = 32;
/** Offset of the 64-bit tag that a load compares with its page address. */
export const TLB_READ_TAG_OFFSET = 0;
/** Offset of the 64-bit tag that a store compares. */
export const TLB_WRITE_TAG_OFFSET = 8;
/** Offset of the 64-bit tag that an instruction fetch compares. */
export const TLB_EXECUTE_TAG_OFFSET = 16;
/** Offset of the 32-bit number that, added to the low 32 bits of the guest address, gives the host offset (modulo 2^32). */
export const TLB_HOST_DELTA_OFFSET = 24;
/** A tag no page address equals, because the low bits of a page address are zero. */
export const TLB_EMPTY_TAG = -1n;
/** Bytes of a whole TLB. */
export const TLB_BYTES = TLB_ENTRIES * TLB_ENTRY_BYTES;

/** The entry that a page address selects. */
export function tlbEntryOf(pageAddress: number): number {
  return ((pageAddress / GUEST_PAGE_BYTES) ^ (pageAddress >>> TLB_FOLD_SHIFT)) & (TLB_ENTRIES - 1);
}
