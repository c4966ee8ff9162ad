// MXCSR: how an instruction's exceptions become its sticky flags (SDM vol. 1, sections 10.2.3 and 11.5.2).

/** Invalid operation, denormal operand and division by zero: found before anything is computed. */
const BEFORE_COMPUTATION = 7;
const ALL = 0x3f;
const MASKS_SHIFT = 7;

/** Whether one of the exceptions is not masked, so that #XM is raised and nothing written. */
export function stops(mxcsr: number, raised: number): boolean {
  return (raised & ~(mxcsr >> MASKS_SHIFT) & ALL) !== 0;
}

/**
 * MXCSR after an instruction that raised some flags in any of its lanes. Those that come of rounding are not set when an operand's
 * exception that is not masked stopped the instruction before it.
 */
export function withFlags(mxcsr: number, raised: number): number {
  const unmasked = ~(mxcsr >> MASKS_SHIFT);
  return mxcsr | ((raised & unmasked & BEFORE_COMPUTATION) !== 0 ? raised & BEFORE_COMPUTATION : raised);
}
