// Shifts and rotations. Intel SDM vol. 2: ROL, ROR, RCL, RCR, SHL, SHR, SAR, SHLD, SHRD.
import { cl, imm8, one, rm8, rmv, rv } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw } from '../row.ts';

function group2(mnemonic: string, number: number, flags: string): InstructionFamily {
  return instruction({
    mnemonic,
    flags,
    lift: (b) => b.compute(mnemonic === 'sal' ? 'shl' : mnemonic, 0, b.width(0), b.read(0), b.read(1)),
    rows: [
      row(`c0 /${number} ib`, rw(rm8), r(imm8)),
      row(`c1 /${number} ib`, rw(rmv), r(imm8)),
      row(`d0 /${number}`, rw(rm8), r(one)),
      row(`d1 /${number}`, rw(rmv), r(one)),
      row(`d2 /${number}`, rw(rm8), r(cl)),
      row(`d3 /${number}`, rw(rmv), r(cl)),
    ],
  });
}

export const rol = group2('rol', 0, 'w:oc');
export const ror = group2('ror', 1, 'w:oc');
export const rcl = group2('rcl', 2, 'r:c w:oc');
export const rcr = group2('rcr', 3, 'r:c w:oc');
export const shl = group2('shl', 4, 'w:oszpc u:a');
export const shr = group2('shr', 5, 'w:oszpc u:a');
/** The undocumented twin of SHL. */
export const sal = group2('sal', 6, 'w:oszpc u:a');
export const sar = group2('sar', 7, 'w:oszpc u:a');

function double(mnemonic: 'shld' | 'shrd', opcode: string, opcodeCl: string): InstructionFamily {
  return instruction({
    mnemonic,
    flags: 'w:oszpc u:a',
    lift: (b) => b.compute(mnemonic, 0, b.width(0), b.read(0), b.read(1), b.read(2)),
    rows: [row(`0f ${opcode} /r ib`, rw(rmv), r(rv), r(imm8)), row(`0f ${opcodeCl} /r`, rw(rmv), r(rv), r(cl))],
  });
}

export const shld = double('shld', 'a4', 'a5');
export const shrd = double('shrd', 'ac', 'ad');
