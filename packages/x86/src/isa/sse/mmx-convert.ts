// Conversions between MMX integers and floats. Intel SDM vol. 2: CVTPI2PS, CVTPI2PD, CVT(T)PS2PI, CVT(T)PD2PI.
import { mm, mm64, xm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import type { Lifter } from '../../lift/lifter.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';
import { writeMmx } from './forms.ts';

// Also when the conversion then raises #XM: processors enter MMX mode first.
function enterMmx(b: Lifter): void {
  b.uop('mmx.check');
  b.uop('mmx.enter');
}

// From memory the x87 unit is not touched (SDM vol. 2 says so of CVTPI2PD; processors do it for both).
export const cvtpi2ps = instruction({
  mnemonic: 'cvtpi2ps',
  feature: 'sse',
  lift: (b) => {
    const memory = b.isMemory(1);
    if (!memory) enterMmx(b);
    // Zeros in the unused lanes raise nothing.
    const source = b.vectorTemporary();
    b.uop('vfromlow.64', source, b.readVector(1));
    b.uop('f32x4.from.i32', source, source);
    b.uop('mov.64', b.registerOperand(0), source);
  },
  rows: [row('np 0f 2a /r', rw(xmm), r(mm64))],
});
export const cvtpi2pd = instruction({
  mnemonic: 'cvtpi2pd',
  feature: 'sse2',
  lift: (b) => {
    const memory = b.isMemory(1);
    if (!memory) enterMmx(b);
    b.uop('f64x2.from.i32', b.registerOperand(0), b.readVector(1));
  },
  rows: [row('66 0f 2a /r', w(xmm), r(mm64))],
});

function toMmx(mnemonic: string, prefix: 'np' | '66', opcode: string, op: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: prefix === 'np' ? 'sse' : 'sse2',
    lift: (b) => {
      b.uop('mmx.check');
      let source = b.readVector(1);
      // Also when the conversion then raises #XM: processors enter MMX mode first.
      b.uop('mmx.enter');
      const result = b.vectorTemporary();
      if (prefix === 'np') {
        b.uop('vfromlow.64', result, source);
        source = result;
      }
      b.uop(op, result, source);
      writeMmx(b, b.registerOperand(0), result);
    },
    rows: [row(`${prefix} 0f ${opcode} /r`, w(mm), r(prefix === 'np' ? xm64 : xm128))],
  });
}
export const cvttps2pi = toMmx('cvttps2pi', 'np', '2c', 'i32x4.trunc.f32');
export const cvtps2pi = toMmx('cvtps2pi', 'np', '2d', 'i32x4.from.f32');
export const cvttpd2pi = toMmx('cvttpd2pi', '66', '2c', 'i32x4.trunc.f64');
export const cvtpd2pi = toMmx('cvtpd2pi', '66', '2d', 'i32x4.from.f64');
