// Conversions between integers and floats and between float formats. Intel SDM vol. 2: the CVT instructions on XMM registers.
import { rmy, ry, xm32, xm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, type Row, r, row, rw, w } from '../row.ts';

// Vector to vector: the micro-operation writes what the instruction writes.
function vectors(mnemonic: string, op: string, ...rows: Row[]): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'sse2',
    lift: (b) => b.uop(op, b.registerOperand(0), b.readVector(1)),
    rows,
  });
}
export const cvtps2pd = vectors('cvtps2pd', 'f64x2.from.f32', row('np 0f 5a /r', w(xmm), r(xm64)));
export const cvtpd2ps = vectors('cvtpd2ps', 'f32x4.from.f64', row('66 0f 5a /r', w(xmm), r(xm128)));
export const cvtss2sd = vectors('cvtss2sd', 'f64.from.f32', row('f3 0f 5a /r', rw(xmm), r(xm32)));
export const cvtsd2ss = vectors('cvtsd2ss', 'f32.from.f64', row('f2 0f 5a /r', rw(xmm), r(xm64)));
export const cvtdq2ps = vectors('cvtdq2ps', 'f32x4.from.i32', row('np 0f 5b /r', w(xmm), r(xm128)));
export const cvtps2dq = vectors('cvtps2dq', 'i32x4.from.f32', row('66 0f 5b /r', w(xmm), r(xm128)));
export const cvttps2dq = vectors('cvttps2dq', 'i32x4.trunc.f32', row('f3 0f 5b /r', w(xmm), r(xm128)));
export const cvttpd2dq = vectors('cvttpd2dq', 'i32x4.trunc.f64', row('66 0f e6 /r', w(xmm), r(xm128)));
export const cvtpd2dq = vectors('cvtpd2dq', 'i32x4.from.f64', row('f2 0f e6 /r', w(xmm), r(xm128)));
export const cvtdq2pd = vectors('cvtdq2pd', 'f64x2.from.i32', row('f3 0f e6 /r', w(xmm), r(xm64)));

function fromInteger(mnemonic: string, prefix: 'f3' | 'f2', width: 32 | 64): InstructionFamily {
  return instruction({
    mnemonic,
    feature: width === 32 ? 'sse' : 'sse2',
    lift: (b) => {
      const from = b.width(1);
      b.uop(`f${width}.from.i${from}`, b.registerOperand(0), b.read(1));
    },
    rows: [row(`${prefix} 0f 2a /r`, rw(xmm), r(rmy))],
  });
}
export const cvtsi2ss = fromInteger('cvtsi2ss', 'f3', 32);
export const cvtsi2sd = fromInteger('cvtsi2sd', 'f2', 64);

function toInteger(mnemonic: string, prefix: 'f3' | 'f2', opcode: string, how: 'from' | 'trunc'): InstructionFamily {
  const single = prefix === 'f3';
  return instruction({
    mnemonic,
    feature: single ? 'sse' : 'sse2',
    lift: (b) => b.uop(`i${b.width(0)}.${how}.f${single ? 32 : 64}`, b.registerOperand(0), b.readVector(1)),
    rows: [row(`${prefix} 0f ${opcode} /r`, w(ry), r(single ? xm32 : xm64))],
  });
}
export const cvttss2si = toInteger('cvttss2si', 'f3', '2c', 'trunc');
export const cvttsd2si = toInteger('cvttsd2si', 'f2', '2c', 'trunc');
export const cvtss2si = toInteger('cvtss2si', 'f3', '2d', 'from');
export const cvtsd2si = toInteger('cvtsd2si', 'f2', '2d', 'from');
