// Multiplication of polynomials over GF(2): PCLMULQDQ (SDM vol. 2).
import { type HelperRow, helper } from '../helper-row.ts';

/** Cells: 128-bit result, and the two 64-bit factors. */
export const carryLessHelpers: readonly HelperRow[] = [
  helper('multiply-carry-less', ({ memory: { u32 } }, out, left, right) => {
    const factor = [u32[left >>> 2], u32[(left >>> 2) + 1]];
    const bits = [u32[right >>> 2], u32[(right >>> 2) + 1]];
    // The four words of the product; the left factor moves up by one bit a step and fills three of them in 32 steps.
    const product = [0, 0, 0, 0];
    for (let half = 0; half < 2; half += 1) {
      let [low, middle, high] = [factor[0], factor[1], 0];
      for (let rest = bits[half]; rest !== 0; rest >>>= 1) {
        if (rest & 1) {
          product[half] ^= low;
          product[half + 1] ^= middle;
          product[half + 2] ^= high;
        }
        high = (high << 1) | (middle >>> 31);
        middle = (middle << 1) | (low >>> 31);
        low <<= 1;
      }
    }
    for (let word = 0; word < 4; word += 1) u32[(out >>> 2) + word] = product[word];
    return 0;
  }),
];
