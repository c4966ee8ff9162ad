// Rounding to integral floats in a given direction, on one lane or on all (SDM vol. 2, ROUNDPD).
import type { PlainOp } from '../wasm/code.ts';
import {
  type FloatWidth,
  helperOr,
  keepFloat,
  pushFloat,
  pushPrecisionClear,
  pushSpecial,
  pushSpecialLanes,
  pushUnusual,
  shape,
  storeFloat,
  vectorOp,
} from './float-checks.ts';
import { type Emitter, type UopRow, uop } from './uop-row.ts';

/** Directions in the order of the immediate's low bits. */
export const DIRECTIONS = ['nearest', 'floor', 'ceil', 'trunc'] as const;
/** Bit of the immediate: the precision flag stays down. */
const QUIET = 8;

// With "the result differs" on the stack: whether the precision flag would have to be raised.
function pushRaises(e: Emitter): void {
  pushPrecisionClear(e);
  e.get(2, 64);
  e.code.i64(QUIET).ops('i64_and', 'i64_eqz', 'i32_and', 'i32_and');
}

function scalar(direction: (typeof DIRECTIONS)[number], width: FloatWidth): UopRow {
  return uop(
    `f${width}.round.${direction}`,
    'out in in',
    (e) => {
      const { a, c } = e.local;
      e.get(1, width);
      e.code.set(a);
      pushFloat(e, a, width);
      e.code.ops(`f${width}_${direction}` as PlainOp);
      keepFloat(e, c, width);
      pushFloat(e, c, width);
      pushFloat(e, a, width);
      e.code.ops(`f${width}_ne`);
      pushRaises(e);
      pushSpecial(e, a, width);
      pushUnusual(e, false);
      e.code.ops('i32_or', 'i32_or');
      helperOr(e, `f${width}.round`, [0, 1, 2], () => storeFloat(e, 0, c, width));
    },
    { faults: true },
  );
}

function packed(direction: (typeof DIRECTIONS)[number], width: FloatWidth): UopRow {
  return uop(
    `${shape(width)}.round.${direction}`,
    'out in in',
    (e) => {
      const { v, x } = e.local;
      e.getVector(1);
      e.code.tee(v).vector(vectorOp(width, direction)).set(x);
      e.code.get(x).get(v).vector(vectorOp(width, 'ne'), 'v128_any_true');
      pushRaises(e);
      pushSpecialLanes(e, v, width);
      e.code.vector('v128_any_true');
      pushUnusual(e, false);
      e.code.ops('i32_or', 'i32_or');
      helperOr(e, `${shape(width)}.round`, [0, 1, 2], () => e.setVector(0, () => e.code.get(x)));
    },
    { faults: true },
  );
}

/** All rows of this file. */
export const floatRoundRows: readonly UopRow[] = DIRECTIONS.flatMap((direction) =>
  ([64, 32] as const).flatMap((width) => [scalar(direction, width), packed(direction, width)]),
);
