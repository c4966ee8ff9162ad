// Packed shifts by a count and byte shifts. Intel SDM vol. 2: PSLL, PSRL, PSRA, PSLLDQ, PSRLDQ.
import { imm8, mm64, xm128 } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw } from '../row.ts';
import { bothRows, isMmx, writeMmx } from './forms.ts';

// The count is one number for all elements: an immediate, or the low 64 bits of a register or of aligned memory.
function shift(mnemonic: string, opcode: string, immediate: string, op: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: ['sse2', 'mmx', 'sse2', 'mmx'],
    lift: (b) => {
      const target = b.registerOperand(0);
      const mmx = isMmx(b);
      if (mmx) b.uop('mmx.check');
      const count = b.kind(1).place === 'immediate' ? b.constant(b.immediate(1) & 0xff) : b.readVector(1);
      const result = mmx ? b.vectorTemporary() : target;
      b.uop(op, result, target, count);
      if (mmx) writeMmx(b, target, result);
    },
    rows: [...bothRows(opcode), row(`66 0f ${immediate} ib`, rw(xm128), r(imm8)), row(`np 0f ${immediate} ib`, rw(mm64), r(imm8))],
  });
}
export const psllw = shift('psllw', 'f1', '71 mod3 /6', 'i16x8_shl');
export const pslld = shift('pslld', 'f2', '72 mod3 /6', 'i32x4_shl');
export const psllq = shift('psllq', 'f3', '73 mod3 /6', 'i64x2_shl');
export const psrlw = shift('psrlw', 'd1', '71 mod3 /2', 'i16x8_shr_u');
export const psrld = shift('psrld', 'd2', '72 mod3 /2', 'i32x4_shr_u');
export const psrlq = shift('psrlq', 'd3', '73 mod3 /2', 'i64x2_shr_u');
export const psraw = shift('psraw', 'e1', '71 mod3 /4', 'i16x8_shr_s');
export const psrad = shift('psrad', 'e2', '72 mod3 /4', 'i32x4_shr_s');

// Indices outside 0..15 choose a zero byte.
function byteShift(mnemonic: string, digit: number, direction: 1 | -1): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'sse2',
    lift: (b) => {
      const target = b.registerOperand(0);
      const distance = Math.min(b.immediate(1) & 0xff, 16) * direction;
      const indices = Array.from({ length: 16 }, (_, byte) => {
        const from = byte - distance;
        return from >= 0 && from < 16 ? from : 0x80;
      });
      b.uop('swizzle', target, target, b.constantVector(indices));
    },
    rows: [row(`66 0f 73 mod3 /${digit} ib`, rw(xm128), r(imm8))],
  });
}
export const pslldq = byteShift('pslldq', 7, 1);
export const psrldq = byteShift('psrldq', 3, -1);
