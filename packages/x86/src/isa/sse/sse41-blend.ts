// Blends. Intel SDM vol. 2: PBLENDW, BLENDPS, BLENDPD with an immediate; PBLENDVB, BLENDVPS, BLENDVPD with XMM0.
import { imm8, xm128, xmm, xmm0 } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw } from '../row.ts';

// Elements of `size` bytes come from the source where the immediate's bit is set.
function blend(mnemonic: string, opcode: string, size: number): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'sse4.1',
    lift: (b) => {
      const target = b.registerOperand(0);
      const immediate = b.immediate(2);
      const mask = Array.from({ length: 16 }, (_, byte) => ((immediate >> Math.floor(byte / size)) & 1 ? 0xff : 0));
      b.uop('vselect', target, b.readVector(1), target, b.constantVector(mask));
    },
    rows: [row(`66 0f 3a ${opcode} /r ib`, rw(xmm), r(xm128), r(imm8))],
  });
}
export const blendps = blend('blendps', '0c', 4);
export const blendpd = blend('blendpd', '0d', 8);
export const pblendw = blend('pblendw', '0e', 2);

// The same by the sign bits of the elements of XMM0.
function blendBySign(mnemonic: string, opcode: string, bits: 8 | 32 | 64): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'sse4.1',
    lift: (b) => {
      const target = b.registerOperand(0);
      b.uop(`vselect.${bits}`, target, b.readVector(1), target, b.registerOperand(2));
    },
    rows: [row(`66 0f 38 ${opcode} /r`, rw(xmm), r(xm128), r(xmm0))],
  });
}
export const pblendvb = blendBySign('pblendvb', '10', 8);
export const blendvps = blendBySign('blendvps', '14', 32);
export const blendvpd = blendBySign('blendvpd', '15', 64);
