// Approximate reciprocals. Intel SDM vol. 2: RCPPS, RCPSS, RSQRTPS, RSQRTSS.
import { xm32, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';
import { SHAPES } from './forms.ts';

function approximate(mnemonic: string, opcode: string): InstructionFamily {
  return instruction({
    mnemonic,
    suffixes: ['ps', 'ss'],
    feature: 'sse',
    lift: (b) => b.helper(`${SHAPES[b.position * 2]}.${mnemonic}`, b.registerOperand(0), b.readVector(1)),
    rows: [row(`np 0f ${opcode} /r`, w(xmm), r(xm128)), row(`f3 0f ${opcode} /r`, rw(xmm), r(xm32))],
  });
}
export const rsqrt = approximate('rsqrt', '52');
export const rcp = approximate('rcp', '53');
