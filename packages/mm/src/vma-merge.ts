// When two areas become one: the kernel's rules, which decide what /proc/PID/maps shows and how far mremap reaches.
import { AreaFlag, type Vma } from './vma.ts';

/**
 * Whether two neighbours are one area (mm/vma.c, is_mergeable_vma and is_mergeable_anon_vma).
 * @param existing which of the two is an area already; the other one is new or changing.
 */
export function canJoin(lower: Vma, upper: Vma, existing: Vma): boolean {
  const other = existing === lower ? upper : lower;
  return (
    lower.protection === upper.protection &&
    lower.flags === upper.flags &&
    continues(lower, upper) &&
    privatePagesJoin(existing, other)
  );
}

/** Whether the private pages of two existing neighbours may be in one area. */
export function pagesFit(lower: Vma, upper: Vma): boolean {
  return (
    lower.privatePages === undefined || upper.privatePages === undefined || lower.privatePages === upper.privatePages
  );
}

/**
 * The private pages an area starts with at its first private store: those of a neighbour that may join it some day, else
 * new ones (mm/vma.c, find_mergeable_anon_vma). Permissions may differ, since mprotect can make them equal.
 */
export function firstPrivatePages(area: Vma, below: Vma | undefined, above: Vma | undefined): object {
  if (above !== undefined && area.flags === above.flags && continues(area, above) && isReusable(above)) {
    return above.privatePages as object;
  }
  if (below !== undefined && below.flags === area.flags && continues(below, area) && isReusable(below)) {
    return below.privatePages as object;
  }
  return {};
}

function isReusable(area: Vma): boolean {
  return area.privatePages !== undefined && !area.sharesPrivatePages;
}

/** One range of addresses and of the file, under one name. */
function continues(lower: Vma, upper: Vma): boolean {
  return (
    lower.end === upper.start &&
    lower.offset + (lower.end - lower.start) === upper.offset &&
    lower.maximumProtection === upper.maximumProtection &&
    (lower.flags & AreaFlag.Special) === 0 &&
    lower.name === upper.name &&
    lower.backing?.identity === upper.backing?.identity &&
    lower.backing?.openFile === upper.backing?.openFile
  );
}

function privatePagesJoin(existing: Vma, other: Vma): boolean {
  if (existing.privatePages === other.privatePages && existing.privatePages !== undefined) return true;
  // Pages inherited from a parent are tied to it: only an area that has them already may take them in.
  if (existing.privatePages === undefined) return !other.sharesPrivatePages;
  if (other.privatePages === undefined) return !existing.sharesPrivatePages;
  return false;
}
