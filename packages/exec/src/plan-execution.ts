// Carrying out a page policy's plan: the same rows of actions that damage() simulates, on the real address space.
import type { ImagePlan, MemoryAction, PagePolicy } from '@elf/pagesize';
import { imageFacts, roundDown } from '@elf/pagesize';
import { ExecErrno } from './exec-errno.ts';
import { hex } from './exec-record.ts';
import type { ElfImage } from './formats/elf-image.ts';
import type { Placement } from './image-placement.ts';
import type { ImageTarget } from './image-target.ts';
import type { LoadedSegments } from './load-segments.ts';
import { type MapFailure, maximumAlignment } from './map-image.ts';
import { fillFromFile, fillWithZeros } from './page-filler.ts';

interface Extent {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * Maps the PT_LOADs of an image by a policy.
 * @returns the bias, a multiple of the largest alignment and of the host page, so that the policy's rounding holds for
 * addresses in memory as well as for those in the file; or the failure.
 */
export function mapByPolicy(
  target: ImageTarget,
  policy: PagePolicy,
  image: ElfImage,
  placement: Placement,
): LoadedSegments | MapFailure {
  const plan = policy.plan(image.loads, target.hostPageBytes, imageFacts(image.programHeaders));
  const extent = extentOf(plan);
  const bias = extent === undefined ? 0 : biasFor(target, image, placement, extent);
  if (typeof bias === 'object') return bias;
  if (extent && (extent.start + BigInt(bias) < 0n || extent.end + BigInt(bias) > BigInt(target.layout.taskSize))) {
    const sentence = `${policy.name} maps ${hex(extent.start + BigInt(bias))}-${hex(extent.end + BigInt(bias))}, which does not fit the address space.`;
    return { errno: ExecErrno.ENOMEM, rule: 'policy-address', sentence };
  }
  let { firstFixing } = placement;
  for (const segment of plan.segments) {
    for (const action of segment.actions) {
      const failure = perform(target, image, action, bias, firstFixing === 'no-replace');
      if (failure) return noted(target, policy, segment.segment, failure);
      firstFixing = 'replace';
    }
    target.record.add({
      step: `map segment ${image.loads[segment.segment].index}`,
      kernelFunction: 'elf_load',
      inputs: { policy: policy.name, granularity: hex(segment.granularity), overlaps: segment.overlaps },
      decision: segment.actions.map((action) => describe(action, bias)).join(', ') || 'nothing to map',
    });
  }
  if (plan.refusal) {
    const { errno, rule, sentence, segment } = plan.refusal;
    const number = ExecErrno[errno as keyof typeof ExecErrno] ?? ExecErrno.ELIBBAD;
    return noted(target, policy, segment, { errno: number, rule: `policy-${rule}`, sentence });
  }
  const end = extent === undefined ? 0 : Number(extent.end) + bias;
  return { bias, end, auxiliaryPageBytes: plan.auxiliaryPageBytes };
}

/** Lowest and highest address any action touches, as linked. */
function extentOf({ segments }: ImagePlan): Extent | undefined {
  let start: bigint | undefined;
  let end = 0n;
  for (const action of segments.flatMap(({ actions }) => actions)) {
    if (start === undefined || action.start < start) start = action.start;
    if (action.end > end) end = action.end;
  }
  return start === undefined ? undefined : { start, end };
}

function biasFor(
  { space, hostPageBytes }: ImageTarget,
  image: ElfImage,
  { bias, firstFixing, reservedBytes }: Placement,
  extent: Extent,
): number | MapFailure {
  if (reservedBytes === 0) return bias;
  const alignment = Math.max(maximumAlignment(image.loads, hostPageBytes), hostPageBytes);
  if (firstFixing !== undefined) return roundDown(bias, alignment);
  const start = Number(extent.start - (extent.start % BigInt(alignment)));
  const length = Number(extent.end) - start;
  const place = space.map({ length, protection: 0, alignment });
  if (place < 0) {
    const sentence = `There is no room for ${hex(length)} bytes at a multiple of ${hex(alignment)}.`;
    return { errno: -place, rule: 'policy-room', sentence };
  }
  space.unmap(place, length);
  return place - start;
}

function perform(
  target: ImageTarget,
  image: ElfImage,
  action: MemoryAction,
  bias: number,
  mustBeFree: boolean,
): MapFailure | undefined {
  const { space } = target;
  const start = Number(action.start) + bias;
  const length = Number(action.end - action.start);
  const result = ((): number => {
    switch (action.kind) {
      case 'map-file':
      case 'map-anonymous': {
        const isFile = action.kind === 'map-file';
        return space.map({
          address: start,
          length,
          protection: action.protection,
          fixed: mustBeFree ? 'no-replace' : 'replace',
          backing: isFile ? image.file.backing : undefined,
          offset: isFile ? Number(action.fileOffset) : 0,
        });
      }
      case 'read-file':
        return fillFromFile(space, image.file, start, length, Number(action.fileOffset));
      case 'zero':
        return fillWithZeros(space, start, length);
      case 'protect':
        return space.protect(start, length, action.protection);
    }
  })();
  if (result >= 0) return undefined;
  const sentence = `${describe(action, bias)} for PT_LOAD ${image.loads[action.segment].index} is not possible.`;
  return { errno: -result, rule: `policy-${action.kind}`, sentence };
}

function describe(action: MemoryAction, bias: number): string {
  const range = `${action.kind} ${hex(action.start + BigInt(bias))}-${hex(action.end + BigInt(bias))}`;
  return 'fileOffset' in action ? `${range} from ${hex(action.fileOffset)}` : range;
}

function noted({ record }: ImageTarget, policy: PagePolicy, segment: number, failure: MapFailure): MapFailure {
  record.add({
    step: `map segment ${segment}`,
    kernelFunction: 'elf_load',
    inputs: { policy: policy.name },
    decision: failure.sentence,
    errno: failure.errno,
  });
  return failure;
}
