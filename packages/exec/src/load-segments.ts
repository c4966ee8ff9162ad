// All PT_LOADs of one image at once: asks the profile's segment rules, then maps by the kernel's rules or by a page policy's plan.
import { offsetWithin, roundDown } from '@elf/pagesize';
import type { ElfImage } from './formats/elf-image.ts';
import { brokenSegmentRules, failureOf } from './formats/elf-rule.ts';
import type { Placement } from './image-placement.ts';
import type { ImageTarget } from './image-target.ts';
import { type MapFailure, mapSegment } from './map-image.ts';
import { mapByPolicy } from './plan-execution.ts';

/** An image in memory. */
export interface LoadedSegments {
  /** Difference between addresses in memory and in the file. */
  readonly bias: number;
  /** First address above everything that was mapped for it. */
  readonly end: number;
  /** AT_PAGESZ when this is the program. */
  readonly auxiliaryPageBytes: number;
}

/** Maps an image at its placement. Nothing is undone on failure: the process dies. */
export function loadSegments(target: ImageTarget, image: ElfImage, placement: Placement): LoadedSegments | MapFailure {
  if (target.policy) {
    for (const index of image.loads.keys()) {
      const broken = brokenRule(target, image, index, placement.bias, placement.firstFixing === undefined);
      if (broken) return broken;
    }
    return mapByPolicy(target, target.policy, image, placement);
  }
  let { bias } = placement;
  let end = 0;
  for (const [index, segment] of image.loads.entries()) {
    const isFirst = index === 0;
    const broken = brokenRule(target, image, index, bias, isFirst && placement.firstFixing === undefined);
    if (broken) return broken;
    // Only loaders that accept filesz > memsz come here with such a segment, and skip it.
    if (segment.memsz === 0n && segment.filesz > 0n) continue;
    const address = Number(segment.vaddr) + bias;
    const fixing = isFirst ? placement.firstFixing : 'replace';
    const totalBytes = isFirst ? placement.reservedBytes : 0;
    const map = target.request.profile.traits?.mapSegment ?? mapSegment;
    const page = map(target, { file: image.file, segment, address, fixing, totalBytes });
    if (typeof page !== 'number') return page;
    // An image placed by the kernel's own choice learns its bias from where the first segment went.
    if (isFirst) bias += page - roundDown(address, target.pageBytes);
    end = Math.max(end, page + offsetWithin(address, target.pageBytes) + Number(segment.memsz));
  }
  return { bias, end, auxiliaryPageBytes: target.pageBytes };
}

/**
 * The first of the profile's segment rules that PT_LOAD `index` breaks; rules work in 64 bits, so that later steps may use
 * numbers.
 * @param isMovable nothing has its place yet, so that addresses are only relative.
 */
function brokenRule(
  { request, layout, pageBytes, policy }: ImageTarget,
  image: ElfImage,
  index: number,
  bias: number,
  isMovable: boolean,
): MapFailure | undefined {
  const { role, fileBytes } = image.candidate;
  const segment = image.loads[index];
  const candidate = {
    role,
    segment,
    earlier: image.loads.slice(0, index),
    address: segment.vaddr + (isMovable ? 0n : BigInt(bias)),
    isMovable,
    layout,
    // A policy copies what cannot be mapped; whether it demands congruence is for its plan to say.
    hostPageBytes: policy ? 1 : pageBytes,
    fileBytes,
    mayMapLowPages: request.credentials.mayMapLowPages === true,
  };
  const broken = brokenSegmentRules(request.profile.segmentRules, candidate).next().value;
  return broken && failureOf(broken, role);
}
