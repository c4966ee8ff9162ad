// Public names of @elf/parse/rewrite: files made out of other files, described as plans that nobody has to hold in memory.
export { compareLoaded, type LoadedComparison, type LoadedDifference } from './rewrite/compare-loaded.ts';
export { type PadOptions, padPlan9 } from './rewrite/pad-plan9.ts';
export {
  type ClosedWay,
  movePhdrsFirst,
  type PhdrsFirst,
  type PhdrsFirstOptions,
  type PhdrsFirstStrategy,
} from './rewrite/phdrs-first.ts';
export {
  type Patch,
  type RewriteChange,
  type RewritePiece,
  type RewritePlan,
  rewrittenSource,
} from './rewrite/rewrite-plan.ts';
