// Shuffles, interleaves and packs. Intel SDM vol. 2: PSHUFD, PSHUFLW, PSHUFHW, SHUFPS, SHUFPD, UNPCK*, PUNPCK*, PACK*.
import { imm8, mm, mm32, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';
import { applyPacked, bothRows, isMmx, packed, packedRow } from './forms.ts';
import { elementIndices, fields } from './lane-indices.ts';

// Of MMX operands the upper halves make the upper half of what interleaving the whole of them gives.
function unpackHigh(mnemonic: string, opcode: string, size: number): InstructionFamily {
  return instruction({
    mnemonic,
    feature: ['sse2', 'mmx'],
    lift: (b) => applyPacked(b, `unpack.${isMmx(b) ? 'low' : 'high'}.${size}`, 'high'),
    rows: bothRows(opcode),
  });
}

// The MMX form reads only 32 bits of memory.
function unpackLow(mnemonic: string, opcode: string, size: number): InstructionFamily {
  return instruction({
    mnemonic,
    feature: ['sse2', 'mmx'],
    lift: (b) => applyPacked(b, `unpack.low.${size}`),
    rows: [packedRow(`66 0f ${opcode} /r`), row(`np 0f ${opcode} /r`, rw(mm), r(mm32))],
  });
}

export const punpcklbw = unpackLow('punpcklbw', '60', 8);
export const punpcklwd = unpackLow('punpcklwd', '61', 16);
export const punpckldq = unpackLow('punpckldq', '62', 32);
export const punpcklqdq = packed('punpcklqdq', '6c', 'unpack.low.64', 'none');
export const punpckhbw = unpackHigh('punpckhbw', '68', 8);
export const punpckhwd = unpackHigh('punpckhwd', '69', 16);
export const punpckhdq = unpackHigh('punpckhdq', '6a', 32);
export const punpckhqdq = packed('punpckhqdq', '6d', 'unpack.high.64', 'none');
export const packsswb = packed('packsswb', '63', 'i8x16_narrow_i16x8_s', 'pair');
export const packuswb = packed('packuswb', '67', 'i8x16_narrow_i16x8_u', 'pair');
export const packssdw = packed('packssdw', '6b', 'i16x8_narrow_i32x4_s', 'pair');
export const unpcklpd = packed('unpcklpd', '14', 'unpack.low.64', 'none');
export const unpckhpd = packed('unpckhpd', '15', 'unpack.high.64', 'none');

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

function shuffle(mnemonic: string, prefix: string, table: (immediate: number) => number[]): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'sse2',
    lift: (b) => b.uop('swizzle', b.registerOperand(0), b.readVector(1), b.constantVector(table(b.immediate(2)))),
    rows: [row(`${prefix} 0f 70 /r ib`, w(xmm), r(xm128), r(imm8))],
  });
}
export const pshufd = shuffle('pshufd', '66', (immediate) => elementIndices(4, fields(immediate)));
export const pshuflw = shuffle('pshuflw', 'f2', (immediate) => elementIndices(2, [...fields(immediate), 4, 5, 6, 7]));
export const pshufhw = shuffle('pshufhw', 'f3', (immediate) => elementIndices(2, [0, 1, 2, 3, ...fields(immediate).map((field) => field + 4)]));

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
        elementIndices(
          size,
          chosen.map((element, place) => (place < half ? element : -1)),
        ),
      );
      const high = b.constantVector(
        elementIndices(
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
