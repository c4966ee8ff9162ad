// What damage looks like: a range of addresses, where its bytes should come from, and where they do come from.
import type { AddressRange } from '../load-segment.ts';

/** Where the bytes of a range come from. `fileOffset` is that of the range's first byte. */
export type ByteOrigin =
  | { readonly kind: 'file'; readonly fileOffset: bigint }
  | { readonly kind: 'zero' }
  | { readonly kind: 'unmapped' };

/** Memory of a segment that does not hold what Linux with 4 KiB pages would have put there. */
export interface DamagedRange extends AddressRange {
  readonly wanted: ByteOrigin;
  readonly got: ByteOrigin;
  /** Index of the PT_LOAD whose bytes are lost. */
  readonly segment: number;
  /** Index of the PT_LOAD whose loading did it. */
  readonly by: number;
}

/** Memory of a segment whose permissions are not those of Linux with 4 KiB pages (PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4). */
export interface ProtectionChange extends AddressRange {
  readonly wanted: number;
  readonly got: number;
}
