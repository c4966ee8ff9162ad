// Public names of @elf/pagesize.
export { damage, protectionChanges } from './damage/damage.ts';
export {
  type DamagedNames,
  damagedNames,
  type NamedImage,
  type NamedRange,
  type NamedSection,
  type NamedSymbols,
  type NamesOptions,
} from './damage/damaged-names.ts';
export type { ByteOrigin, DamagedRange, ProtectionChange } from './damage/damaged-range.ts';
export {
  type DamageExcerpt,
  type ImageBytes,
  type MeasuredDamage,
  type MeasuredRange,
  type MeasureOptions,
  measureDamage,
} from './damage/measure-damage.ts';
export { type MemoryPiece, memoryAfter } from './damage/memory-after.ts';
export { imageFacts } from './image-facts.ts';
export type { AddressRange, LoadSegment } from './load-segment.ts';
export type { MapAnonymous, MapFile, MemoryAction, Protect, ReadFile, Zero } from './memory-action.ts';
export type { ImageFacts, ImagePlan, PagePolicy, PlanRefusal, SegmentPlan } from './page-policy.ts';
export { findPagePolicy, PAGE_POLICIES } from './policies/index.ts';
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
