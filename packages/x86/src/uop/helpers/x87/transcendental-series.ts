/** Elementary functions in binary fixed point on BigInt: enough bits that rounding to 64 is the only visible error. */

/** Fraction bits of every fixed-point number here. */
export const FRACTION_BITS = 220;
const BITS = BigInt(FRACTION_BITS);
export const ONE = 1n << BITS;

/** A constant given with 256 fraction bits, cut to ours. */
const cut = (digits: bigint) => digits >> (256n - BITS);
export const PI = /* @__PURE__ */ cut(0x3243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89n);
export const LN_2 = /* @__PURE__ */ cut(0xb17217f7d1cf79abc9e3b39803f2f6af40f343267298b62d8a0d175b8baafa2bn);

const multiply = (left: bigint, right: bigint) => (left * right) >> BITS;

/** `value * 2^scale` in fixed point. */
export function toFixed(value: bigint, scale: number): bigint {
  const shift = scale + FRACTION_BITS;
  return shift >= 0 ? value << BigInt(shift) : value >> BigInt(-shift);
}

/** e^x - 1 for |x| < 1: the series at x / 2^10, then ten doublings that never subtract close numbers. */
export function exponentialMinusOne(x: bigint): bigint {
  const small = x >> 10n;
  let term = small;
  let sum = small;
  for (let n = 2n; term !== 0n && term !== -1n; n++) {
    term = multiply(term, small) / n;
    sum += term;
  }
  for (let doubling = 0; doubling < 10; doubling++) sum = multiply(sum, sum) + 2n * sum;
  return sum;
}

/** ln((1 + z) / (1 - z)) = 2 atanh z for |z| < 1/4. */
export function logarithmOfRatio(z: bigint): bigint {
  const square = multiply(z, z);
  let power = z;
  let sum = z;
  for (let n = 3n; power !== 0n && power !== -1n; n += 2n) {
    power = multiply(power, square);
    sum += power / n;
  }
  return sum * 2n;
}

/** sin x and cos x for |x| <= pi/4. */
export function sineAndCosine(x: bigint): { readonly sine: bigint; readonly cosine: bigint } {
  const square = multiply(x, x);
  let sineTerm = x;
  let sine = x;
  let cosineTerm = ONE;
  let cosine = ONE;
  for (let n = 1n; cosineTerm !== 0n && cosineTerm !== -1n; n += 2n) {
    cosineTerm = -multiply(cosineTerm, square) / (n * (n + 1n));
    cosine += cosineTerm;
    sineTerm = -multiply(sineTerm, square) / ((n + 1n) * (n + 2n));
    sine += sineTerm;
  }
  return { sine, cosine };
}

/** atan x for 0 <= x <= 1/32 or so. */
function arctangentSeries(x: bigint): bigint {
  const square = multiply(x, x);
  let power = x;
  let sum = x;
  for (let n = 3n; power !== 0n && power !== -1n; n += 2n) {
    power = -multiply(power, square);
    sum += power / n;
  }
  return sum;
}

/** atan(numerator / denominator) for 0 <= numerator <= denominator, both positive and of any scale. */
export function arctangent(numerator: bigint, denominator: bigint): bigint {
  // Three halvings through tan(a/2) = t / (1 + sqrt(1 + t^2)) leave at most pi/32.
  let tangent = (numerator << BITS) / denominator;
  for (let halving = 0; halving < 3; halving++) {
    const root = squareRootOf(ONE + multiply(tangent, tangent));
    tangent = (tangent << BITS) / (ONE + root);
  }
  return arctangentSeries(tangent) << 3n;
}

/** Square root of a fixed-point number between 1 and 2. */
function squareRootOf(value: bigint): bigint {
  const target = value << BITS;
  let root = BigInt(Math.floor(Math.sqrt(Number(value >> (BITS - 52n)) * 2 ** -52) * 2 ** 52)) << (BITS - 52n);
  for (let step = 0; step < 3; step++) root = (root + target / root) >> 1n;
  return root;
}
