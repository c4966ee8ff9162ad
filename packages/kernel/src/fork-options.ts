// What fork gives a child: shares of the parent's things, or things of its own.
import type { AddressSpace } from '@elf/mm';

/** What a forked process shares with its parent. */
export interface ForkOptions {
  readonly shareSpace?: boolean;
  /** The child's address space, where the caller made one that is neither the parent's nor a copy of it. */
  readonly space?: AddressSpace;
  readonly shareDescriptors?: boolean;
  readonly sharePlace?: boolean;
  /** CLONE_PARENT. */
  readonly sibling?: boolean;
}
