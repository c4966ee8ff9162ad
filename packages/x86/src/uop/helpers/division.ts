// 128-by-64-bit divisions whose dividend does not fit in 64 bits (SDM vol. 2, DIV and IDIV).
import { ExitStatus } from '../../engine/exit-status.ts';
import { type HelperRow, helper } from './helper-row.ts';

/** Cells: quotient, remainder, upper half, lower half, divisor (not zero: the micro-op has tested that). */
export const divisionHelpers: readonly HelperRow[] = [
  helper('divide-unsigned', ({ memory: { i64 } }, quotient, remainder, upper, lower, divisor) => {
    const high = BigInt.asUintN(64, i64[upper >>> 3]);
    const by = BigInt.asUintN(64, i64[divisor >>> 3]);
    if (high >= by) return ExitStatus.DivideError;
    const dividend = (high << 64n) | BigInt.asUintN(64, i64[lower >>> 3]);
    i64[quotient >>> 3] = BigInt.asIntN(64, dividend / by);
    i64[remainder >>> 3] = BigInt.asIntN(64, dividend % by);
    return 0;
  }),
  helper('divide-signed', ({ memory: { i64 } }, quotient, remainder, upper, lower, divisor) => {
    const dividend = (i64[upper >>> 3] << 64n) | BigInt.asUintN(64, i64[lower >>> 3]);
    const by = i64[divisor >>> 3];
    // BigInt division truncates toward zero and the remainder has the dividend's sign, as IDIV wants.
    const result = dividend / by;
    if (BigInt.asIntN(64, result) !== result) return ExitStatus.DivideError;
    i64[remainder >>> 3] = dividend % by;
    i64[quotient >>> 3] = result;
    return 0;
  }),
];
