// PDEP and PEXT: bits of a value spread over, or gathered from, the places of a mask (SDM vol. 2, PDEP and PEXT).
import { type HelperRow, helper } from './helper-row.ts';

/** Cells: result, source, mask; all 64 bits count. */
export const bitScatterHelpers: readonly HelperRow[] = [
  helper('deposit-bits', ({ memory: { u32 } }, out, source, mask) => {
    const result = [0, 0];
    let taken = 0;
    for (let half = 0; half < 2; half += 1) {
      for (let left = u32[(mask >>> 2) + half]; left !== 0; left &= left - 1) {
        if ((u32[(source >>> 2) + (taken >>> 5)] >>> (taken & 31)) & 1) result[half] |= left & -left;
        taken += 1;
      }
    }
    u32[out >>> 2] = result[0];
    u32[(out >>> 2) + 1] = result[1];
    return 0;
  }),
  helper('extract-bits', ({ memory: { u32 } }, out, source, mask) => {
    const result = [0, 0];
    let given = 0;
    for (let half = 0; half < 2; half += 1) {
      const word = u32[(source >>> 2) + half];
      for (let left = u32[(mask >>> 2) + half]; left !== 0; left &= left - 1) {
        if ((word & left & -left) !== 0) result[given >>> 5] |= 1 << (given & 31);
        given += 1;
      }
    }
    u32[out >>> 2] = result[0];
    u32[(out >>> 2) + 1] = result[1];
    return 0;
  }),
];
