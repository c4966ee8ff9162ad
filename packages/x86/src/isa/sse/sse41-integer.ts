// Integer arithmetic and conversion of SSE4.1. Intel SDM vol. 2: PMULLD, PMULDQ, PMIN*, PMAX*, PCMPEQQ, PACKUSDW, PMOVSX, PMOVZX, PTEST, PHMINPOSUW, MPSADBW.
import { imm8, m128, xm16, xm32, xm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';
import { packed } from './forms.ts';

const plain = (mnemonic: string, opcode: string, op: string) => packed(mnemonic, `38 ${opcode}`, op, 'none', 'sse4.1');
export const pmuldq = plain('pmuldq', '28', 'i64x2_mul_even_s');
export const pcmpeqq = plain('pcmpeqq', '29', 'i64x2_eq');
export const packusdw = plain('packusdw', '2b', 'i16x8_narrow_i32x4_u');
export const pminsb = plain('pminsb', '38', 'i8x16_min_s');
export const pminsd = plain('pminsd', '39', 'i32x4_min_s');
export const pminuw = plain('pminuw', '3a', 'i16x8_min_u');
export const pminud = plain('pminud', '3b', 'i32x4_min_u');
export const pmaxsb = plain('pmaxsb', '3c', 'i8x16_max_s');
export const pmaxsd = plain('pmaxsd', '3d', 'i32x4_max_s');
export const pmaxuw = plain('pmaxuw', '3e', 'i16x8_max_u');
export const pmaxud = plain('pmaxud', '3f', 'i32x4_max_u');
export const pmulld = plain('pmulld', '40', 'i32x4_mul');

const STEPS = ['i16x8_extend_low_i8x16', 'i32x4_extend_low_i16x8', 'i64x2_extend_low_i32x4'];

// From elements of 2^from bytes to elements of 2^to bytes, doubling step by step.
function extend(mnemonic: string, opcode: number, from: number, to: number): InstructionFamily {
  const kind = [xm64, xm32, xm16][to - from - 1];
  return instruction({
    mnemonic,
    suffixes: ['', ''].map((_, index) => (index === 0 ? 'sx' : 'zx') + 'bwdq'[from] + 'bwdq'[to]),
    feature: 'sse4.1',
    lift: (b) => {
      const target = b.registerOperand(0);
      let source = b.readVector(1);
      for (const step of STEPS.slice(from, to)) {
        b.uop(`${step}_${b.position === 0 ? 's' : 'u'}`, target, source);
        source = target;
      }
    },
    rows: [opcode, opcode + 0x10].map((byte) => row(`66 0f 38 ${byte.toString(16)} /r`, w(xmm), r(kind))),
  });
}
export const pmovbw = extend('pmov', 0x20, 0, 1);
export const pmovbd = extend('pmov', 0x21, 0, 2);
export const pmovbq = extend('pmov', 0x22, 0, 3);
export const pmovwd = extend('pmov', 0x23, 1, 2);
export const pmovwq = extend('pmov', 0x24, 1, 3);
export const pmovdq = extend('pmov', 0x25, 2, 3);

export const movntdqa = instruction({
  mnemonic: 'movntdqa',
  feature: 'sse4.1',
  lift: (b) => b.loadVector(1, b.registerOperand(0)),
  rows: [row('66 0f 38 2a m /r', w(xmm), r(m128))],
});

export const ptest = instruction({
  mnemonic: 'ptest',
  feature: 'sse4.1',
  flags: 'w:zc 0:osap',
  lift: (b) => b.uop('vtest', b.registerOperand(0), b.readVector(1)),
  rows: [row('66 0f 38 17 /r', r(xmm), r(xm128))],
});

export const phminposuw = instruction({
  mnemonic: 'phminposuw',
  feature: 'sse4.1',
  lift: (b) => b.helper('minimum-position', b.registerOperand(0), b.readVector(1)),
  rows: [row('66 0f 38 41 /r', w(xmm), r(xm128))],
});
export const mpsadbw = instruction({
  mnemonic: 'mpsadbw',
  feature: 'sse4.1',
  lift: (b) => b.helper('sums-of-differences', b.registerOperand(0), b.readVector(1), b.constant(b.immediate(2) & 7)),
  rows: [row('66 0f 3a 42 /r ib', rw(xmm), r(xm128), r(imm8))],
});
