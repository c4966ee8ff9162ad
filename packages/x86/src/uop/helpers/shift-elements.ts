// Shifts of vector elements by a count of their own (SDM vol. 2, VPSLLV, VPSRLV, VPSRAV).
import { type HelperRow, helper } from './helper-row.ts';

/** Directions as the fifth cell names them. */
export const SHIFT_DIRECTIONS = ['shl', 'shr', 'sar'] as const;

/** Cells: result, source, counts, element width in bits, direction. One 128-bit lane. */
export const shiftElementsHelpers: readonly HelperRow[] = [
  helper('shift-elements', ({ memory: { u32, i32, i64 } }, out, source, counts, width, direction) => {
    const how = SHIFT_DIRECTIONS[i32[direction >>> 2]];
    if (i32[width >>> 2] === 64) {
      for (let lane = 0; lane < 2; lane += 1) {
        const count = BigInt.asUintN(64, i64[(counts >>> 3) + lane]);
        const value = BigInt.asUintN(64, i64[(source >>> 3) + lane]);
        i64[(out >>> 3) + lane] = count > 63n ? 0n : how === 'shl' ? value << count : value >> count;
      }
      return 0;
    }
    for (let lane = 0; lane < 4; lane += 1) {
      const count = u32[(counts >>> 2) + lane];
      const value = i32[(source >>> 2) + lane];
      if (how === 'sar') i32[(out >>> 2) + lane] = value >> Math.min(count, 31);
      else i32[(out >>> 2) + lane] = count > 31 ? 0 : how === 'shl' ? value << count : value >>> count;
    }
    return 0;
  }),
];
