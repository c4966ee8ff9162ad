// The shape of a policy row and of what it answers.
import type { AddressRange, LoadSegment } from './load-segment.ts';
import type { MemoryAction } from './memory-action.ts';

/** What a policy does for one PT_LOAD. */
export interface SegmentPlan {
  /** Index into the PT_LOAD list. */
  readonly segment: number;
  /** Bytes to which the policy widens this segment: a power of two. */
  readonly granularity: number;
  /** p_vaddr rounded down to the granularity. */
  readonly pageStart: bigint;
  /** p_vaddr minus `pageStart`. */
  readonly pageOffset: bigint;
  /** File offset that belongs at `pageStart`; negative when the file does not reach that far down. */
  readonly fileOffset: bigint;
  /** Bytes of the file window from `pageStart`; 0 when nothing of the segment comes from the file. */
  readonly mappedBytes: bigint;
  /** Where zeros are put, in order: ends of file pages and anonymous pages. */
  readonly zeroRanges: readonly AddressRange[];
  /** Whether the widened segment meets the memory of another PT_LOAD. */
  readonly overlaps: boolean;
  readonly actions: readonly MemoryAction[];
}

/** Why a policy does not load an image. */
export interface PlanRefusal {
  /** Index into the PT_LOAD list of the segment that broke the rule. */
  readonly segment: number;
  /** Symbolic error name, such as `EINVAL`. */
  readonly errno: string;
  /** Short id of the rule, such as `congruence`. */
  readonly rule: string;
  readonly sentence: string;
}

/** What a policy does with an image. When it refuses, `segments` holds those planned before the refusal. */
export interface ImagePlan {
  readonly policy: string;
  readonly hostPageBytes: number;
  readonly guestPageBytes: number;
  /** AT_PAGESZ as the guest sees it. */
  readonly auxiliaryPageBytes: number;
  readonly segments: readonly SegmentPlan[];
  readonly refusal?: PlanRefusal;
}

/** What an image says beside its PT_LOADs. Android's linker looks at it, the others do not. */
export interface ImageFacts {
  /** Each PT_GNU_RELRO: addresses that become read-only after relocation, as linked. */
  readonly relro?: readonly AddressRange[];
}

/** One loader's rule for segments on a host whose page may be larger than the guest's. */
export interface PagePolicy {
  /** Name for options and tables, such as `qemu-3.1-8.0`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Where the rule comes from: commits, pull requests, manual pages. */
  readonly sources: readonly string[];
  /** The host's kernel loads the program itself, so that the host's page holds for everything the program maps. */
  readonly isHostKernel?: boolean;
  /**
   * Plans the PT_LOADs of one image in table order. An impossible image is a refusal. O(n log n) in the number of segments,
   * whatever their sizes.
   *
   * @param hostPageBytes the host's page: a power of two from 4096 on.
   * @param facts what else the image says, see {@link imageFacts}; nothing when absent.
   * @throws RangeError when the host's page is none.
   */
  plan(segments: readonly LoadSegment[], hostPageBytes: number, facts?: ImageFacts): ImagePlan;
}
