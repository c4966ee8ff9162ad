// Exact conversions between integers and floats and between the float formats, with NaN, rounding modes and flags as SSE has them.
import {
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
  shiftAndRound,
  unpack,
} from './format.ts';

/** An integer of `bits` bits, signed; what does not fit (NaN too) is invalid and gives the smallest integer. */
export function toInteger(control: FloatControl, format: FloatFormat, source: bigint, bits: number, truncate: boolean): bigint {
  const indefinite = -(1n << BigInt(bits - 1));
  const x = control.operand(format, source);
  if (isNaNBits(format, x) || isInfinite(format, x)) {
    control.flags |= Flag.Invalid;
    return indefinite;
  }
  const { negative, mantissa, exponent } = unpack(format, x);
  const rounding = truncate ? Rounding.Zero : control.rounding;
  const { value, exact } = shiftAndRound(mantissa, -exponent, false, negative, rounding);
  const integer = negative ? -value : value;
  if (BigInt.asIntN(bits, integer) !== integer) {
    control.flags |= Flag.Invalid;
    return indefinite;
  }
  if (!exact) control.flags |= Flag.Precision;
  return integer;
}

export function fromInteger(control: FloatControl, format: FloatFormat, value: bigint): bigint {
  if (value === 0n) return 0n;
  return round(control, format, { negative: value < 0n, mantissa: value < 0n ? -value : value, exponent: 0 });
}

/** Between the formats; a NaN keeps its sign and the upper part of its payload and becomes quiet. */
export function changeFormat(control: FloatControl, from: FloatFormat, to: FloatFormat, source: bigint): bigint {
  const x = control.operand(from, source);
  const sign = (x & from.signBit) !== 0n ? to.signBit : 0n;
  if (isNaNBits(from, x)) {
    if (isSignaling(from, x)) control.flags |= Flag.Invalid;
    const fraction = x & ((from.quiet << 1n) - 1n);
    const shift = BigInt(to.fractionBits - from.fractionBits);
    return sign | to.infinity | to.quiet | (shift > 0n ? fraction << shift : fraction >> -shift);
  }
  if (isInfinite(from, x)) return sign | to.infinity;
  if (isZero(from, x)) return sign;
  if (isDenormal(from, x)) control.flags |= Flag.Denormal;
  return round(control, to, unpack(from, x));
}

/** Rounds to an integral float; `quiet` keeps the precision flag down. Denormals raise nothing here. */
export function toIntegral(control: FloatControl, format: FloatFormat, source: bigint, rounding: number, quiet: boolean): bigint {
  const x = control.operand(format, source);
  if (isNaNBits(format, x)) {
    if (isSignaling(format, x)) control.flags |= Flag.Invalid;
    return x | format.quiet;
  }
  if (isInfinite(format, x) || isZero(format, x)) return x;
  const { negative, mantissa, exponent } = unpack(format, x);
  const { value, exact } = shiftAndRound(mantissa, -exponent, false, negative, rounding);
  if (!exact && !quiet) control.flags |= Flag.Precision;
  return value === 0n ? x & format.signBit : round(control, format, { negative, mantissa: value, exponent: 0 });
}
