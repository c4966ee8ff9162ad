// Gathers: elements from the sum of a base and each index (SDM vol. 2, VPGATHERDD and its companions).
import { EXIT_STATUS } from '../../state/layout.ts';
import { type Helper, type HelperRow, helper } from './helper-row.ts';

/** Bits of the request: 64-bit elements, 64-bit indices, 32-bit address, VEX.L; then scale and number of elements. */
export const Gather = { WideElements: 1, WideIndices: 2, ShortAddress: 4, Long: 8, ScaleShift: 4, CountShift: 8 } as const;

/**
 * Elements are loaded in order, and the mask of each is cleared when it is there: after a fault the instruction goes on from
 * where it was (SDM vol. 2, VPGATHERDD, "Operation"). Mask elements first become all ones or zero, in the whole register.
 */
const gather: Helper = (context, out, elements, mask, base, request) => {
  const { memory, access, cpu } = context;
  const bits = memory.i32[request >>> 2];
  const size = bits & Gather.WideElements ? 8 : 4;
  const count = bits >> Gather.CountShift;
  const scale = BigInt((bits >> Gather.ScaleShift) & 3);
  const start = memory.i64[base >>> 3];
  const segment = memory.i64[(base >>> 3) + 1];
  const registerBytes = bits & Gather.Long ? 32 : 16;
  const { u8 } = memory;
  u8.fill(0, mask + registerBytes, mask + 32);
  for (let at = 0; at < registerBytes; at += size) {
    u8.fill(u8[mask + at + size - 1] >= 0x80 ? 0xff : 0, mask + at, mask + at + size);
  }
  for (let element = 0; element < count; element += 1) {
    const at = size * element;
    // Read anew: a load may make the memory grow, which replaces its views.
    if (memory.u8[mask + at] !== 0) {
      const index = bits & Gather.WideIndices ? memory.i64[(elements >>> 3) + element] : BigInt(memory.i32[(elements >>> 2) + element]);
      const sum = start + (index << scale);
      const address = BigInt.asUintN(cpu.mode, segment + BigInt.asUintN(bits & Gather.ShortAddress ? 32 : 64, sum));
      const from = access.slowRead(Number(BigInt.asIntN(32, address)), Number(BigInt.asIntN(32, address >> 32n)), size);
      if (from === 0) return memory.i32[(cpu.state + EXIT_STATUS) >>> 2];
      memory.u8.copyWithin(out + at, from, from + size);
      // A later fault leaves a register of the length VEX.L says (seen on Sapphire Rapids).
      if ((bits & Gather.Long) === 0) memory.u8.fill(0, out + 16, out + 32);
    }
    memory.u8.fill(0, mask + at, mask + at + size);
  }
  return 0;
};

/** Cells: result, indices, mask, base and segment base, request. */
export const gatherHelpers: readonly HelperRow[] = [helper('gather', gather)];
