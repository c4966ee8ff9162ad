// AES and carry-less multiplication. Intel SDM vol. 2: AESENC, AESENCLAST, AESDEC, AESDECLAST, AESIMC, AESKEYGENASSIST, PCLMULQDQ.
import { imm8, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';

function round(mnemonic: string, opcode: string, name: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'aes',
    lift: (b) => b.helper(name, b.registerOperand(0), b.registerOperand(0), b.readVector(1)),
    rows: [row(`66 0f 38 ${opcode} /r`, rw(xmm), r(xm128))],
  });
}
export const aesenc = round('aesenc', 'dc', 'aes-encrypt');
export const aesenclast = round('aesenclast', 'dd', 'aes-encrypt-last');
export const aesdec = round('aesdec', 'de', 'aes-decrypt');
export const aesdeclast = round('aesdeclast', 'df', 'aes-decrypt-last');

export const aesimc = instruction({
  mnemonic: 'aesimc',
  feature: 'aes',
  lift: (b) => b.helper('aes-inverse-mix', b.registerOperand(0), b.readVector(1)),
  rows: [row('66 0f 38 db /r', w(xmm), r(xm128))],
});
export const aeskeygenassist = instruction({
  mnemonic: 'aeskeygenassist',
  feature: 'aes',
  lift: (b) => b.helper('aes-key', b.registerOperand(0), b.readVector(1), b.read(2)),
  rows: [row('66 0f 3a df /r ib', w(xmm), r(xm128), r(imm8))],
});

export const pclmulqdq = instruction({
  mnemonic: 'pclmulqdq',
  feature: 'pclmulqdq',
  lift: (b) => {
    const choice = b.immediate(2);
    const target = b.registerOperand(0);
    // Bits 0 and 4 choose the halves.
    b.helper('multiply-carry-less', target, target + (choice & 1 ? 8 : 0), b.readVector(1) + (choice & 16 ? 8 : 0));
  },
  rows: [row('66 0f 3a 44 /r ib', rw(xmm), r(xm128), r(imm8))],
});
