// Page arithmetic on plain numbers: the only place in the repository where a page mask or rounding is written.

/** Bytes of one guest page; x86 has had 4 KiB pages since the 386 (Intel SDM vol. 3A, section 4.3). */
export const GUEST_PAGE_BYTES = 4096;
/** log2 of {@link GUEST_PAGE_BYTES}. */
export const GUEST_PAGE_SHIFT = 12;
/** The bits of an address that lie inside its guest page. */
export const GUEST_PAGE_OFFSET_MASK = 0xfff;
/** Guest pages in 2 MiB, the reach of one x86 page-table page. */
export const GUEST_PAGES_PER_TABLE = 512;
/** Bytes one x86 page-table page covers: 2 MiB. */
export const GUEST_TABLE_BYTES = GUEST_PAGE_BYTES * GUEST_PAGES_PER_TABLE;

/**
 * Whether `value` is a power of two, exact for every safe integer (bit tricks stop at 32 bits).
 * @example
 * isPowerOfTwo(2 ** 40) // true
 */
export function isPowerOfTwo(value: number): boolean {
  return value >= 1 && Number.isInteger(Math.log2(value)) && 2 ** Math.log2(value) === value;
}

/**
 * `value` rounded down to a multiple of `granularityInBytes`, a power of two. Exact for 0 <= value <= 2^53: dividing by a
 * power of two only changes the exponent, so nothing is lost, and no step goes through a 32-bit integer.
 * @example
 * roundDown(0x7fff_ffff_f123, 4096) // 0x7fff_ffff_f000
 */
export function roundDown(value: number, granularityInBytes: number): number {
  return Math.floor(value / granularityInBytes) * granularityInBytes;
}

/**
 * `value` rounded up to a multiple of `granularityInBytes`, a power of two. Exact while the result is at most 2^53.
 * @example
 * roundUp(0x7fff_ffff_f001, 4096) // 0x8000_0000_0000
 */
export function roundUp(value: number, granularityInBytes: number): number {
  return Math.ceil(value / granularityInBytes) * granularityInBytes;
}

/**
 * Offset of `value` inside its unit of `granularityInBytes`, a power of two.
 * @example
 * offsetWithin(0x20_1234, 4096) // 0x234
 */
export function offsetWithin(value: number, granularityInBytes: number): number {
  return value - Math.floor(value / granularityInBytes) * granularityInBytes;
}

/**
 * Whether `value` is a multiple of `granularityInBytes`, a power of two.
 * @example
 * isAligned(0x3000, 4096) // true
 */
export function isAligned(value: number, granularityInBytes: number): boolean {
  return Number.isInteger(value / granularityInBytes);
}

/**
 * Address of the guest page that holds `guestAddress`.
 * @example
 * guestPageAddress(0x40_1fff) // 0x401000
 */
export function guestPageAddress(guestAddress: number): number {
  return Math.floor(guestAddress / GUEST_PAGE_BYTES) * GUEST_PAGE_BYTES;
}

/**
 * First guest page boundary at or above `guestAddress`.
 * @example
 * guestPageCeiling(0x40_1001) // 0x402000
 */
export function guestPageCeiling(guestAddress: number): number {
  return Math.ceil(guestAddress / GUEST_PAGE_BYTES) * GUEST_PAGE_BYTES;
}

/**
 * Number of the guest page that holds `guestAddress`; below 2^41 for safe integers, so never 32-bit truncated.
 * @example
 * guestPageNumber(0x7fff_ffff_f000) // 0x7_ffff_ffff
 */
export function guestPageNumber(guestAddress: number): number {
  return Math.floor(guestAddress / GUEST_PAGE_BYTES);
}

/**
 * Offset of `guestAddress` inside its guest page. The low bits survive conversion to a 32-bit integer, so this is one `and`.
 * @example
 * guestPageOffset(0x7fff_ffff_f123) // 0x123
 */
export function guestPageOffset(guestAddress: number): number {
  return guestAddress & GUEST_PAGE_OFFSET_MASK;
}

/**
 * Whether `guestAddress` is the start of a guest page.
 * @example
 * isGuestPageAligned(0x7fff_ffff_f000) // true
 */
export function isGuestPageAligned(guestAddress: number): boolean {
  return (guestAddress & GUEST_PAGE_OFFSET_MASK) === 0;
}
