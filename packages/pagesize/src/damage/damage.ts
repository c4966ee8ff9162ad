// Compares what a plan leaves in memory with Linux on 4 KiB pages: bytes from another place, and permissions that are not the same.
import type { LoadSegment } from '../load-segment.ts';
import { RangeCursor, RangeMap } from '../model/range-map.ts';
import type { ImagePlan } from '../page-policy.ts';
import type { ByteOrigin, DamagedRange, ProtectionChange } from './damaged-range.ts';
import {
  actionsOf,
  type ContentAction,
  contentAfter,
  isSameOrigin,
  originAt,
  protectionAfter,
  REFERENCE,
} from './origins.ts';

/**
 * The bytes of segments that a plan takes from the wrong place, as ranges in address order. Only `[p_vaddr, p_vaddr + p_memsz)` counts: what
 * fills a page up is nobody's. A range tells where bytes come from, not whether they differ; {@link measureDamage} reads the file for that.
 *
 * The measure is Linux with 4 KiB pages (fs/binfmt_elf.c). A refused plan loads nothing and so damages nothing.
 *
 * @example
 * ```ts
 * const plan = findPagePolicy('latx-pre304')!.plan(loads, 16384);
 * for (const { start, end } of damage(plan, loads)) console.log(start.toString(16), end - start);
 * ```
 */
export function damage(plan: ImagePlan, segments: readonly LoadSegment[]): readonly DamagedRange[] {
  if (plan.refusal !== undefined) return [];
  const wantedContent = reference(segments, plan.guestPageBytes).content;
  const gotContent = contentAfter(actionsOf(plan));
  const ranges: Mutable<DamagedRange>[] = [];
  for (const { start, end, value: segment } of segmentOwners(segments).entries) {
    for (const piece of commonPieces(start, end, wantedContent, gotContent)) {
      const wanted = originAt(piece.first, piece.start);
      const got = originAt(piece.second, piece.start);
      if (isSameOrigin(wanted, got)) continue;
      const range = { start: piece.start, end: piece.end, wanted, got, segment, by: piece.second?.segment ?? segment };
      const previous = ranges.at(-1);
      if (previous !== undefined && continues(previous, range)) previous.end = range.end;
      else ranges.push(range);
    }
  }
  return ranges;
}

/**
 * Memory of segments whose permissions are not those of Linux with 4 KiB pages, in address order, whole guest pages. Pages that Linux
 * would leave unmapped are not looked at; one that the plan leaves unmapped has the permissions 0.
 */
export function protectionChanges(plan: ImagePlan, segments: readonly LoadSegment[]): readonly ProtectionChange[] {
  if (plan.refusal !== undefined) return [];
  const wantedMap = reference(segments, plan.guestPageBytes).protections;
  const gotMap = protectionAfter(actionsOf(plan));
  const changes: Mutable<ProtectionChange>[] = [];
  for (const { start, end, value: wanted } of wantedMap.entries) {
    for (const piece of commonPieces(start, end, gotMap, gotMap)) {
      const got = piece.first ?? 0;
      if (got === wanted) continue;
      const previous = changes.at(-1);
      if (previous?.end === piece.start && previous.wanted === wanted && previous.got === got) previous.end = piece.end;
      else changes.push({ start: piece.start, end: piece.end, wanted, got });
    }
  }
  return changes;
}

/** What Linux on 4 KiB pages leaves in memory. */
interface Reference {
  readonly content: RangeMap<ContentAction>;
  readonly protections: RangeMap<number>;
}

/** A check compares some twenty policies and three page sizes with the reference of one list: a third of its time, measured. */
const references = new WeakMap<readonly LoadSegment[], Reference>();

function reference(segments: readonly LoadSegment[], guestPageBytes: number): Reference {
  const known = references.get(segments);
  if (known !== undefined) return known;
  const actions = actionsOf(REFERENCE.plan(segments, guestPageBytes));
  const made = { content: contentAfter(actions), protections: protectionAfter(actions) };
  references.set(segments, made);
  return made;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Whose memory an address is: where segments overlap, the one loaded last. */
function segmentOwners(segments: readonly LoadSegment[]): RangeMap<number> {
  const owners = new RangeMap<number>();
  for (const [index, { vaddr, memsz }] of segments.entries()) owners.assign(vaddr, vaddr + memsz, index);
  return owners;
}

/** Whether a range goes on where another ends: same owner, same culprit, same shift. */
function continues(previous: DamagedRange, next: DamagedRange): boolean {
  const advanced = (origin: ByteOrigin): ByteOrigin =>
    origin.kind === 'file' ? { kind: 'file', fileOffset: origin.fileOffset + previous.end - previous.start } : origin;
  return (
    previous.end === next.start &&
    previous.segment === next.segment &&
    previous.by === next.by &&
    isSameOrigin(advanced(previous.wanted), next.wanted) &&
    isSameOrigin(advanced(previous.got), next.got)
  );
}
