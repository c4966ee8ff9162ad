// Conversions between half and single precision (SDM vol. 2, VCVTPH2PS and VCVTPS2PH; vol. 1, section 14.4.1).
import { type HelperContext, type HelperRow, helper } from '../helper-row.ts';
import { changeFormat } from './convert.ts';
import { DENORMALS_ARE_ZERO, Flag, FLUSH_TO_ZERO, FloatControl, type FloatFormat, isDenormal, single } from './format.ts';
import { beginFloat, deliver, readLane, scratch, writeLane } from './lanes.ts';

const half: FloatFormat = {
  width: 16,
  fractionBits: 10,
  bias: 15,
  infinity: 0x7c00n,
  quiet: 0x200n,
  signBit: 0x8000n,
};
const LANES = 4;

/** Four halves of 64 bits to four singles. A denormal half is a normal single: it counts as it is and raises nothing. */
function widen(context: HelperContext, out: number, source: number): number {
  const control = beginFloat(context);
  const plain = new FloatControl(control.mxcsr & ~DENORMALS_ARE_ZERO);
  for (let lane = 0; lane < LANES; lane += 1) {
    const bits = BigInt(context.memory.u16[(source >>> 1) + lane]);
    writeLane(context, single, scratch(context) + 4 * lane, changeFormat(plain, half, single, bits));
  }
  control.flags |= plain.flags & ~Flag.Denormal;
  return deliver(context, control, out, 16);
}

/** Bit 2 of the request takes the direction from MXCSR, else its low bits say it. Flush-to-zero does not count here. */
const USE_MXCSR = 4;

/** Four or eight singles; the request's upper half says how many, and the exceptions of all are those of one instruction. */
function narrow(context: HelperContext, out: number, source: number, request: number): number {
  const control = beginFloat(context);
  const choice = context.memory.u16[request >>> 1];
  const lanes = context.memory.u16[(request >>> 1) + 1];
  const direction = choice & USE_MXCSR ? control.rounding : choice & 3;
  const own = new FloatControl((control.mxcsr & ~FLUSH_TO_ZERO & ~(3 << 13)) | (direction << 13));
  const target = scratch(context);
  for (let lane = 0; lane < lanes; lane += 1) {
    const bits = readLane(context, single, source + 4 * lane);
    context.memory.u16[(target >>> 1) + lane] = Number(changeFormat(own, single, half, bits));
    // A denormal is always inexact, also where a handler of underflow would be given it with an unbounded exponent (Sapphire Rapids).
    if (isDenormal(single, own.operand(single, bits))) own.flags |= Flag.Precision;
  }
  control.flags |= own.flags;
  return deliver(context, control, out, 2 * lanes);
}

/** Cells: result, source, and for the narrowing one the request. */
export const halfHelpers: readonly HelperRow[] = [helper('singles-from-halves', widen), helper('halves-from-singles', narrow)];
