// 128-bit vector micro-operations that are one WebAssembly instruction (or a few) on whole registers.
import type { VectorOp } from '../wasm/code.ts';
import { type Emitter, type UopRow, uop } from './uop-row.ts';

// Two inputs, one instruction; `swap` gives the operands in the other order.
const BINARY: readonly VectorOp[] = [
  'v128_and',
  'v128_or',
  'v128_xor',
  'i8x16_add',
  'i16x8_add',
  'i32x4_add',
  'i64x2_add',
  'i8x16_sub',
  'i16x8_sub',
  'i32x4_sub',
  'i64x2_sub',
  'i8x16_add_sat_s',
  'i8x16_add_sat_u',
  'i16x8_add_sat_s',
  'i16x8_add_sat_u',
  'i8x16_sub_sat_s',
  'i8x16_sub_sat_u',
  'i16x8_sub_sat_s',
  'i16x8_sub_sat_u',
  'i8x16_eq',
  'i16x8_eq',
  'i32x4_eq',
  'i64x2_eq',
  'i8x16_gt_s',
  'i16x8_gt_s',
  'i32x4_gt_s',
  'i64x2_gt_s',
  'i8x16_min_u',
  'i8x16_max_u',
  'i16x8_min_s',
  'i16x8_max_s',
  'i8x16_min_s',
  'i8x16_max_s',
  'i16x8_min_u',
  'i16x8_max_u',
  'i32x4_min_s',
  'i32x4_min_u',
  'i32x4_max_s',
  'i32x4_max_u',
  'i8x16_avgr_u',
  'i16x8_avgr_u',
  'i16x8_mul',
  'i32x4_mul',
  'i32x4_dot_i16x8_s',
  'i8x16_narrow_i16x8_s',
  'i8x16_narrow_i16x8_u',
  'i16x8_narrow_i32x4_s',
  'i16x8_narrow_i32x4_u',
];
// Frequent in string functions and copies.
const HOT = new Set<VectorOp>(['v128_and', 'v128_or', 'v128_xor', 'i8x16_eq', 'i8x16_min_u', 'i8x16_sub']);

const binary = BINARY.map((name) =>
  uop(
    name,
    'out in in',
    (e) =>
      e.setVector(0, () => {
        e.getVector(1);
        e.getVector(2);
        e.code.vector(name);
      }),
    { hot: HOT.has(name) },
  ),
);

/** A shuffle of the 32 bytes of two inputs. */
function shuffle(name: string, lanes: readonly number[]): UopRow {
  return uop(name, 'out in in', (e) =>
    e.setVector(0, () => {
      e.getVector(1);
      e.getVector(2);
      e.code.lanes('i8x16_shuffle', ...lanes);
    }),
  );
}

// Interleaves elements of `size` bytes of the low or high halves.
function interleave(size: number, high: boolean): number[] {
  const start = high ? 8 : 0;
  return Array.from({ length: 16 }, (_, index) => {
    const element = Math.floor(index / (2 * size));
    const second = Math.floor(index / size) % 2;
    return start + element * size + (index % size) + 16 * second;
  });
}

const shuffles = [1, 2, 4, 8].flatMap((size) => [
  shuffle(`unpack.low.${size * 8}`, interleave(size, false)),
  shuffle(`unpack.high.${size * 8}`, interleave(size, true)),
]);

/** Pushes the same vector shifted by a count in the low 64 bits of operand 2; counts beyond the element give zero (or the sign). */
function elementShift(name: 'shl' | 'shr_u' | 'shr_s', shape: 'i16x8' | 'i32x4' | 'i64x2'): UopRow {
  const bits = shape === 'i16x8' ? 16 : shape === 'i32x4' ? 32 : 64;
  return uop(`${shape}_${name}`, 'out in in', (e: Emitter) => {
    const { a } = e.local;
    e.get(2, 64);
    e.code.set(a);
    e.setVector(0, () => {
      e.getVector(1);
      if (name === 'shr_s') {
        // Arithmetic shifts saturate the count: every bit becomes the sign.
        e.code
          .get(a)
          .i64(bits - 1)
          .get(a)
          .i64(bits)
          .ops('i64_lt_u', 'select', 'i32_wrap_i64')
          .vector(`${shape}_${name}`);
        return;
      }
      e.code.get(a).ops('i32_wrap_i64').vector(`${shape}_${name}`);
      e.code.v128(new Array<number>(16).fill(0)).get(a).i64(bits).ops('i64_lt_u', 'select');
    });
  });
}

const shifts = (['i16x8', 'i32x4', 'i64x2'] as const).flatMap((shape) => [
  elementShift('shl', shape),
  elementShift('shr_u', shape),
  ...(shape === 'i64x2' ? [] : [elementShift('shr_s', shape)]),
]);

const moves = [
  uop('mov.128', 'out in', (e) => e.setVector(0, () => e.getVector(1)), { hot: true }),
  uop('vandnot', 'out in in', (e) => e.setVector(0, () => (e.getVector(2), e.getVector(1), e.code.vector('v128_andnot')))),
  uop('vzero', 'out', (e) => e.setVector(0, () => e.code.v128(new Array<number>(16).fill(0))), { hot: true }),
  // Low 64 or 32 bits of an integer cell into a vector whose other bits become zero.
  uop('vfromlow.64', 'out in', (e) => e.setVector(0, () => (e.code.v128(new Array<number>(16).fill(0)), e.get(1, 64), e.code.lanes('i64x2_replace_lane', 0))), {
    hot: true,
  }),
  uop('vfromlow.32', 'out in', (e) =>
    e.setVector(0, () => (e.code.v128(new Array<number>(16).fill(0)), e.get(1, 32), e.code.ops('i32_wrap_i64').lanes('i32x4_replace_lane', 0))),
  ),
  uop('vmask.8', 'out in', (e) => e.set(0, 64, () => (e.getVector(1), e.code.vector('i8x16_bitmask').ops('i64_extend_i32_u'))), { hot: true }),
  uop('vmask.32', 'out in', (e) => e.set(0, 64, () => (e.getVector(1), e.code.vector('i32x4_bitmask').ops('i64_extend_i32_u')))),
  uop('vmask.64', 'out in', (e) => e.set(0, 64, () => (e.getVector(1), e.code.vector('i64x2_bitmask').ops('i64_extend_i32_u')))),
];

/** All rows of this file. */
export const vectorRows: readonly UopRow[] = [...binary, ...shuffles, ...shifts, ...moves];
