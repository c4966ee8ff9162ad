// Everyday fused multiply-adds without big integers: round to nearest, numbers far from the ends of the range.
import { moderateDouble, moderateSingle, productError } from './exactness.ts';

// The error of x + y = sum (D. E. Knuth's two-sum, which needs no order of magnitudes).
function sumError(x: number, y: number, sum: number): number {
  const virtual = sum - x;
  return x - (sum - virtual) + (y - virtual);
}

/**
 * x * y + z with one rounding, after S. Boldo and G. Melquiond, "Emulation of a FMA and correctly rounded sums: proved
 * algorithms using rounding to odd" (2008). The answer of `compute` is whether this way can tell; the result then is in `value`,
 * and `isExact` says whether it is the true one. One object computes many, so that nothing is allocated.
 */
export class QuickFused {
  value = 0;
  isExact = false;
  private readonly f64 = new Float64Array(1);
  private readonly u32 = new Uint32Array(this.f64.buffer);

  /** The operands are doubles, or singles, which then are what is rounded to. */
  compute(isDouble: boolean, x: number, y: number, z: number): boolean {
    return isDouble ? this.double(x, y, z) : this.single(x, y, z);
  }

  private double(x: number, y: number, z: number): boolean {
    if (!(moderateDouble(x) && moderateDouble(y) && moderateDouble(z))) return false;
    const product = x * y;
    const productRest = product === 0 ? 0 : productError(x, y, product);
    const low = z + productRest;
    const lowRest = sumError(z, productRest, low);
    const high = product + low;
    const highRest = sumError(product, low, high);
    const rest = lowRest + highRest;
    const restError = sumError(lowRest, highRest, rest);
    const odd = restError === 0 ? rest : this.roundToOdd(rest, restError);
    this.value = high + odd;
    // high + rest is exact only where rest is: a rest of more than 53 bits makes their sum longer still.
    this.isExact = restError === 0 && sumError(high, odd, this.value) === 0;
    // The sign of a sum that is zero has rules of its own.
    return this.value !== 0;
  }

  private single(x: number, y: number, z: number): boolean {
    if (!(moderateSingle(x) && moderateSingle(y) && moderateSingle(z))) return false;
    // Exact: 48 bits.
    const product = x * y;
    const sum = product + z;
    const error = sumError(product, z, sum);
    this.value = Math.fround(error === 0 ? sum : this.roundToOdd(sum, error));
    this.isExact = error === 0 && this.value === sum;
    return this.value !== 0 && moderateSingle(this.value);
  }

  // The sum that lacks `error`, with its last bit set: rounding it once more then gives what rounding the true value gives.
  private roundToOdd(sum: number, error: number): number {
    this.f64[0] = sum;
    if ((this.u32[0] & 1) === 0) {
      if (error > 0 === sum > 0) this.u32[0] |= 1;
      else {
        if (this.u32[0] === 0) this.u32[1] -= 1;
        this.u32[0] -= 1;
      }
    }
    return this.f64[0];
  }
}
