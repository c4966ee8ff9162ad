// What memory holds when a plan has been carried out, for tables and pictures.
import type { AddressRange } from '../load-segment.ts';
import type { ImagePlan } from '../page-policy.ts';
import type { ByteOrigin } from './damaged-range.ts';
import { actionsOf, contentAfter, originAt, protectionAfter } from './origins.ts';

/** A range of memory with one source and one set of permissions. */
export interface MemoryPiece extends AddressRange {
  readonly origin: ByteOrigin;
  /** Index of the PT_LOAD whose loading filled it. */
  readonly segment: number;
  /** PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4. */
  readonly protection: number;
}

/**
 * The memory of an image after a plan, in address order; what a refused plan had mapped until then.
 *
 * @example
 * ```ts
 * for (const { start, end, origin } of memoryAfter(plan)) console.log(start, end, origin.kind);
 * ```
 */
export function memoryAfter(plan: ImagePlan): readonly MemoryPiece[] {
  const actions = actionsOf(plan);
  const protections = protectionAfter(actions);
  return contentAfter(actions).entries.flatMap(({ start, end, value: action }) =>
    protections.within(start, end).map((piece) => ({
      start: piece.start,
      end: piece.end,
      origin: originAt(action, piece.start),
      segment: action.segment,
      protection: piece.value,
    })),
  );
}
