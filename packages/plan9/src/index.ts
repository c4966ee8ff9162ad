// Public names of @elf/plan9.
export { PLAN9_CALLS } from './calls/index.ts';
export { exitStatusOf } from './exit-text.ts';
export { createPlan9Personality } from './plan9.ts';
