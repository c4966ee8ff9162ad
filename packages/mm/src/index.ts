// Public names of @elf/mm.
// The engines import nothing below this package, so the page arithmetic they inline is passed on from here.
export {
  GUEST_PAGE_BYTES,
  GUEST_PAGE_OFFSET_MASK,
  GUEST_PAGE_SHIFT,
  guestPageAddress,
  guestPageCeiling,
  guestPageOffset,
} from '@elf/pagesize';
export { AddressSpace } from './address-space.ts';
export { type Backing, bytesBacking, sharedAnonymousBacking } from './backing.ts';
export { MemoryErrno } from './errno.ts';
export type { FileFrames } from './file-frames.ts';
export { GuestMemory, type GuestMemoryOptions } from './guest-memory.ts';
export { type LayoutRandomization, type LayoutRandomizationOptions, randomizeLayout } from './layout-randomization.ts';
export type { MapRequest } from './map-request.ts';
export { MemoryExhausted } from './memory-exhausted.ts';
export { Access, FaultCause, Protection, permits } from './page-fault.ts';
export { STACK_GUARD_BYTES, stackGuardBytes } from './placement.ts';
export type { RemapRequest } from './remap.ts';
export type { AddressSpaceOptions, SpaceLayout } from './space-layout.ts';
export type { ProgramBreak } from './space-state.ts';
export {
  TLB_BYTES,
  TLB_EMPTY_TAG,
  TLB_ENTRIES,
  TLB_ENTRY_BYTES,
  TLB_EXECUTE_TAG_OFFSET,
  TLB_FOLD_SHIFT,
  TLB_HOST_DELTA_OFFSET,
  TLB_READ_TAG_OFFSET,
  TLB_WRITE_TAG_OFFSET,
} from './tlb/layout.ts';
export { Tlb } from './tlb/tlb.ts';
export { UserMemory } from './user-memory.ts';
export { AreaFlag, type Vma } from './vma.ts';
