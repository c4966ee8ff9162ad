// Exact scalar arithmetic with every rule of SSE: NaN operands, invalid operations, denormals, rounding modes and flags.
import {
  bitLength,
  defaultNaN,
  type Exact,
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
  unpack,
} from './format.ts';

/** Names of the operations. */
export type FloatOperation = 'add' | 'sub' | 'mul' | 'div' | 'sqrt' | 'min' | 'max';
/** Operations on all lanes: `addsub` subtracts in the even ones and adds in the odd ones. */
export type PackedOperation = FloatOperation | 'addsub';

/** Computes one lane; `left` is the destination operand and is not used by `sqrt`. */
export function compute(operation: FloatOperation, control: FloatControl, format: FloatFormat, left: bigint, right: bigint): bigint {
  const x = operation === 'sqrt' ? 0n : control.operand(format, left);
  const y = control.operand(format, right);
  if (operation === 'min' || operation === 'max') return choose(operation, control, format, x, y);
  if (isNaNBits(format, x) || isNaNBits(format, y)) {
    if (isSignaling(format, x) || isSignaling(format, y)) control.flags |= Flag.Invalid;
    return (isNaNBits(format, x) ? x : y) | format.quiet;
  }
  const invalid = () => {
    control.flags |= Flag.Invalid;
    return defaultNaN(format);
  };
  const noteDenormals = () => {
    if (isDenormal(format, x) || isDenormal(format, y)) control.flags |= Flag.Denormal;
  };
  const sign = (x ^ y) & format.signBit;
  switch (operation) {
    case 'sqrt':
      if (isZero(format, y)) return y;
      if ((y & format.signBit) !== 0n) return invalid();
      noteDenormals();
      return isInfinite(format, y) ? y : squareRoot(control, format, unpack(format, y));
    case 'mul':
      if ((isInfinite(format, x) && isZero(format, y)) || (isZero(format, x) && isInfinite(format, y))) return invalid();
      noteDenormals();
      if (isInfinite(format, x) || isInfinite(format, y)) return sign | format.infinity;
      return isZero(format, x) || isZero(format, y) ? sign : multiply(control, format, unpack(format, x), unpack(format, y));
    case 'div':
      if ((isInfinite(format, x) && isInfinite(format, y)) || (isZero(format, x) && isZero(format, y))) return invalid();
      if (isZero(format, y) && !isInfinite(format, x)) {
        control.flags |= Flag.ZeroDivide;
        return sign | format.infinity;
      }
      noteDenormals();
      if (isInfinite(format, x)) return sign | format.infinity;
      return isInfinite(format, y) || isZero(format, x) ? sign : divide(control, format, unpack(format, x), unpack(format, y));
    default: {
      const other = operation === 'sub' ? y ^ format.signBit : y;
      if (isInfinite(format, x) && isInfinite(format, other) && x !== other) return invalid();
      noteDenormals();
      if (isInfinite(format, x)) return x;
      return isInfinite(format, other) ? other : add(control, format, unpack(format, x), unpack(format, other));
    }
  }
}

// The second operand wins unless the first is really smaller (greater): NaNs and zeros included (SDM vol. 2, MINPS).
function choose(operation: 'min' | 'max', control: FloatControl, format: FloatFormat, left: bigint, right: bigint): bigint {
  const order = compareBits(control, format, left, right, true);
  return order === (operation === 'min' ? -1 : 1) ? left : right;
}

/** -1 less, 0 equal, 1 greater, undefined unordered; a quiet NaN is invalid only for a signaling comparison. */
export function compareBits(control: FloatControl, format: FloatFormat, x: bigint, y: bigint, signaling: boolean): -1 | 0 | 1 | undefined {
  if (isNaNBits(format, x) || isNaNBits(format, y)) {
    if (signaling || isSignaling(format, x) || isSignaling(format, y)) control.flags |= Flag.Invalid;
    return undefined;
  }
  if (isDenormal(format, x) || isDenormal(format, y)) control.flags |= Flag.Denormal;
  const ordered = (bits: bigint) => ((bits & format.signBit) !== 0n ? -(bits ^ format.signBit) : bits);
  const difference = ordered(x) - ordered(y);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function add(control: FloatControl, format: FloatFormat, x: Exact, y: Exact): bigint {
  const exponent = Math.min(x.exponent, y.exponent);
  const signed = ({ negative, mantissa, exponent: own }: Exact) => (negative ? -mantissa : mantissa) << BigInt(own - exponent);
  const sum = signed(x) + signed(y);
  if (sum === 0n) {
    const negative = x.negative === y.negative ? x.negative : control.rounding === Rounding.Down;
    return negative ? format.signBit : 0n;
  }
  return round(control, format, { negative: sum < 0n, mantissa: sum < 0n ? -sum : sum, exponent });
}

function multiply(control: FloatControl, format: FloatFormat, x: Exact, y: Exact): bigint {
  return round(control, format, {
    negative: x.negative !== y.negative,
    mantissa: x.mantissa * y.mantissa,
    exponent: x.exponent + y.exponent,
  });
}

// The quotient has two bits more than the format holds; the remainder is the sticky bit.
function divide(control: FloatControl, format: FloatFormat, x: Exact, y: Exact): bigint {
  const shift = Math.max(0, format.fractionBits + 4 + bitLength(y.mantissa) - bitLength(x.mantissa));
  const dividend = x.mantissa << BigInt(shift);
  const quotient = dividend / y.mantissa;
  const exact = { negative: x.negative !== y.negative, mantissa: quotient, exponent: x.exponent - shift - y.exponent };
  return round(control, format, exact, quotient * y.mantissa !== dividend);
}

function squareRoot(control: FloatControl, format: FloatFormat, x: Exact): bigint {
  // An even exponent, and a radicand of twice the bits that the root must have.
  let shift = Math.max(0, 2 * (format.fractionBits + 4) - bitLength(x.mantissa));
  if ((x.exponent - shift) % 2 !== 0) shift += 1;
  const radicand = x.mantissa << BigInt(shift);
  let root = 1n << BigInt((bitLength(radicand) + 1) >> 1);
  for (;;) {
    const next = (root + radicand / root) >> 1n;
    if (next >= root) break;
    root = next;
  }
  const exact = { negative: false, mantissa: root, exponent: (x.exponent - shift) / 2 };
  return round(control, format, exact, root * root !== radicand);
}
