// Float comparisons. Intel SDM vol. 2: CMPPS, CMPPD, CMPSS, CMPSD, COMISS, COMISD, UCOMISS, UCOMISD.
import { imm8, xm32, xm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw } from '../row.ts';
import { SHAPES } from './forms.ts';

/** Predicates 4 to 7 are the first four negated. */
const PREDICATES = ['eq', 'lt', 'le', 'unord'] as const;
const LANE_BYTES = [16, 16, 4, 8];

export const cmp = instruction({
  mnemonic: 'cmp',
  suffixes: ['ps', 'pd', 'ss', 'sd'],
  feature: ['sse', 'sse2', 'sse', 'sse2'],
  lift: (b) => {
    const source = b.readVector(1);
    const register = b.registerOperand(0);
    const predicate = b.immediate(2) & 7;
    b.uop(`${SHAPES[b.position]}.cmp.${PREDICATES[predicate & 3]}`, register, register, source);
    if (predicate < 4) return;
    const lane = LANE_BYTES[b.position];
    const ones = b.constantVector(Array.from({ length: 16 }, (_, byte) => (byte < lane ? 0xff : 0)));
    b.uop('v128_xor', register, register, ones);
  },
  rows: [
    row('np 0f c2 /r ib', rw(xmm), r(xm128), r(imm8)),
    row('66 0f c2 /r ib', rw(xmm), r(xm128), r(imm8)),
    row('f3 0f c2 /r ib', rw(xmm), r(xm32), r(imm8)),
    row('f2 0f c2 /r ib', rw(xmm), r(xm64), r(imm8)),
  ],
});

function compareToFlags(mnemonic: string, opcode: string, op: 'comis' | 'ucomis'): InstructionFamily {
  return instruction({
    mnemonic,
    suffixes: ['s', 'd'],
    feature: ['sse', 'sse2'],
    flags: 'w:zpc 0:osa',
    lift: (b) => b.uop(`f${b.position === 0 ? 32 : 64}.${op}`, b.registerOperand(0), b.readVector(1)),
    rows: [row(`np 0f ${opcode} /r`, r(xmm), r(xm32)), row(`66 0f ${opcode} /r`, r(xmm), r(xm64))],
  });
}
export const ucomis = compareToFlags('ucomis', '2e', 'ucomis');
export const comis = compareToFlags('comis', '2f', 'comis');
