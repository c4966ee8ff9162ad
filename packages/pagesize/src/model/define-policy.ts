// Turns a policy's rule into a row: walks the segments, checks what every loader needs checked, and fills in the plan.
import type { AddressRange, LoadSegment } from '../load-segment.ts';
import type { MemoryAction } from '../memory-action.ts';
import type { ImageFacts, ImagePlan, PagePolicy, PlanRefusal, SegmentPlan } from '../page-policy.ts';
import { GUEST_PAGE_BYTES, isPowerOfTwo } from '../rounding.ts';
import { RangeMap } from './range-map.ts';
import { hex, SegmentBuilder, segmentLabel } from './segment-builder.ts';
import { SegmentNeighbours } from './segment-neighbours.ts';
import { upperOf, wideRoundDown, wideRoundUp } from './wide-rounding.ts';

/** The guest page as bigint. */
export const GUEST_PAGE = BigInt(GUEST_PAGE_BYTES);
/**
 * PT_LOADs a plan looks at: as many program headers as fit into the 64 KiB that Linux reads (fs/binfmt_elf.c, load_elf_phdrs). A longer
 * list is no image that runs anywhere, only a way to keep a checker busy.
 */
const MOST_SEGMENTS = 1170;
/** Bytes of the user half of x86-64's address space with four-level paging. */
const USER_SPACE_BYTES = 0x7fff_ffff_f000n;
const ADDRESS_LIMIT = 1n << 64n;

/** What a rule may look at. */
export interface RuleContext {
  readonly segments: readonly LoadSegment[];
  readonly facts: ImageFacts;
  readonly hostPageBytes: number;
  /** The host page as bigint. */
  readonly hostPage: bigint;
  readonly neighbours: SegmentNeighbours;
  /** Builders of the segments planned so far, the current one last. */
  readonly builders: readonly SegmentBuilder[];
}

/** Why a rule refuses a segment. */
export type RuleRefusal = Omit<PlanRefusal, 'segment'>;

/** What distinguishes one policy from another. */
export interface PolicyRule {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly sources: readonly string[];
  /** See {@link PagePolicy.isHostKernel}. */
  readonly isHostKernel?: boolean;
  /** AT_PAGESZ; the guest page when absent. */
  auxiliaryPageBytes?(context: RuleContext): number;
  /** A reason to refuse the image before anything is mapped. */
  refuseImage?(context: RuleContext): PlanRefusal | undefined;
  /** Bytes to which a segment is widened. */
  granularity(segment: LoadSegment, index: number, context: RuleContext): bigint;
  /** The file window ends at the last byte instead of at the granularity. */
  readonly isWindowExact?: boolean;
  /** Segments with more bytes in the file than in memory are let through. */
  readonly allowsLongFilePart?: boolean;
  /** Writes the steps of one segment, or refuses it. `page` is what `granularity` answered. */
  load(build: SegmentBuilder, page: bigint, context: RuleContext): RuleRefusal | undefined;
  /** Steps after the last segment. */
  finish?(context: RuleContext): void;
}

/** Makes a row of a rule. */
export function definePolicy(rule: PolicyRule): PagePolicy {
  const { name, title, description, sources, isHostKernel } = rule;
  return {
    name,
    title,
    description,
    sources,
    ...(isHostKernel && { isHostKernel }),
    plan: (segments, hostPageBytes, facts = {}) => planImage(rule, segments, hostPageBytes, facts),
  };
}

