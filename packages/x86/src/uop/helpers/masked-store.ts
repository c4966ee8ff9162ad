// MASKMOVDQU and MASKMOVQ: bytes whose mask has its sign bit set go to memory.
import { EXIT_STATUS } from '../../state/layout.ts';
import { type HelperRow, helper } from './helper-row.ts';

/** Cells: bytes, mask, address, number of bytes (8 or 16). */
export const maskedStoreHelpers: readonly HelperRow[] = [
  helper('masked-store', ({ memory, cpu, access }, source, mask, address, count) => {
    const start = BigInt.asUintN(64, memory.i64[address >>> 3]);
    const length = memory.i32[count >>> 2];
    const writable = (offset: number, sizeInBytes: number) => {
      const at = BigInt.asUintN(cpu.mode, start + BigInt(offset));
      return access.slowWrite(Number(BigInt.asIntN(32, at)), Number(BigInt.asIntN(32, at >> 32n)), sizeInBytes);
    };
    // As processors do it: whole halves must be writable, the upper one first, whatever the mask chooses in them.
    for (let half = length - 8; half >= 0; half -= 8) if (writable(half, 8) === 0) return memory.i32[(cpu.state + EXIT_STATUS) >>> 2];
    for (let byte = 0; byte < length; byte += 1) if (memory.u8[mask + byte] >= 0x80) memory.u8[writable(byte, 1)] = memory.u8[source + byte];
    return 0;
  }),
];
