// Public names of @elf/pagesize.
export {
  GUEST_PAGE_BYTES,
  GUEST_PAGE_OFFSET_MASK,
  GUEST_PAGE_SHIFT,
  GUEST_PAGES_PER_TABLE,
  GUEST_TABLE_BYTES,
  guestPageAddress,
  guestPageCeiling,
  guestPageNumber,
  guestPageOffset,
  isAligned,
  isGuestPageAligned,
  isPowerOfTwo,
  offsetWithin,
  roundDown,
  roundUp,
} from './rounding.ts';
