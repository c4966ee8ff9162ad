// The rule that both generations of Android's compatibility mode share; they differ in what becomes of an image that does not fit.
import {
  compatibilityBoundary,
  imageRange,
  loadAsBionic,
  loadInCompatibilityMode,
  refuseSmallAlignment,
  usesCompatibilityMode,
} from './bionic-steps.ts';
import { GUEST_PAGE, type PolicyRule, type RuleContext } from './define-policy.ts';
import { PROT } from './segment-builder.ts';

/** Everything but the name. `fallback` says what happens to a layout without one border between code and data. */
export function compatibilityRule(
  fallback: 'refuse' | 'all permissions',
): Omit<PolicyRule, 'name' | 'title' | 'description' | 'sources'> {
  return {
    auxiliaryPageBytes: ({ hostPageBytes }) => hostPageBytes,
    refuseImage(context) {
      if (!usesCompatibilityMode(context)) return refuseSmallAlignment(context);
      const boundary = compatibilityBoundary(context);
      if (typeof boundary === 'bigint' || fallback !== 'refuse') return undefined;
      return { ...boundary, errno: 'dlerror', rule: 'compatibility-layout' };
    },
    granularity: (_segment, _index, context) => (usesCompatibilityMode(context) ? GUEST_PAGE : context.hostPage),
    load(build, page, context) {
      if (page === context.hostPage) return loadAsBionic(build, page);
      loadInCompatibilityMode(build, context);
      return undefined;
    },
    finish(context) {
      if (usesCompatibilityMode(context)) protectHalves(context);
    },
  };
}

/** Code and everything before the border is executable and read-only, the rest is data; without a border everything is allowed. */
function protectHalves(context: RuleContext): void {
  const last = context.builders.at(-1);
  if (last === undefined) return;
  const { start, end } = imageRange(context.segments);
  const boundary = compatibilityBoundary(context);
  if (typeof boundary !== 'bigint') {
    last.protect(start, end, PROT.READ | PROT.WRITE | PROT.EXEC);
    return;
  }
  last.protect(start, boundary, PROT.READ | PROT.EXEC);
  last.protect(boundary, end, PROT.READ | PROT.WRITE);
}
