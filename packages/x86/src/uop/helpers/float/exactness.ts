// Quick answers to "is this result of double arithmetic exact?", for operands and results far from the ends of the range.
import type { FloatOperation } from './arithmetic.ts';

/** Beyond these magnitudes the error terms themselves might overflow or underflow. */
const LARGEST = 2 ** 480;
const SMALLEST = 2 ** -400;
/** 2^27 + 1 splits a double into two halves of 26 bits (T. J. Dekker, 1971). */
const SPLITTER = 134_217_729;

/** Whether error terms of a double stay inside the range. */
export function moderateDouble(value: number): boolean {
  const size = Math.abs(value);
  return size === 0 || (size > SMALLEST && size < LARGEST);
}

function high(value: number): number {
  const scaled = SPLITTER * value;
  return scaled - (scaled - value);
}
/** The rounding error of x * y = product, for moderate numbers. */
export function productError(x: number, y: number, product: number): number {
  const xHigh = high(x);
  const yHigh = high(y);
  const xLow = x - xHigh;
  const yLow = y - yHigh;
  return xLow * yLow - (product - xHigh * yHigh - xLow * yHigh - xHigh * yLow);
}

/**
 * Whether the rounded `result` of an operation on doubles is the exact one; undefined where this quick way cannot tell.
 * Min and max are not asked: they never round.
 */
export function isExactDouble(operation: FloatOperation, x: number, y: number, result: number): boolean | undefined {
  if (!(moderateDouble(x) && moderateDouble(y) && moderateDouble(result))) return undefined;
  switch (operation) {
    case 'add':
    case 'sub': {
      const other = operation === 'sub' ? -y : y;
      const virtual = result - x;
      return x - (result - virtual) + (other - virtual) === 0;
    }
    case 'mul':
      if (result === 0) return x === 0 || y === 0 ? true : undefined;
      return productError(x, y, result) === 0;
    case 'div':
      if (y === 0) return undefined;
      if (result === 0) return x === 0 ? true : undefined;
      return result * y === x && productError(result, y, x) === 0;
    case 'sqrt':
      if (y < 0) return undefined;
      return y === 0 || (result * result === y && productError(result, result, y) === 0);
    default:
      return undefined;
  }
}

/** The same for single precision: `rounded` is the result in double precision, where most operations on singles are exact. */
export function isExactSingle(operation: FloatOperation, x: number, y: number, rounded: number, result: number): boolean | undefined {
  const size = Math.abs(result);
  if (!(size > 2 ** -120 && size < 2 ** 120)) return undefined;
  if (!(moderateSingle(x) && moderateSingle(y))) return undefined;
  switch (operation) {
    case 'add':
    case 'sub':
      return rounded === result && isExactDouble(operation, x, y, rounded);
    case 'mul':
      return rounded === result;
    case 'div':
      return y === 0 ? undefined : result * y === x;
    case 'sqrt':
      return y < 0 ? undefined : result * result === y;
    default:
      return undefined;
  }
}

/** Whether a single is far from the ends of the range of singles. */
export function moderateSingle(value: number): boolean {
  const size = Math.abs(value);
  return size === 0 || (size > 2 ** -120 && size < 2 ** 120);
}
