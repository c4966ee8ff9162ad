// The two binary formats of SSE and the exact rounding of a number into them (SDM vol. 1, sections 4.2 and 4.8).

/** A binary interchange format. */
export interface FloatFormat {
  readonly width: 16 | 32 | 64;
  readonly fractionBits: number;
  readonly bias: number;
  /** Bits of positive infinity: the whole exponent field. */
  readonly infinity: bigint;
  /** The bit that makes a NaN quiet. */
  readonly quiet: bigint;
  readonly signBit: bigint;
}

export const single: FloatFormat = {
  width: 32,
  fractionBits: 23,
  bias: 127,
  infinity: 0x7f80_0000n,
  quiet: 0x40_0000n,
  signBit: 0x8000_0000n,
};
export const double: FloatFormat = {
  width: 64,
  fractionBits: 52,
  bias: 1023,
  infinity: 0x7ff0_0000_0000_0000n,
  quiet: 0x8_0000_0000_0000n,
  signBit: 0x8000_0000_0000_0000n,
};

/** Exception flags of MXCSR; the masks stand seven bits higher (SDM vol. 1, section 10.2.3). */
export const Flag = { Invalid: 1, Denormal: 2, ZeroDivide: 4, Overflow: 8, Underflow: 16, Precision: 32 } as const;
export const DENORMALS_ARE_ZERO = 0x40;
export const FLUSH_TO_ZERO = 0x8000;
/** Rounding control as a number: to nearest even, down, up, toward zero. */
export const Rounding = { Nearest: 0, Down: 1, Up: 2, Zero: 3 } as const;

/** MXCSR during one instruction: what it asks for, and the flags the instruction raises. */
export class FloatControl {
  readonly mxcsr: number;
  readonly rounding: number;
  flags = 0;
  constructor(mxcsr: number) {
    this.mxcsr = mxcsr;
    this.rounding = (mxcsr >> 13) & 3;
  }
  /** An operand as the instruction sees it: a denormal may count as zero. */
  operand(format: FloatFormat, bits: bigint): bigint {
    return (this.mxcsr & DENORMALS_ARE_ZERO) !== 0 && isDenormal(format, bits) ? bits & format.signBit : bits;
  }
}

export const magnitude = (format: FloatFormat, bits: bigint) => bits & (format.signBit - 1n);
export const isNaNBits = (format: FloatFormat, bits: bigint) => magnitude(format, bits) > format.infinity;
export const isSignaling = (format: FloatFormat, bits: bigint) => isNaNBits(format, bits) && (bits & format.quiet) === 0n;
export const isInfinite = (format: FloatFormat, bits: bigint) => magnitude(format, bits) === format.infinity;
export const isZero = (format: FloatFormat, bits: bigint) => magnitude(format, bits) === 0n;
export function isDenormal(format: FloatFormat, bits: bigint): boolean {
  const rest = magnitude(format, bits);
  return rest !== 0n && rest < format.quiet << 1n;
}
/** The NaN that invalid operations make: quiet, negative, without payload. */
export const defaultNaN = (format: FloatFormat) => format.signBit | format.infinity | format.quiet;

/** A finite number: (-1)^negative * mantissa * 2^exponent, exactly. */
export interface Exact {
  readonly negative: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
}

export function unpack(format: FloatFormat, bits: bigint): Exact {
  const fraction = bits & ((format.quiet << 1n) - 1n);
  const field = Number(magnitude(format, bits) >> BigInt(format.fractionBits));
  return {
    negative: (bits & format.signBit) !== 0n,
    mantissa: field === 0 ? fraction : fraction | (format.quiet << 1n),
    exponent: (field === 0 ? 1 : field) - format.bias - format.fractionBits,
  };
}

export function bitLength(value: bigint): number {
  const digits = value.toString(16);
  return digits.length * 4 - Math.clz32(Number.parseInt(digits[0], 16)) + 28;
}

/** Divides by 2^shift and rounds; `sticky` says that the true value is a little larger than the mantissa says. */
export function shiftAndRound(mantissa: bigint, shift: number, sticky: boolean, negative: boolean, rounding: number): { value: bigint; exact: boolean } {
  if (shift <= 0) return { value: mantissa << BigInt(-shift), exact: !sticky };
  const kept = mantissa >> BigInt(shift);
  const rest = mantissa & ((1n << BigInt(shift)) - 1n);
  if (rest === 0n && !sticky) return { value: kept, exact: true };
  const half = 1n << BigInt(shift - 1);
  const up =
    rounding === Rounding.Nearest ? rest > half || (rest === half && (sticky || (kept & 1n) === 1n)) : rounding === (negative ? Rounding.Down : Rounding.Up);
  return { value: up ? kept + 1n : kept, exact: false };
}

/**
 * Rounds an exact non-zero number into a format and raises overflow, underflow and precision as SSE does: tininess is
 * detected after rounding, and a tiny result becomes zero where flush-to-zero is on and underflow is masked.
 * @param sticky the true magnitude is larger by less than one unit of the mantissa, which then has more bits than the format
 */
export function round(control: FloatControl, format: FloatFormat, exact: Exact, sticky = false): bigint {
  const { negative, mantissa, exponent } = exact;
  const precision = format.fractionBits + 1;
  const minimum = 1 - format.bias - format.fractionBits;
  const sign = negative ? format.signBit : 0n;
  const natural = exponent + bitLength(mantissa) - precision;
  const unit = Math.max(natural, minimum);
  const { value, exact: fits } = shiftAndRound(mantissa, unit - exponent, sticky, negative, control.rounding);
  let isExact = fits;
  if (natural < minimum) {
    // With an unbounded exponent it might round up to the smallest normal number, and then it is not tiny.
    const unbounded = shiftAndRound(mantissa, natural - exponent, sticky, negative, control.rounding);
    const tiny = natural < minimum - 1 || unbounded.value < 1n << BigInt(precision);
    const masked = (control.mxcsr & (Flag.Underflow << 7)) !== 0;
    if (tiny && masked && (control.mxcsr & FLUSH_TO_ZERO) !== 0) {
      control.flags |= Flag.Underflow | Flag.Precision;
      return sign;
    }
    if (tiny && (!isExact || !masked)) control.flags |= Flag.Underflow;
    // A handler of underflow would be given the result with an unbounded exponent, so that is what is exact or not.
    if (tiny && !masked) isExact = unbounded.exact;
  }
  if (!isExact) control.flags |= Flag.Precision;
  // A carry out of the mantissa moves into the exponent field by itself.
  const field = value < format.quiet << 1n ? 0n : BigInt(unit - minimum);
  const bits = (field << BigInt(format.fractionBits)) + value;
  if (bits < format.infinity) return sign | bits;
  control.flags |= Flag.Overflow;
  if ((control.mxcsr & (Flag.Overflow << 7)) !== 0) control.flags |= Flag.Precision;
  const away = control.rounding === Rounding.Nearest || control.rounding === (negative ? Rounding.Down : Rounding.Up);
  return sign | (away ? format.infinity : format.infinity - 1n);
}
