// The sixteen conditions of Jcc, SETcc and CMOVcc as expressions over the lazy flag words (SDM vol. 1, appendix B).
import type { Emitter } from './uop-row.ts';

/** Names in encoding order; odd numbers negate the even ones. */
export const CONDITIONS = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'] as const;

/** Pushes the condition as an i32 that is 0 or 1. */
export function pushCondition(e: Emitter, condition: number): void {
  POSITIVE[condition >> 1](e);
  if (condition & 1) e.code.ops('i32_eqz');
}

const carry = (e: Emitter) => {
  e.flagAux();
  e.code.i64(0).ops('i64_lt_s');
};
const zero = (e: Emitter) => {
  e.flagResult();
  e.code.ops('i64_eqz');
};
// Sign of result ^ aux << 2 is SF; xor aux ^ aux << 1 makes it SF ^ OF.
const sign = (e: Emitter) => {
  e.flagResult();
  e.flagAux();
  e.code.i64(2).ops('i64_shl', 'i64_xor').i64(0).ops('i64_lt_s');
};
const less = (e: Emitter) => {
  const { d } = e.local;
  e.flagAux();
  e.code.tee(d).get(d).i64(1).ops('i64_shl', 'i64_xor').get(d).i64(2).ops('i64_shl', 'i64_xor');
  e.flagResult();
  e.code.ops('i64_xor').i64(0).ops('i64_lt_s');
};

const POSITIVE: readonly ((e: Emitter) => void)[] = [
  (e) => {
    e.flagAux();
    e.code.tee(e.local.d).get(e.local.d).i64(1).ops('i64_shl', 'i64_xor').i64(0).ops('i64_lt_s');
  },
  carry,
  zero,
  (e) => {
    carry(e);
    zero(e);
    e.code.ops('i32_or');
  },
  sign,
  (e) => {
    e.flagResult();
    e.flagAux();
    e.code.i64(8).ops('i64_shr_u', 'i64_xor').i64(0xffn).ops('i64_and', 'i64_popcnt', 'i32_wrap_i64').i32(1).ops('i32_and', 'i32_eqz');
  },
  less,
  (e) => {
    less(e);
    zero(e);
    e.code.ops('i32_or');
  },
];
