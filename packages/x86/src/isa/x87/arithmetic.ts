// x87 arithmetic on the register stack and with memory operands. Intel SDM vol. 2: FADD, FMUL, FSUB, FSUBR, FDIV, FDIVR and forms.
import { m16, m32, m64, sti } from '../../decode/operand-kinds.ts';
import type { Lifter } from '../../lift/lifter.ts';
import { type InstructionFamily, instruction, r, row, rw } from '../row.ts';
import { loadOperand, memoryFormat, request, stackIndex } from './forms.ts';

// The helper's operation number is the opcode's digit with ST(0) on the left: DC and DE have subtraction and division swapped,
// which comes to the same because their destination is the other register.
function registers(b: Lifter, operation: number): void {
  const index = stackIndex(b);
  const { opcode } = b.instruction;
  const target = opcode === 0xd8 ? 0 : index;
  const pops = opcode === 0xde ? 0x1000 : 0;
  b.helper('x87-compute', request(b, operation | (target << 4) | (index << 8) | pops));
}

function family(mnemonic: string, digit: number, reversedDigit: number): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'fpu',
    suffixes: ['', '', 'p'],
    lift: (b) => registers(b, b.instruction.opcode === 0xd8 ? digit : reversedDigit),
    rows: [row(`d8 mod3 /${digit}`, r(sti)), row(`dc mod3 /${reversedDigit}`, rw(sti)), row(`de mod3 /${reversedDigit}`, rw(sti))],
  });
}

function memoryFamily(mnemonic: string, digit: number): InstructionFamily {
  return instruction({
    mnemonic: 'f',
    suffixes: [mnemonic, mnemonic, `i${mnemonic}`, `i${mnemonic}`],
    feature: 'fpu',
    lift: (b) => {
      const { format, width } = memoryFormat(b);
      b.helper('x87-compute-memory', loadOperand(b, width), request(b, digit | (format << 4)));
    },
    rows: [row(`d8 m /${digit}`, r(m32)), row(`dc m /${digit}`, r(m64)), row(`da m /${digit}`, r(m32)), row(`de m /${digit}`, r(m16))],
  });
}

export const fadd = family('fadd', 0, 0);
export const fmul = family('fmul', 1, 1);
export const fsub = family('fsub', 4, 5);
export const fsubr = family('fsubr', 5, 4);
export const fdiv = family('fdiv', 6, 7);
export const fdivr = family('fdivr', 7, 6);
export const faddMemory = memoryFamily('add', 0);
export const fmulMemory = memoryFamily('mul', 1);
export const fsubMemory = memoryFamily('sub', 4);
export const fsubrMemory = memoryFamily('subr', 5);
export const fdivMemory = memoryFamily('div', 6);
export const fdivrMemory = memoryFamily('divr', 7);

// One byte behind D9, E0 to FF, is an instruction on the top of the stack: digit and rm together.
function top(mnemonic: string, opcode: number): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'fpu',
    lift: (b) => b.helper('x87-compute-top', request(b, opcode)),
    rows: [row(`d9 rm=${opcode & 7} /${(opcode >> 3) & 7}`)],
  });
}

export const fchs = top('fchs', 0xe0);
export const fabs = top('fabs', 0xe1);
export const ftst = top('ftst', 0xe4);
export const fxam = top('fxam', 0xe5);
export const f2xm1 = top('f2xm1', 0xf0);
export const fyl2x = top('fyl2x', 0xf1);
export const fptan = top('fptan', 0xf2);
export const fpatan = top('fpatan', 0xf3);
export const fxtract = top('fxtract', 0xf4);
export const fprem1 = top('fprem1', 0xf5);
export const fprem = top('fprem', 0xf8);
export const fyl2xp1 = top('fyl2xp1', 0xf9);
export const fsqrt = top('fsqrt', 0xfa);
export const fsincos = top('fsincos', 0xfb);
export const frndint = top('frndint', 0xfc);
export const fscale = top('fscale', 0xfd);
export const fsin = top('fsin', 0xfe);
export const fcos = top('fcos', 0xff);
