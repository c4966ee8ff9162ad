// How a result becomes the two lazy flag words (state/flags.ts), as WebAssembly: one function per family of instructions.
import type { Emitter, Width } from './uop-row.ts';

const TOP_TWO = -0x4000_0000_0000_0000n;
const TOP = -0x8000_0000_0000_0000n;
const SECOND = 0x4000_0000_0000_0000n;

/** Sign-extends the i64 on the stack from `width` bits. */
export function signExtend(e: Emitter, width: Width): void {
  if (width === 8) e.code.ops('i64_extend8_s');
  else if (width === 16) e.code.ops('i64_extend16_s');
  else if (width === 32) e.code.ops('i64_extend32_s');
}

/** Zero-extends the i64 on the stack from `width` bits. */
export function zeroExtend(e: Emitter, width: Width): void {
  if (width !== 64) e.code.i64(width === 32 ? 0xffff_ffffn : width === 16 ? 0xffffn : 0xffn).ops('i64_and');
}

/** FLAG_RESULT from local c. */
export function setResultWord(e: Emitter, width: Width): void {
  e.setFlagResult(() => {
    e.code.get(e.local.c);
    signExtend(e, width);
  });
}

/** FLAG_AUX of c = a + b (+ carry): carries out of each bit are (a & b) | ((a | b) & ~c). */
export function setAddAux(e: Emitter, width: Width): void {
  const { a, b, c } = e.local;
  e.setFlagAux(() => {
    e.code.get(a).get(b).ops('i64_and').get(a).get(b).ops('i64_or').get(c).i64(-1).ops('i64_xor', 'i64_and', 'i64_or');
    normaliseCarries(e, width);
  });
}

/** FLAG_AUX of c = a - b (- borrow): borrows are (~a & b) | (~(a ^ b) & c). */
export function setSubtractAux(e: Emitter, width: Width): void {
  const { a, b, c } = e.local;
  e.setFlagAux(() => {
    e.code.get(a).i64(-1).ops('i64_xor').get(b).ops('i64_and');
    e.code.get(a).get(b).ops('i64_xor').i64(-1).ops('i64_xor').get(c).ops('i64_and', 'i64_or');
    normaliseCarries(e, width);
  });
}

// Puts the carries out of the two top bits at 63 and 62 and keeps bit 3 (AF) where it is.
function normaliseCarries(e: Emitter, width: Width): void {
  const { d } = e.local;
  if (width === 64) {
    e.code.i64(TOP_TWO | 8n).ops('i64_and');
    return;
  }
  e.code
    .tee(d)
    .i64(64 - width)
    .ops('i64_shl')
    .i64(TOP_TWO)
    .ops('i64_and');
  e.code.get(d).i64(8).ops('i64_and', 'i64_or');
}

/** FLAG_AUX with the carry of the flags before: INC and DEC keep CF. Needs the fresh aux word already stored and the old one in local d. */
export function restoreCarry(e: Emitter): void {
  const { d } = e.local;
  // Bit 62 is CF ^ OF, so a change of bit 63 must be applied to it as well.
  e.setFlagAux(() => {
    e.flagAux();
    e.flagAux();
    e.code.get(d).ops('i64_xor').i64(TOP).ops('i64_and').tee(d);
    e.code.get(d).i64(1).ops('i64_shr_u', 'i64_or', 'i64_xor');
  });
}

/** FLAG_AUX = 0: logical operations. */
export function clearAux(e: Emitter): void {
  e.setFlagAux(() => e.code.i64(0));
}

/** FLAG_AUX with CF = OF = the i32 that `condition` pushes: multiplications. */
export function setCarryAndOverflow(e: Emitter, condition: () => void): void {
  e.setFlagAux(() => {
    condition();
    e.code.ops('i64_extend_i32_u').i64(63).ops('i64_shl');
  });
}

/** Replaces the two top bits of FLAG_AUX (CF and CF ^ OF) by those that `bits` pushes: rotations. */
export function replaceCarryAndOverflow(e: Emitter, bits: () => void): void {
  e.setFlagAux(() => {
    e.flagAux();
    e.code.i64(~TOP_TWO).ops('i64_and');
    bits();
    e.code.i64(TOP_TWO).ops('i64_and', 'i64_or');
  });
}

/** Replaces CF by bit 0 of the i64 that `bit` pushes and keeps OF: BT family, CMC, STC, CLC. */
export function replaceCarry(e: Emitter, bit: () => void): void {
  const { d } = e.local;
  e.code.ops();
  bit();
  e.code.i64(63).ops('i64_shl').set(d);
  restoreCarry(e);
}

/** Constants of the aux word for rows that build it themselves. */
export const AuxBit = { TOP, SECOND, TOP_TWO } as const;
