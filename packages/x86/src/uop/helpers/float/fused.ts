// Fused multiply-add: one rounding of x * y + z, with every rule of SSE (SDM vol. 1, section 14.5; IEEE 754-2008, section 5.4.1).
import { type HelperContext, type HelperRow, helper } from '../helper-row.ts';
import {
  defaultNaN,
  double,
  Flag,
  type FloatControl,
  type FloatFormat,
  isDenormal,
  isInfinite,
  isNaNBits,
  isSignaling,
  isZero,
  Rounding,
  round,
  single,
  unpack,
} from './format.ts';
import { beginFloat, deliver, readLane, scratch, writeLane } from './lanes.ts';
import { QuickFused } from './quick-fused.ts';

/** Bits of the fifth cell. */
export const Fused = { Double: 1, Scalar: 2, NegateProduct: 4, SubtractEven: 8, SubtractOdd: 16 } as const;

/** x * y + z, or its variants with the product or the addend negated. */
export function fuse(
  control: FloatControl,
  format: FloatFormat,
  operands: readonly [bigint, bigint, bigint],
  negatesProduct: boolean,
  subtracts: boolean,
): bigint {
  const [x, y, z] = operands.map((bits) => control.operand(format, bits));
  const isInvalidProduct = (isInfinite(format, x) && isZero(format, y)) || (isZero(format, x) && isInfinite(format, y));
  const nan = [x, y, z].find((bits) => isNaNBits(format, bits));
  if (nan !== undefined) {
    if ([x, y, z].some((bits) => isSignaling(format, bits))) control.flags |= Flag.Invalid;
    return nan | format.quiet;
  }
  const negative = (((x ^ y) & format.signBit) !== 0n) !== negatesProduct;
  const addend = subtracts ? z ^ format.signBit : z;
  const isInfiniteProduct = isInfinite(format, x) || isInfinite(format, y);
  const addendNegative = (addend & format.signBit) !== 0n;
  if (isInvalidProduct || (isInfiniteProduct && isInfinite(format, z) && negative !== addendNegative)) {
    control.flags |= Flag.Invalid;
    return defaultNaN(format);
  }
  if ([x, y, z].some((bits) => isDenormal(format, bits))) control.flags |= Flag.Denormal;
  if (isInfiniteProduct) return format.infinity | (negative ? format.signBit : 0n);
  if (isInfinite(format, z)) return addend;
  const [left, right, third] = [unpack(format, x), unpack(format, y), unpack(format, addend)];
  const exponent = Math.min(left.exponent + right.exponent, third.exponent);
  const product = (left.mantissa * right.mantissa) << BigInt(left.exponent + right.exponent - exponent);
  const rest = third.mantissa << BigInt(third.exponent - exponent);
  const sum = (negative ? -product : product) + (third.negative ? -rest : rest);
  if (sum === 0n) {
    // Zeros of equal sign keep it; otherwise the rounding direction decides.
    const isNegative = negative === addendNegative ? negative : control.rounding === Rounding.Down;
    return isNegative ? format.signBit : 0n;
  }
  return round(control, format, { negative: sum < 0n, mantissa: sum < 0n ? -sum : sum, exponent });
}

const quick = new QuickFused();

function run(context: HelperContext, out: number, x: number, y: number, z: number, request: number): number {
  const bits = context.memory.i32[request >>> 2];
  const isDouble = (bits & Fused.Double) !== 0;
  const format = isDouble ? double : single;
  const size = format.width / 8;
  const bytes = bits & Fused.Scalar ? size : 16;
  const negatesProduct = (bits & Fused.NegateProduct) !== 0;
  const control = beginFloat(context);
  // Everything masked, to nearest, no flushing: whatever flags are up.
  const isDefault = (control.mxcsr & 0xffc0) === 0x1f80;
  const { f64, view } = context.memory;
  const load = (at: number) => (isDouble ? f64[at >>> 3] : view.getFloat32(at, true));
  for (let offset = 0; offset < bytes; offset += size) {
    const subtracts = (bits & ((offset / size) % 2 === 0 ? Fused.SubtractEven : Fused.SubtractOdd)) !== 0;
    const result = scratch(context) + offset;
    if (isDefault) {
      const factor = load(x + offset);
      const addend = load(z + offset);
      if (quick.compute(isDouble, negatesProduct ? -factor : factor, load(y + offset), subtracts ? -addend : addend)) {
        if (!quick.isExact) control.flags |= Flag.Precision;
        if (isDouble) f64[result >>> 3] = quick.value;
        else view.setFloat32(result, quick.value, true);
        continue;
      }
    }
    const lane = (cell: number) => readLane(context, format, cell + offset);
    writeLane(context, format, result, fuse(control, format, [lane(x), lane(y), lane(z)], negatesProduct, subtracts));
  }
  return deliver(context, control, out, bytes);
}

/** Cells: result, the factors, the addend, and `Fused` bits. */
export const fusedHelpers: readonly HelperRow[] = [helper('multiply-add', run)];
