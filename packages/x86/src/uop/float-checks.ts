// When the plain WebAssembly result of a float operation is all that x86 would do: conditions for leaving to the exact helper.
//
// WebAssembly rounds to nearest, has no exception flags and leaves NaN payloads open. Its result is x86's when MXCSR asks for
// nothing else (all exceptions masked, no DAZ, no FTZ) and no flag would be raised that is not up already. Precision is raised
// by nearly every operation, so it must be up (it is sticky); operands and results that could raise another flag go to the helper.
import { MXCSR } from '../state/layout.ts';
import type { VectorOp } from '../wasm/code.ts';
import { helperNumber } from './helpers/index.ts';
import type { Emitter } from './uop-row.ts';

/** Widths of floats. */
export type FloatWidth = 32 | 64;

const DEFAULT_CONTROL = 0x1f80;
const CONTROL_BITS = 0xffc0;
const PRECISION = 0x20;

/** Pushes an i32 that is not zero when MXCSR needs the helper; `inexact` says that the operation may round. */
export function pushUnusual(e: Emitter, inexact: boolean): void {
  const precision = inexact ? PRECISION : 0;
  e.state(MXCSR);
  e.code
    .i64(CONTROL_BITS | precision)
    .ops('i64_and')
    .i64(DEFAULT_CONTROL | precision)
    .ops('i64_ne');
}

const fractionBits = (width: FloatWidth) => (width === 64 ? 52 : 23);
/** Pushes an i32 that is not zero when an inexact result would raise the precision flag, because it is not up yet. */
export function pushPrecisionClear(e: Emitter): void {
  e.state(MXCSR);
  e.code.i64(PRECISION).ops('i64_and', 'i64_eqz');
}

// Magnitudes are compared with the sign shifted out, at the top of an i64.
const SHIFT = { 32: 33, 64: 1 } as const;
const smallestNormal = (width: FloatWidth) => BigInt.asIntN(64, 1n << BigInt(fractionBits(width) + SHIFT[width]));
const infinity = (width: FloatWidth) => (width === 64 ? -0x20_0000_0000_0000n : -0x0100_0000_0000_0000n);

function pushMagnitude(e: Emitter, local: number, width: FloatWidth): void {
  e.code.get(local).i64(SHIFT[width]).ops('i64_shl');
}
/** Pushes whether the float whose bits are in a local is denormal. */
export function pushDenormal(e: Emitter, local: number, width: FloatWidth): void {
  pushMagnitude(e, local, width);
  e.code
    .i64(1)
    .ops('i64_sub')
    .i64(smallestNormal(width) - 1n)
    .ops('i64_lt_u');
}
/** Pushes whether it is infinite or a NaN. */
export function pushSpecial(e: Emitter, local: number, width: FloatWidth): void {
  pushMagnitude(e, local, width);
  e.code.i64(infinity(width)).ops('i64_ge_u');
}
/** Pushes whether it is a NaN. */
export function pushNaN(e: Emitter, local: number, width: FloatWidth): void {
  pushMagnitude(e, local, width);
  e.code.i64(infinity(width)).ops('i64_gt_u');
}
/** Pushes whether a product or quotient may have been tiny: at most the smallest normal number, or zero from other numbers. */
export function pushTiny(e: Emitter, left: number, right: number, result: number, width: FloatWidth): void {
  pushMagnitude(e, result, width);
  e.code.i64(1).ops('i64_sub').i64(smallestNormal(width)).ops('i64_lt_u');
  pushMagnitude(e, result, width);
  e.code.ops('i64_eqz');
  for (const local of [left, right]) {
    pushMagnitude(e, local, width);
    e.code.ops('i64_eqz', 'i32_eqz', 'i32_and');
  }
  e.code.ops('i32_or');
}
/** Pushes whether it is not zero and smaller than a limit in magnitude. */
export function pushSmall(e: Emitter, local: number, width: FloatWidth, limit: number): void {
  const bits = width === 64 ? new BigInt64Array(new Float64Array([limit]).buffer)[0] : BigInt(new Int32Array(new Float32Array([limit]).buffer)[0]);
  pushMagnitude(e, local, width);
  e.code.i64(1).ops('i64_sub');
  e.code.i64(BigInt.asIntN(64, bits << BigInt(SHIFT[width])) - 1n).ops('i64_lt_u');
}
/** Pushes as a float the bits in a 64-bit local. */
export function pushFloat(e: Emitter, local: number, width: FloatWidth): void {
  e.code.get(local);
  if (width === 64) e.code.ops('f64_reinterpret_i64');
  else e.code.ops('i32_wrap_i64', 'f32_reinterpret_i32');
}
/** Takes a float from the stack into a 64-bit local. */
export function keepFloat(e: Emitter, local: number, width: FloatWidth): void {
  if (width === 64) e.code.ops('i64_reinterpret_f64').set(local);
  else e.code.ops('i32_reinterpret_f32', 'i64_extend_i32_u').set(local);
}
/** Writes the float in a 64-bit local to the low part of an operand and leaves the rest. */
export function storeFloat(e: Emitter, index: number, local: number, width: FloatWidth): void {
  e.setFloat(index, width, () => pushFloat(e, local, width));
}

