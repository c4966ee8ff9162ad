// Float arithmetic micro-operations: add, sub, mul, div, sqrt, min, max on one lane or on all, with the exact helper behind them.
import type { PlainOp } from '../wasm/code.ts';
import {
  type FloatWidth,
  helperOr,
  keepFloat,
  pushDenormal,
  pushDenormalLanes,
  pushFloat,
  pushNaN,
  pushNaNLanes,
  pushSpecial,
  pushSpecialLanes,
  pushTiny,
  pushTinyLanes,
  pushUnusual,
  shape,
  storeFloat,
  vectorOp,
} from './float-checks.ts';
import type { FloatOperation, PackedOperation } from './helpers/float/arithmetic.ts';
import { type UopRow, uop } from './uop-row.ts';

// Operand bits in a and b, result in c. `sqrt` has one input, which then is in both.
function scalar(operation: FloatOperation, width: FloatWidth): UopRow {
  const name = `f${width}.${operation}`;
  const unary = operation === 'sqrt';
  const chooses = operation === 'min' || operation === 'max';
  return uop(
    name,
    unary ? 'out in' : 'out in in',
    (e) => {
      const { a, b, c } = e.local;
      e.get(1, width);
      e.code.set(a);
      if (!unary) {
        e.get(2, width);
        e.code.set(b);
      }
      if (chooses) {
        // The second operand unless the comparison holds, bit for bit.
        e.code.get(a).get(b);
        pushFloat(e, a, width);
        pushFloat(e, b, width);
        e.code.ops(`f${width}_${operation === 'min' ? 'lt' : 'gt'}` as PlainOp, 'select').set(c);
      } else {
        pushFloat(e, a, width);
        if (!unary) pushFloat(e, b, width);
        e.code.ops(`f${width}_${operation}` as PlainOp);
        keepFloat(e, c, width);
      }
      pushUnusual(e, !chooses);
      if (chooses) {
        pushNaN(e, a, width);
        pushNaN(e, b, width);
        e.code.ops('i32_or', 'i32_or');
      } else {
        pushSpecial(e, c, width);
        e.code.ops('i32_or');
      }
      if (operation === 'mul' || operation === 'div') {
        pushTiny(e, a, b, c, width);
        e.code.ops('i32_or');
      }
      pushDenormal(e, a, width);
      e.code.ops('i32_or');
      if (!unary) {
        pushDenormal(e, b, width);
        e.code.ops('i32_or');
      }
      helperOr(e, name, unary ? [0, 1] : [0, 1, 2], () => storeFloat(e, 0, c, width));
    },
    { faults: true, hot: width === 64 && !chooses },
  );
}

// The sign bits of the even lanes.
const EVEN_SIGNS = {
  32: [0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0],
  64: [0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0],
};

// Operands in v and w, result in x.
function packed(operation: PackedOperation, width: FloatWidth): UopRow {
  const name = `${shape(width)}.${operation}`;
  const unary = operation === 'sqrt';
  const chooses = operation === 'min' || operation === 'max';
  return uop(
    name,
    unary ? 'out in' : 'out in in',
    (e) => {
      const { v, w, x } = e.local;
      e.getVector(1);
      e.code.set(v);
      if (!unary) {
        e.getVector(2);
        e.code.set(w);
      }
      // pmin(b, a) is a < b ? a : b, which is what MINPS does.
      if (chooses) e.code.get(w).get(v);
      else {
        e.code.get(v);
        if (!unary) e.code.get(w);
      }
      if (operation === 'addsub') {
        // A number is subtracted by adding its negative; a NaN goes to the helper.
        e.code.v128(EVEN_SIGNS[width]).vector('v128_xor', vectorOp(width, 'add')).set(x);
      } else e.code.vector(vectorOp(width, chooses ? `p${operation}` : operation)).set(x);
      if (chooses) {
        pushNaNLanes(e, v, width);
        pushNaNLanes(e, w, width);
        e.code.vector('v128_or');
      } else pushSpecialLanes(e, x, width);
      if (operation === 'mul' || operation === 'div') {
        pushTinyLanes(e, v, w, x, width);
        e.code.vector('v128_or');
      }
      pushDenormalLanes(e, v, width);
      e.code.vector('v128_or');
      if (!unary) {
        pushDenormalLanes(e, w, width);
        e.code.vector('v128_or');
      }
      e.code.vector('v128_any_true');
      pushUnusual(e, !chooses);
      e.code.ops('i32_or');
      helperOr(e, name, unary ? [0, 1] : [0, 1, 2], () => e.setVector(0, () => e.code.get(x)));
    },
    { faults: true },
  );
}

const OPERATIONS: readonly FloatOperation[] = ['add', 'sub', 'mul', 'div', 'sqrt', 'min', 'max'];

/** All rows of this file. */
export const floatArithmeticRows: readonly UopRow[] = OPERATIONS.flatMap((operation) =>
  ([64, 32] as const).flatMap((width) => [scalar(operation, width), packed(operation, width)]),
).concat(packed('addsub', 64), packed('addsub', 32));
