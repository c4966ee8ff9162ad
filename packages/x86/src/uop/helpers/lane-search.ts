// Vector operations that walk over lanes: PHMINPOSUW and MPSADBW.
import { HELPER_SCRATCH } from '../../state/layout.ts';
import { type HelperRow, helper } from './helper-row.ts';

export const laneSearchHelpers: readonly HelperRow[] = [
  // The smallest of eight unsigned words, then the place of its first occurrence, then zeros.
  helper('minimum-position', ({ memory: { u16, u8 } }, out, source) => {
    let place = 0;
    for (let lane = 1; lane < 8; lane += 1) if (u16[(source >>> 1) + lane] < u16[(source >>> 1) + place]) place = lane;
    const minimum = u16[(source >>> 1) + place];
    u8.fill(0, out, out + 16);
    u16[out >>> 1] = minimum;
    u16[(out >>> 1) + 1] = place;
    return 0;
  }),
  // Sums of differences between one group of four bytes of the source and eight overlapping groups of the destination.
  helper('sums-of-differences', ({ memory, cpu }, out, source, request) => {
    const { u8, u16 } = memory;
    const choice = memory.i32[request >>> 2];
    const fixed = source + 4 * (choice & 3);
    const moving = out + (choice & 4);
    const result = cpu.state + HELPER_SCRATCH;
    for (let lane = 0; lane < 8; lane += 1) {
      let sum = 0;
      for (let byte = 0; byte < 4; byte += 1) sum += Math.abs(u8[moving + lane + byte] - u8[fixed + byte]);
      u16[(result >>> 1) + lane] = sum;
    }
    u8.copyWithin(out, result, result + 16);
    return 0;
  }),
];