/** Names of the vector instructions of a lane width. */
export const shape = (width: FloatWidth) => (width === 64 ? 'f64x2' : 'f32x4');
export const vectorOp = (width: FloatWidth, name: string) => `${shape(width)}_${name}` as VectorOp;

/** Pushes a vector with the same float in each lane. */
export function pushSplat(e: Emitter, width: FloatWidth, value: number): void {
  const lanes = width === 64 ? new Float64Array(2).fill(value) : new Float32Array(4).fill(value);
  e.code.v128([...new Uint8Array(lanes.buffer)]);
}
const SMALLEST = { 32: 2 ** -126, 64: 2 ** -1022 } as const;

function pushNotZero(e: Emitter, local: number, width: FloatWidth): void {
  e.code.get(local);
  pushSplat(e, width, 0);
  e.code.vector(vectorOp(width, 'ne'));
}
/** Pushes a mask of the denormal lanes of a vector local, or of those that are not zero and below another limit. */
export function pushDenormalLanes(e: Emitter, local: number, width: FloatWidth, limit: number = SMALLEST[width]): void {
  e.code.get(local).vector(vectorOp(width, 'abs'));
  pushSplat(e, width, limit);
  e.code.vector(vectorOp(width, 'lt'));
  pushNotZero(e, local, width);
  e.code.vector('v128_and');
}
/** Pushes a mask of the lanes that are infinite or NaN. */
export function pushSpecialLanes(e: Emitter, local: number, width: FloatWidth): void {
  e.code.get(local).vector(vectorOp(width, 'abs'));
  pushSplat(e, width, Number.POSITIVE_INFINITY);
  e.code.vector(vectorOp(width, 'lt'), 'v128_not');
}
/** Pushes a mask of the NaN lanes. */
export function pushNaNLanes(e: Emitter, local: number, width: FloatWidth): void {
  e.code.get(local).get(local).vector(vectorOp(width, 'ne'));
}
/** `pushTiny` for lanes. */
export function pushTinyLanes(e: Emitter, left: number, right: number, result: number, width: FloatWidth): void {
  e.code.get(result).vector(vectorOp(width, 'abs'));
  pushSplat(e, width, SMALLEST[width]);
  e.code.vector(vectorOp(width, 'le'));
  // A zero result is harmless where one of the operands is zero.
  pushNotZero(e, left, width);
  pushNotZero(e, right, width);
  e.code.vector('v128_and');
  pushNotZero(e, result, width);
  e.code.vector('v128_or', 'v128_and');
}

/** With a condition on the stack: calls the helper, or else does what `plain` emits. */
export function helperOr(e: Emitter, name: string, cells: readonly number[], plain: () => void): void {
  e.code.if();
  e.callHelper(() => e.code.i32(helperNumber(name)), cells);
  e.code.else();
  plain();
  e.code.end();
}
