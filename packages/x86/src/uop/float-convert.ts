// Conversions between integers and floats and between the two float formats, on one lane or on all.
import type { PlainOp, VectorOp } from '../wasm/code.ts';
import type { Misc } from '../wasm/opcodes.ts';
import {
  type FloatWidth,
  helperOr,
  keepFloat,
  pushDenormal,
  pushDenormalLanes,
  pushFloat,
  pushPrecisionClear,
  pushSmall,
  pushSpecial,
  pushSpecialLanes,
  pushSplat,
  pushUnusual,
  storeFloat,
  vectorOp,
} from './float-checks.ts';
import { type Emitter, type UopRow, uop } from './uop-row.ts';

/** A double below this may be tiny as a single. */
const SINGLE_LIMIT = 2 ** -125;
const WIDTHS = [64, 32] as const;

// An integer of fewer bits than the float holds is exact whatever MXCSR says about rounding.
function fromInteger(from: 32 | 64, width: FloatWidth): UopRow {
  const name = `f${width}.from.i${from}`;
  return uop(
    name,
    'out in',
    (e) => {
      const { a, c } = e.local;
      e.getSigned(1, from);
      e.code.tee(a).ops(`f${width}_convert_i64_s`);
      keepFloat(e, c, width);
      if (width === 64 && from === 32) {
        storeFloat(e, 0, c, width);
        return;
      }
      const limit = 1n << (width === 64 ? 53n : 24n);
      e.code
        .get(a)
        .i64(limit)
        .ops('i64_add')
        .i64(limit * 2n)
        .ops('i64_gt_u');
      pushUnusual(e, true);
      e.code.ops('i32_and');
      helperOr(e, name, [0, 1], () => storeFloat(e, 0, c, width));
    },
    { faults: true, hot: width === 64 },
  );
}

// Operand bits in a, rounded to an integer as a float in c.
function toInteger(how: 'from' | 'trunc', width: FloatWidth, to: 32 | 64): UopRow {
  const name = `i${to}.${how}.f${width}`;
  return uop(
    name,
    'out in',
    (e) => {
      const { a, c } = e.local;
      const plain = (op: string) => `f${width}_${op}` as PlainOp;
      e.get(1, width);
      e.code.set(a);
      pushFloat(e, a, width);
      e.code.ops(plain(how === 'trunc' ? 'trunc' : 'nearest'));
      keepFloat(e, c, width);
      // Outside the range (or at its end, which the helper gets right too) and NaN.
      pushFloat(e, c, width);
      e.code.ops(plain('abs'));
      if (width === 64) e.code.f64(2 ** (to - 1));
      else e.code.f32(2 ** (to - 1));
      e.code.ops(plain('lt'), 'i32_eqz');
      pushFloat(e, c, width);
      pushFloat(e, a, width);
      e.code.ops(plain('ne'));
      pushPrecisionClear(e);
      e.code.ops('i32_and', 'i32_or');
      pushUnusual(e, false);
      e.code.ops('i32_or');
      helperOr(e, name, [0, 1], () =>
        e.set(0, to, () => {
          pushFloat(e, c, width);
          e.code.misc(`i64_trunc_sat_f${width}_s` as keyof typeof Misc);
        }),
      );
    },
    { faults: true, hot: width === 64 && how === 'trunc' },
  );
}

function toIntegers(how: 'from' | 'trunc', width: FloatWidth): UopRow {
  const name = `i32x4.${how}.f${width}`;
  return uop(
    name,
    'out in',
    (e) => {
      const { v, x } = e.local;
      e.getVector(1);
      e.code
        .tee(v)
        .vector(vectorOp(width, how === 'trunc' ? 'trunc' : 'nearest'))
        .set(x);
      e.code.get(x).vector(vectorOp(width, 'abs'));
      pushSplat(e, width, 2 ** 31);
      e.code.vector(vectorOp(width, 'lt'), 'v128_not', 'v128_any_true');
      e.code.get(x).get(v).vector(vectorOp(width, 'ne'), 'v128_any_true');
      pushPrecisionClear(e);
      e.code.ops('i32_and', 'i32_or');
      pushUnusual(e, false);
      e.code.ops('i32_or');
      helperOr(e, name, [0, 1], () => e.setVector(0, () => e.code.get(x).vector(width === 64 ? 'i32x4_trunc_sat_f64x2_s_zero' : 'i32x4_trunc_sat_f32x4_s')));
    },
    { faults: true },
  );
}

