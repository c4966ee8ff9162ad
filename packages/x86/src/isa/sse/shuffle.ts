// Shuffles, interleaves and packs. Intel SDM vol. 2: PSHUFD, PSHUFLW, PSHUFHW, SHUFPS, SHUFPD, UNPCK*, PUNPCK*, PACK*.
import { imm8, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';
import { packed } from './forms.ts';

export const punpcklbw = packed('punpcklbw', '60', 'unpack.low.8');
export const punpcklwd = packed('punpcklwd', '61', 'unpack.low.16');
export const punpckldq = packed('punpckldq', '62', 'unpack.low.32');
export const punpcklqdq = packed('punpcklqdq', '6c', 'unpack.low.64');
export const punpckhbw = packed('punpckhbw', '68', 'unpack.high.8');
export const punpckhwd = packed('punpckhwd', '69', 'unpack.high.16');
export const punpckhdq = packed('punpckhdq', '6a', 'unpack.high.32');
export const punpckhqdq = packed('punpckhqdq', '6d', 'unpack.high.64');
export const packsswb = packed('packsswb', '63', 'i8x16_narrow_i16x8_s');
export const packuswb = packed('packuswb', '67', 'i8x16_narrow_i16x8_u');
export const packssdw = packed('packssdw', '6b', 'i16x8_narrow_i32x4_s');
export const unpcklpd = packed('unpcklpd', '14', 'unpack.low.64');
export const unpckhpd = packed('unpckhpd', '15', 'unpack.high.64');

function unpackSingle(mnemonic: string, opcode: string, op: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'sse',
    lift: (b) => b.uop(op, b.registerOperand(0), b.registerOperand(0), b.readVector(1)),
    rows: [row(`np 0f ${opcode} /r`, rw(xmm), r(xm128))],
  });
}
export const unpcklps = unpackSingle('unpcklps', '14', 'unpack.low.32');
export const unpckhps = unpackSingle('unpckhps', '15', 'unpack.high.32');

/** Byte indices that move element number `elements[i]` of `size` bytes to place i; -1 makes a place zero. */
function indices(size: number, elements: readonly number[]): number[] {
  return elements.flatMap((element) => Array.from({ length: size }, (_, byte) => (element < 0 ? 0x80 : element * size + byte)));
}
// The four two-bit fields of an immediate.
const fields = (immediate: number) => [immediate & 3, (immediate >> 2) & 3, (immediate >> 4) & 3, (immediate >> 6) & 3];

function shuffle(mnemonic: string, prefix: string, table: (immediate: number) => number[]): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'sse2',
    lift: (b) => b.uop('swizzle', b.registerOperand(0), b.readVector(1), b.constantVector(table(b.immediate(2)))),
    rows: [row(`${prefix} 0f 70 /r ib`, w(xmm), r(xm128), r(imm8))],
  });
}
export const pshufd = shuffle('pshufd', '66', (immediate) => indices(4, fields(immediate)));
export const pshuflw = shuffle('pshuflw', 'f2', (immediate) => indices(2, [...fields(immediate), 4, 5, 6, 7]));
export const pshufhw = shuffle('pshufhw', 'f3', (immediate) => indices(2, [0, 1, 2, 3, ...fields(immediate).map((field) => field + 4)]));

// The lower half of the result comes from the destination, the upper half from the source.
function shuffleTwo(mnemonic: string, prefix: 'np' | '66', size: number): InstructionFamily {
  return instruction({
    mnemonic,
    feature: prefix === 'np' ? 'sse' : 'sse2',
    lift: (b) => {
      const target = b.registerOperand(0);
      const immediate = b.immediate(2);
      const chosen = size === 4 ? fields(immediate) : [immediate & 1, (immediate >> 1) & 1];
      const half = chosen.length / 2;
      const low = b.constantVector(
        indices(
          size,
          chosen.map((element, place) => (place < half ? element : -1)),
        ),
      );
      const high = b.constantVector(
        indices(
          size,
          chosen.map((element, place) => (place < half ? -1 : element)),
        ),
      );
      b.uop('swizzle.2', target, target, low, b.readVector(1), high);
    },
    rows: [row(`${prefix} 0f c6 /r ib`, rw(xmm), r(xm128), r(imm8))],
  });
}
export const shufps = shuffleTwo('shufps', 'np', 4);
export const shufpd = shuffleTwo('shufpd', '66', 8);
