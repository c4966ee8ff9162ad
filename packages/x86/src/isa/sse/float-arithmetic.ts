// Float arithmetic. Intel SDM vol. 2: ADDPS, SUBPS, MULPS, DIVPS, SQRTPS, MINPS, MAXPS and their PD, SS and SD forms.
import { xm32, xm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';
import { SHAPES } from './forms.ts';

function arithmetic(mnemonic: string, opcode: string): InstructionFamily {
  const unary = mnemonic === 'sqrt';
  const target = unary ? w : rw;
  return instruction({
    mnemonic,
    suffixes: ['ps', 'pd', 'ss', 'sd'],
    feature: ['sse', 'sse2', 'sse', 'sse2'],
    lift: (b) => {
      const source = b.readVector(1);
      const register = b.registerOperand(0);
      const op = `${SHAPES[b.position]}.${mnemonic}`;
      if (unary) b.uop(op, register, source);
      else b.uop(op, register, register, source);
    },
    rows: [
      row(`np 0f ${opcode} /r`, target(xmm), r(xm128)),
      row(`66 0f ${opcode} /r`, target(xmm), r(xm128)),
      row(`f3 0f ${opcode} /r`, rw(xmm), r(xm32)),
      row(`f2 0f ${opcode} /r`, rw(xmm), r(xm64)),
    ],
  });
}

export const add = arithmetic('add', '58');
export const mul = arithmetic('mul', '59');
export const sub = arithmetic('sub', '5c');
export const min = arithmetic('min', '5d');
export const div = arithmetic('div', '5e');
export const max = arithmetic('max', '5f');
export const sqrt = arithmetic('sqrt', '51');