const packedFromInteger = uop(
  'f32x4.from.i32',
  'out in',
  (e) => {
    const { v } = e.local;
    e.getVector(1);
    // The absolute value of the smallest integer stays negative; as a power of two it is exact.
    e.code
      .tee(v)
      .vector('i32x4_abs')
      .i32(1 << 24)
      .vector('i32x4_splat', 'i32x4_gt_s', 'v128_any_true');
    pushUnusual(e, true);
    e.code.ops('i32_and');
    helperOr(e, 'f32x4.from.i32', [0, 1], () => e.setVector(0, () => e.code.get(v).vector('f32x4_convert_i32x4_s')));
  },
  { faults: true },
);

const single = uop(
  'f32.from.f64',
  'out in',
  (e) => {
    const { a, c } = e.local;
    e.get(1, 64);
    e.code.set(a);
    pushFloat(e, a, 64);
    e.code.ops('f32_demote_f64');
    keepFloat(e, c, 32);
    pushUnusual(e, true);
    pushSpecial(e, c, 32);
    pushSmall(e, a, 64, SINGLE_LIMIT);
    e.code.ops('i32_or', 'i32_or');
    helperOr(e, 'f32.from.f64', [0, 1], () => storeFloat(e, 0, c, 32));
  },
  { faults: true },
);
const double = uop(
  'f64.from.f32',
  'out in',
  (e) => {
    const { a, c } = e.local;
    e.get(1, 32);
    e.code.set(a);
    pushFloat(e, a, 32);
    e.code.ops('f64_promote_f32');
    keepFloat(e, c, 64);
    pushUnusual(e, false);
    pushSpecial(e, a, 32);
    pushDenormal(e, a, 32);
    e.code.ops('i32_or', 'i32_or');
    helperOr(e, 'f64.from.f32', [0, 1], () => storeFloat(e, 0, c, 64));
  },
  { faults: true },
);

// Two lanes between the formats: operand in v, result in x.
function packedFormat(name: string, op: VectorOp, difficult: (e: Emitter) => void, inexact: boolean): UopRow {
  return uop(
    name,
    'out in',
    (e) => {
      const { v, x } = e.local;
      e.getVector(1);
      e.code.tee(v).vector(op).set(x);
      difficult(e);
      e.code.vector('v128_or', 'v128_any_true');
      pushUnusual(e, inexact);
      e.code.ops('i32_or');
      helperOr(e, name, [0, 1], () => e.setVector(0, () => e.code.get(x)));
    },
    { faults: true },
  );
}
const packedFormats = [
  packedFormat(
    'f32x4.from.f64',
    'f32x4_demote_f64x2_zero',
    (e) => {
      pushSpecialLanes(e, e.local.x, 32);
      pushDenormalLanes(e, e.local.v, 64, SINGLE_LIMIT);
    },
    true,
  ),
  // Looked at as doubles, because only the low singles count.
  packedFormat(
    'f64x2.from.f32',
    'f64x2_promote_low_f32x4',
    (e) => {
      pushSpecialLanes(e, e.local.x, 64);
      pushDenormalLanes(e, e.local.x, 64, 2 ** -126);
    },
    false,
  ),
];

/** All rows of this file. */
export const floatConvertRows: readonly UopRow[] = [
  ...WIDTHS.flatMap((width) => WIDTHS.map((from) => fromInteger(from, width))),
  ...(['from', 'trunc'] as const).flatMap((how) => WIDTHS.flatMap((width) => [...WIDTHS.map((to) => toInteger(how, width, to)), toIntegers(how, width)])),
  packedFromInteger,
  uop('f64x2.from.i32', 'out in', (e) =>
    e.setVector(0, () => {
      e.getVector(1);
      e.code.vector('f64x2_convert_low_i32x4_s');
    }),
  ),
  single,
  double,
  ...packedFormats,
];
