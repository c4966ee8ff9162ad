// Compares what a plan leaves in memory with Linux on 4 KiB pages: bytes from another place, and permissions that are not the same.
import type { LoadSegment } from '../load-segment.ts';
import { RangeCursor, RangeMap } from '../model/range-map.ts';
import type { ImagePlan } from '../page-policy.ts';
import type { ByteOrigin, DamagedRange, ProtectionChange } from './damaged-range.ts';
import { actionsOf, contentAfter, isSameOrigin, originAt, protectionAfter, referenceOf } from './origins.ts';

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
  const wantedContent = new RangeCursor(referenceOf(segments).content);
  const gotContent = new RangeCursor(contentAfter(actionsOf(plan)));
  const ranges: Mutable<DamagedRange>[] = [];
  for (const { start: ownStart, end: ownEnd, value: segment } of segmentOwners(segments).entries) {
    for (let start = ownStart, end = start; start < ownEnd; start = end) {
      const [before, after] = [wantedContent.seek(start), gotContent.seek(start)];
      end = gotContent.border(start, wantedContent.border(start, ownEnd));
      const [wanted, got] = [originAt(before, start), originAt(after, start)];
      if (isSameOrigin(wanted, got)) continue;
      const range = { start, end, wanted, got, segment, by: after?.segment ?? segment };
      const previous = ranges.at(-1);
      if (previous !== undefined && continues(previous, range)) previous.end = end;
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
  const gotProtection = new RangeCursor(protectionAfter(actionsOf(plan)));
  const changes: Mutable<ProtectionChange>[] = [];
  for (const { start: wantedStart, end: wantedEnd, value: wanted } of referenceOf(segments).protection.entries) {
    for (let start = wantedStart, end = start; start < wantedEnd; start = end) {
      const got = gotProtection.seek(start) ?? 0;
      end = gotProtection.border(start, wantedEnd);
      if (got === wanted) continue;
      const previous = changes.at(-1);
      if (previous?.end === start && previous.wanted === wanted && previous.got === got) previous.end = end;
      else changes.push({ start, end, wanted, got });
    }
  }
  return changes;
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
