// What memory holds after a plan: for every range, the action that filled it, and the permissions it has.
import type { LoadSegment } from '../load-segment.ts';
import type { MapAnonymous, MapFile, MemoryAction, ReadFile, Zero } from '../memory-action.ts';
import { definePolicy } from '../model/define-policy.ts';
import { REFERENCE_RULE } from '../model/linux-steps.ts';
import { RangeMap } from '../model/range-map.ts';
import type { ImagePlan } from '../page-policy.ts';
import { GUEST_PAGE_BYTES } from '../rounding.ts';
import type { ByteOrigin } from './damaged-range.ts';

/** An action that changes contents. */
export type ContentAction = MapFile | MapAnonymous | ReadFile | Zero;

/** Linux with 4 KiB pages without its refusals; plans are compared with it. */
const REFERENCE = definePolicy(REFERENCE_RULE);

/** What memory should hold. */
interface Reference {
  readonly content: RangeMap<ContentAction>;
  readonly protection: RangeMap<number>;
}

/** Kept as long as the list of segments: a check compares some twenty policies and three pages with one, a third of its time, measured. */
const references = new WeakMap<readonly LoadSegment[], Reference>();

/** What Linux with 4 KiB pages leaves in memory. The list must not change afterwards. */
export function referenceOf(segments: readonly LoadSegment[]): Reference {
  const known = references.get(segments);
  if (known !== undefined) return known;
  const actions = actionsOf(REFERENCE.plan(segments, GUEST_PAGE_BYTES));
  const reference = { content: contentAfter(actions), protection: protectionAfter(actions) };
  references.set(segments, reference);
  return reference;
}

/** All actions of a plan, in order. */
export function actionsOf(plan: ImagePlan): readonly MemoryAction[] {
  return plan.segments.flatMap(({ actions }) => actions);
}

/** For every mapped range the action its bytes come from. */
export function contentAfter(actions: readonly MemoryAction[]): RangeMap<ContentAction> {
  const content = new RangeMap<ContentAction>();
  for (const action of actions) if (action.kind !== 'protect') content.assign(action.start, action.end, action);
  return content;
}

/** For every mapped range its permissions. */
export function protectionAfter(actions: readonly MemoryAction[]): RangeMap<number> {
  const protections = new RangeMap<number>();
  for (const action of actions) {
    if ('protection' in action) protections.assign(action.start, action.end, action.protection);
  }
  return protections;
}

/** Where the byte at `address` comes from when `action` filled it. */
export function originAt(action: ContentAction | undefined, address: bigint): ByteOrigin {
  if (action === undefined) return { kind: 'unmapped' };
  if ('fileOffset' in action) return { kind: 'file', fileOffset: address - action.start + action.fileOffset };
  return { kind: 'zero' };
}

/** Whether two origins give the same byte. */
export function isSameOrigin(a: ByteOrigin, b: ByteOrigin): boolean {
  return a.kind === b.kind && (a.kind !== 'file' || b.kind !== 'file' || a.fileOffset === b.fileOffset);
}
