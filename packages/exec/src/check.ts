// Public names of @elf/exec/check: which loader accepts a file, which refuses or damages it, by which rule, and what fixes it.
export { checkImage } from './check/check-image.ts';
export { CHECK_LOADERS, type CheckLoader, findCheckLoader } from './check/check-loaders.ts';
export { type CheckOptions, DEFAULT_HOST_PAGES, type ZipPlacement } from './check/check-options.ts';
export type { CheckRule, FixFacts } from './check/check-rule.ts';
export { CHECK_RULES, findCheckRule } from './check/check-rules.ts';
export type {
  CheckReport,
  DamageEvidence,
  Finding,
  FindingEvidence,
  FindingLocation,
  ImageKind,
  LoaderVerdict,
  RuntimeMarker,
  Severity,
} from './check/finding.ts';
