// Permutations whose choice is data: VPERMILPS/PD with a vector control, VPERMD, VPERMPS (SDM vol. 2).
import { type HelperRow, helper } from './helper-row.ts';

export const permuteHelpers: readonly HelperRow[] = [
  // Cells: result, source, control, element width in bits. One 128-bit lane; the result is no other cell.
  helper('permute-in-lane', ({ memory: { i32 } }, out, source, control, width) => {
    const [to, from, choice] = [out >>> 2, source >>> 2, control >>> 2];
    if (i32[width >>> 2] === 32) {
      for (let place = 0; place < 4; place += 1) i32[to + place] = i32[from + (i32[choice + place] & 3)];
      return 0;
    }
    for (let place = 0; place < 4; place += 2) {
      const chosen = i32[choice + place] & 2;
      i32[to + place] = i32[from + chosen];
      i32[to + place + 1] = i32[from + chosen + 1];
    }
    return 0;
  }),
  // Cells: result, source, indices, each of 256 bits.
  helper('permute-doublewords', ({ memory: { i32 } }, out, source, indices) => {
    for (let place = 0; place < 8; place += 1) i32[(out >>> 2) + place] = i32[(source >>> 2) + (i32[(indices >>> 2) + place] & 7)];
    return 0;
  }),
];
