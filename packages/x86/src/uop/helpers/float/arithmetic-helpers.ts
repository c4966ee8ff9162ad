// Helper rows behind the float arithmetic micro-operations: a quick way for everyday numbers, and the exact one.
import { MXCSR } from '../../../state/layout.ts';
import { type HelperContext, type HelperRow, helper } from '../helper-row.ts';
import { compute, type FloatOperation, type PackedOperation } from './arithmetic.ts';
import { isExactDouble, isExactSingle } from './exactness.ts';
import { double, Flag, type FloatFormat, single } from './format.ts';
import { beginFloat, deliver, readLane, scratch, writeLane } from './lanes.ts';

const apply: Record<Exclude<FloatOperation, 'min' | 'max'>, (x: number, y: number) => number> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  sqrt: (_, y) => Math.sqrt(y),
};

// Everyday case of one lane with MXCSR at its default: numbers far from the ends of the range, precision not yet raised.
function quick({ memory, cpu }: HelperContext, operation: FloatOperation, format: FloatFormat, out: number, left: number, right: number): boolean {
  if (operation === 'min' || operation === 'max') return false;
  const mxcsr = (cpu.state + MXCSR) >>> 2;
  if ((memory.i32[mxcsr] & 0xffc0) !== 0x1f80) return false;
  const isDouble = format.width === 64;
  const x = isDouble ? memory.f64[left >>> 3] : memory.view.getFloat32(left, true);
  const y = isDouble ? memory.f64[right >>> 3] : memory.view.getFloat32(right, true);
  const rounded = apply[operation](x, y);
  const result = isDouble ? rounded : Math.fround(rounded);
  const exact = isDouble ? isExactDouble(operation, x, y, result) : isExactSingle(operation, x, y, rounded, result);
  if (exact === undefined) return false;
  if (isDouble) memory.f64[out >>> 3] = result;
  else memory.view.setFloat32(out, result, true);
  if (!exact) memory.i32[mxcsr] |= Flag.Precision;
  return true;
}

// `sqrt` has one input: it comes as the second operand of the computation.
function arithmetic(operation: PackedOperation, format: FloatFormat, lanes: number): HelperRow {
  const bytes = format.width / 8;
  const unary = operation === 'sqrt';
  const prefix = lanes === 1 ? `f${format.width}` : `f${format.width}x${lanes}`;
  return helper(`${prefix}.${operation}`, (context, out, first, second) => {
    const right = unary ? first : second;
    if (lanes === 1 && operation !== 'addsub' && quick(context, operation, format, out, first, right)) return 0;
    const control = beginFloat(context);
    for (let offset = 0; offset < lanes * bytes; offset += bytes) {
      const left = readLane(context, format, first + offset);
      const actual = operation !== 'addsub' ? operation : (offset / bytes) % 2 === 0 ? 'sub' : 'add';
      const result = compute(actual, control, format, left, readLane(context, format, right + offset));
      writeLane(context, format, scratch(context) + offset, result);
    }
    return deliver(context, control, out, lanes * bytes);
  });
}

const OPERATIONS: readonly FloatOperation[] = ['add', 'sub', 'mul', 'div', 'sqrt', 'min', 'max'];

/** Rows named as the micro-operations they stand behind. */
export const floatArithmeticHelpers: readonly HelperRow[] = OPERATIONS.flatMap((operation) => [
  arithmetic(operation, double, 1),
  arithmetic(operation, single, 1),
  arithmetic(operation, double, 2),
  arithmetic(operation, single, 4),
]).concat(arithmetic('addsub', double, 2), arithmetic('addsub', single, 4));
