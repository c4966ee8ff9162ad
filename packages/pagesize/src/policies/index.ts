// The list of page policies: one line per row, in the order in which they are shown.
import type { PagePolicy } from '../page-policy.ts';

/** Every known policy. */
export const PAGE_POLICIES: readonly PagePolicy[] = [];

/**
 * The policy with this name.
 * @example
 * findPagePolicy('latx-pre304')?.title
 */
export function findPagePolicy(name: string): PagePolicy | undefined {
  return PAGE_POLICIES.find((policy) => policy.name === name);
}
