// Moves of a part of a vector register. Intel SDM vol. 2: MOVSS, MOVSD, MOVLPS, MOVHPS, MOVLPD, MOVHPD, MOVHLPS, MOVLHPS, PINSRW, PEXTRW.
import { imm8, m64, r32, rm32, xm32, xm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';

// From memory the rest of the register becomes zero; between registers it stays.
export const movss = instruction({
  mnemonic: 'movss',
  feature: 'sse',
  lift: (b) => {
    if (b.isMemory(1)) b.loadVector(1, b.registerOperand(0));
    else if (b.isMemory(0)) b.store(32, 0, b.registerOperand(1));
    else b.uop('vlow.32', b.registerOperand(0), b.registerOperand(1));
  },
  rows: [row('f3 0f 10 /r', rw(xmm), r(xm32)), row('f3 0f 11 /r', rw(xm32), r(xmm))],
});
export const movsd = instruction({
  mnemonic: 'movsd',
  feature: 'sse2',
  lift: (b) => {
    if (b.isMemory(1)) b.loadVector(1, b.registerOperand(0));
    else if (b.isMemory(0)) b.store(64, 0, b.registerOperand(1));
    else b.uop('mov.64', b.registerOperand(0), b.registerOperand(1));
  },
  rows: [row('f2 0f 10 /r', rw(xmm), r(xm64)), row('f2 0f 11 /r', rw(xm64), r(xmm))],
});

// One half of a register and memory; `half` is its byte offset.
function halfMove(mnemonic: string, half: 0 | 8, prefix: 'np' | '66', opcode: number): InstructionFamily {
  return instruction({
    mnemonic,
    feature: prefix === 'np' ? 'sse' : 'sse2',
    lift: (b) => {
      if (b.isMemory(1)) b.load(64, 1, 0, b.registerOperand(0) + half);
      else b.store(64, 0, b.registerOperand(1) + half);
    },
    rows: [row(`${prefix} 0f ${opcode.toString(16)} m /r`, rw(xmm), r(m64)), row(`${prefix} 0f ${(opcode + 1).toString(16)} m /r`, w(m64), r(xmm))],
  });
}
export const movlps = halfMove('movlps', 0, 'np', 0x12);
export const movlpd = halfMove('movlpd', 0, '66', 0x12);
export const movhps = halfMove('movhps', 8, 'np', 0x16);
export const movhpd = halfMove('movhpd', 8, '66', 0x16);

export const movhlps = instruction({
  mnemonic: 'movhlps',
  feature: 'sse',
  lift: (b) => b.uop('mov.64', b.registerOperand(0), b.registerOperand(1) + 8),
  rows: [row('np 0f 12 mod3 /r', rw(xmm), r(xm128))],
});
export const movlhps = instruction({
  mnemonic: 'movlhps',
  feature: 'sse',
  lift: (b) => b.uop('mov.64', b.registerOperand(0) + 8, b.registerOperand(1)),
  rows: [row('np 0f 16 mod3 /r', rw(xmm), r(xm128))],
});

/** The word comes from the low bits of a general register, or from 16 bits of memory. */
export const pinsrw = instruction({
  mnemonic: 'pinsrw',
  feature: 'sse2',
  lift: (b) => {
    const source = b.isMemory(1) ? b.load(16, 1) : b.registerOperand(1);
    b.uop('mov.16', b.registerOperand(0) + 2 * (b.immediate(2) & 7), source);
  },
  rows: [row('66 0f c4 /r ib', rw(xmm), r(rm32), r(imm8))],
});
export const pextrw = instruction({
  mnemonic: 'pextrw',
  feature: 'sse2',
  lift: (b) => b.uop('zx.16', b.registerOperand(0), b.registerOperand(1) + 2 * (b.immediate(2) & 7)),
  rows: [row('66 0f c5 mod3 /r ib', w(r32), r(xm128), r(imm8))],
});
