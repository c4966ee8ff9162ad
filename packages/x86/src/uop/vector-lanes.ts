// Vector micro-operations that WebAssembly has no single instruction for: table shuffles, high products, sums of differences.
import type { VectorOp } from '../wasm/code.ts';
import { AuxBit } from './flag-words.ts';
import { type Emitter, type UopRow, uop } from './uop-row.ts';

// Products of 32 bits in two vectors; their upper halves make the result.
function highProduct(name: string, low: VectorOp, high: VectorOp): UopRow {
  return uop(name, 'out in in', (e) =>
    e.setVector(0, () => {
      for (const half of [low, high]) {
        e.getVector(1);
        e.getVector(2);
        e.code.vector(half);
      }
      e.code.lanes('i8x16_shuffle', 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
    }),
  );
}

// Moves the even 32-bit elements to the front.
function evenElements(e: Emitter, index: number): void {
  e.getVector(index);
  e.getVector(index);
  e.code.lanes('i8x16_shuffle', 0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11);
}

function product(name: string, op: VectorOp): UopRow {
  return uop(name, 'out in in', (e) =>
    e.setVector(0, () => {
      evenElements(e, 1);
      evenElements(e, 2);
      e.code.vector(op);
    }),
  );
}

function unary(name: VectorOp): UopRow {
  return uop(name, 'out in', (e) =>
    e.setVector(0, () => {
      e.getVector(1);
      e.code.vector(name);
    }),
  );
}

// Operand 1 with the sign of operand 2: negated, kept, or zero.
function sign(element: 'i8x16' | 'i16x8' | 'i32x4', bits: number): UopRow {
  return uop(`${element}.sign`, 'out in in', (e) => {
    const { v, w } = e.local;
    const op = (name: string) => `${element}_${name}` as VectorOp;
    e.getVector(2);
    e.code
      .tee(v)
      .i32(bits - 1)
      .vector(op('shr_s'))
      .set(w);
    e.setVector(0, () => {
      e.getVector(1);
      // (x ^ -1) - -1 is -x.
      e.code.get(w).vector('v128_xor').get(w).vector(op('sub'));
      e.code.get(v).v128(ZERO).vector(op('eq'), 'v128_andnot');
    });
  });
}
const EXTENSIONS: readonly VectorOp[] = [
  'i16x8_extend_low_i8x16_s',
  'i16x8_extend_low_i8x16_u',
  'i32x4_extend_low_i16x8_s',
  'i32x4_extend_low_i16x8_u',
  'i64x2_extend_low_i32x4_s',
  'i64x2_extend_low_i32x4_u',
];
const ODD_PARITY = 0x100;

// Elements of operand 1 where the sign bit of operand 3's element is set, of operand 2 elsewhere.
function selectBySign(bits: 8 | 32 | 64): UopRow {
  const shape = bits === 8 ? 'i8x16' : bits === 32 ? 'i32x4' : 'i64x2';
  return uop(`vselect.${bits}`, 'out in in in', (e) =>
    e.setVector(0, () => {
      for (const index of [1, 2, 3]) e.getVector(index);
      e.code
        .i32(bits - 1)
        .vector(`${shape}_shr_s`)
        .vector('v128_bitselect');
    }),
  );
}
const ZERO = new Array<number>(16).fill(0);
/** -32768 in each 16-bit lane. */
const MINIMA = Array.from({ length: 16 }, (_, byte) => (byte % 2 === 0 ? 0 : 0x80));

const supplementary: readonly UopRow[] = [
  ...(['i8x16_abs', 'i16x8_abs', 'i32x4_abs'] as const).map(unary),
  ...EXTENSIONS.map(unary),
  ...([8, 32, 64] as const).map(selectBySign),
  // Operand 1 where the mask in operand 3 has ones, operand 2 where it has zeros.
  uop('vselect', 'out in in in', (e) =>
    e.setVector(0, () => {
      for (const index of [1, 2, 3]) e.getVector(index);
      e.code.vector('v128_bitselect');
    }),
  ),
  // PTEST: ZF says that the conjunction is empty, CF that nothing of operand 1 lies outside operand 0.
  uop(
    'vtest',
    'in in',
    (e) => {
      e.setFlagResult(() => {
        e.getVector(0);
        e.getVector(1);
        e.code.vector('v128_and', 'v128_any_true').ops('i64_extend_i32_u').i64(8).ops('i64_shl');
      });
      e.setFlagAux(() => {
        // Bits 63 and 62 are CF without OF; PF is clear, so the parity of the zero low byte is corrected.
        e.code.i64(ODD_PARITY).i64(AuxBit.TOP_TWO | BigInt(ODD_PARITY));
        e.getVector(1);
        e.getVector(0);
        e.code.vector('v128_andnot', 'v128_any_true').ops('select');
      });
    },
    { flags: 'write' },
  ),
  sign('i8x16', 8),
  sign('i16x8', 16),
  sign('i32x4', 32),
  // Unsigned bytes times signed bytes; neighbours added with saturation.
  uop('i16x8.dot_i8x16_us', 'out in in', (e) =>
    e.setVector(0, () => {
      e.getVector(1);
      e.code.i32(8).vector('i16x8_shl').i32(8).vector('i16x8_shr_u');
      e.getVector(2);
      e.code.i32(8).vector('i16x8_shl').i32(8).vector('i16x8_shr_s', 'i16x8_mul');
      e.getVector(1);
      e.code.i32(8).vector('i16x8_shr_u');
      e.getVector(2);
      e.code.i32(8).vector('i16x8_shr_s', 'i16x8_mul', 'i16x8_add_sat_s');
    }),
  ),
  // The rounded high product; WebAssembly's saturates where x86's wraps: -1 * -1 in this fixed-point format.
  uop('i16x8.mulhi_rounded', 'out in in', (e) =>
    e.setVector(0, () => {
      e.getVector(1);
      e.getVector(2);
      e.code.vector('i16x8_q15mulr_sat_s');
      for (const index of [1, 2]) {
        e.getVector(index);
        e.code.v128(MINIMA).vector('i16x8_eq');
      }
      e.code.vector('v128_and', 'v128_xor');
    }),
  ),
];

/** All rows of this file. */
export const vectorLaneRows: readonly UopRow[] = [
  ...supplementary,
  // Bytes of operand 1 chosen by the indices in operand 2; an index beyond 15 gives zero.
  uop(
    'swizzle',
    'out in in',
    (e) =>
      e.setVector(0, () => {
        e.getVector(1);
        e.getVector(2);
        e.code.vector('i8x16_swizzle');
      }),
    { hot: true },
  ),
  // The same from two sources (1 by 2, 3 by 4), which must not choose a byte for the same place.
  uop('swizzle.2', 'out in in in in', (e) =>
    e.setVector(0, () => {
      e.getVector(1);
      e.getVector(2);
      e.code.vector('i8x16_swizzle');
      e.getVector(3);
      e.getVector(4);
      e.code.vector('i8x16_swizzle', 'v128_or');
    }),
  ),
  // The low 32 bits of a vector; the rest of the destination stays.
  uop('vlow.32', 'out in', (e) => e.setFloat(0, 32, () => e.getFloat(1, 32)), { hot: true }),
  highProduct('i16x8_mulhi_s', 'i32x4_extmul_low_i16x8_s', 'i32x4_extmul_high_i16x8_s'),
  highProduct('i16x8_mulhi_u', 'i32x4_extmul_low_i16x8_u', 'i32x4_extmul_high_i16x8_u'),
  product('i64x2_mul_even_u', 'i64x2_extmul_low_i32x4_u'),
  product('i64x2_mul_even_s', 'i64x2_extmul_low_i32x4_s'),
  // Sum of absolute byte differences in each half.
  uop('i8x16_sad', 'out in in', (e) => {
    const { v } = e.local;
    e.getVector(1);
    e.getVector(2);
    e.code.vector('i8x16_sub_sat_u');
    e.getVector(2);
    e.getVector(1);
    e.code.vector('i8x16_sub_sat_u', 'v128_or', 'i16x8_extadd_pairwise_i8x16_u', 'i32x4_extadd_pairwise_i16x8_u').set(v);
    e.setVector(0, () => {
      e.code.get(v).i32(32).vector('i64x2_shr_u');
      e.code.get(v).i32(32).vector('i64x2_shl').i32(32).vector('i64x2_shr_u', 'i64x2_add');
    });
  }),
];