/** Plans all segments in table order; stops at the first refusal. */
function planImage(
  rule: PolicyRule,
  segments: readonly LoadSegment[],
  hostPageBytes: number,
  facts: ImageFacts,
): ImagePlan {
  if (!isPowerOfTwo(hostPageBytes) || hostPageBytes < GUEST_PAGE_BYTES) {
    throw new RangeError(`A host page is a power of two of at least ${GUEST_PAGE_BYTES} bytes, not ${hostPageBytes}.`);
  }
  const common = { policy: rule.name, hostPageBytes, guestPageBytes: GUEST_PAGE_BYTES };
  if (segments.length > MOST_SEGMENTS) {
    const sentence = `The image has ${segments.length} PT_LOADs; the 64 KiB of program headers that loaders read hold ${MOST_SEGMENTS}.`;
    const refusal = { segment: MOST_SEGMENTS, errno: 'ENOEXEC', rule: 'segment-count', sentence };
    return { ...common, auxiliaryPageBytes: GUEST_PAGE_BYTES, segments: [], refusal };
  }
  const builders: SegmentBuilder[] = [];
  const neighbours = new SegmentNeighbours(segments);
  const context = { segments, facts, hostPageBytes, hostPage: BigInt(hostPageBytes), neighbours, builders };
  const mapped = new RangeMap<number>();
  const guestPages = new RangeMap<number>();
  const granularities: bigint[] = [];
  let refusal = rule.refuseImage?.(context);
  for (const [index, segment] of segments.entries()) {
    if (refusal !== undefined) break;
    const page = rule.granularity(segment, index, context);
    const build = new SegmentBuilder(index, segment, mapped, guestPages);
    builders.push(build);
    granularities.push(page);
    const reason = refuseShape(rule, segment, index, page) ?? rule.load(build, page, context);
    if (reason !== undefined) refusal = { segment: index, ...reason };
  }
  if (refusal === undefined) rule.finish?.(context);
  else builders.splice(refusal.segment);
  return {
    ...common,
    auxiliaryPageBytes: rule.auxiliaryPageBytes?.(context) ?? GUEST_PAGE_BYTES,
    segments: builders.map((build, index) => segmentPlan(rule, build, granularities[index], neighbours)),
    ...(refusal && { refusal }),
  };
}

/** What no loader can map, whatever its rule. */
function refuseShape(rule: PolicyRule, segment: LoadSegment, index: number, page: bigint): RuleRefusal | undefined {
  const { vaddr, filesz, memsz } = segment;
  if (filesz > memsz && !rule.allowsLongFilePart) {
    const sentence = `${segmentLabel(segment, index)} has ${filesz} bytes in the file but only ${memsz} in memory.`;
    return { errno: 'EINVAL', rule: 'file-size', sentence };
  }
  const bytes = upperOf(filesz, memsz);
  const end = wideRoundUp(vaddr + bytes, page);
  if (end >= ADDRESS_LIMIT || end - wideRoundDown(vaddr, page) > USER_SPACE_BYTES) {
    const sentence = `${segmentLabel(segment, index)} does not fit an address space: ${hex(bytes)} bytes at ${hex(vaddr)} in steps of ${hex(page)}.`;
    return { errno: 'ENOMEM', rule: 'address', sentence };
  }
  return undefined;
}

function segmentPlan(
  rule: PolicyRule,
  { index, segment, actions, fileEnd, memoryEnd }: SegmentBuilder,
  page: bigint,
  neighbours: SegmentNeighbours,
): SegmentPlan {
  const pageStart = wideRoundDown(segment.vaddr, page);
  const windowEnd = rule.isWindowExact ? fileEnd : wideRoundUp(fileEnd, page);
  const overlaps = segment.memsz > 0n && neighbours.meetsOther(index, pageStart, wideRoundUp(memoryEnd, page));
  return {
    segment: index,
    granularity: Number(page),
    pageStart,
    pageOffset: segment.vaddr - pageStart,
    fileOffset: segment.offset - (segment.vaddr - pageStart),
    mappedBytes: segment.filesz === 0n ? 0n : windowEnd - pageStart,
    zeroRanges: zeroRanges(actions),
    overlaps,
    actions,
  };
}

function isZeroing({ kind }: MemoryAction): boolean {
  return kind === 'zero' || kind === 'map-anonymous';
}

/** Where one segment's steps leave zeros, adjacent ranges joined. */
function zeroRanges(actions: readonly MemoryAction[]): AddressRange[] {
  if (!actions.some(isZeroing)) return [];
  const content = new RangeMap<boolean>();
  for (const action of actions) {
    if (action.kind !== 'protect') content.assign(action.start, action.end, isZeroing(action));
  }
  const ranges: { start: bigint; end: bigint }[] = [];
  for (const { start, end, value: isZero } of content.entries) {
    if (!isZero) continue;
    const previous = ranges.at(-1);
    if (previous?.end === start) previous.end = end;
    else ranges.push({ start, end });
  }
  return ranges;
}
