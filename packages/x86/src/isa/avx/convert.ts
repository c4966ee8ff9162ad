// VEX conversions whose source and result differ in length, and extensions of integers. Intel SDM vol. 2: VCVTPS2PD, VCVTDQ2PD, VCVTPD2PS, VCVTPD2DQ, VCVTTPD2DQ, VPMOVSX, VPMOVZX.
import { xm16, xm32, xm64, xm128, xmm, ym, ymm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, w } from '../row.ts';

// The result is twice as long: each lane comes from one half of the source.
function widen(mnemonic: string, encoding: string, op: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx',
    lift: (b) => {
      const source = b.readLanes(1);
      const results = Array.from({ length: b.lanes }, (_, lane) => {
        const out = b.vectorTemporary();
        const half = b.vectorTemporary();
        b.uop('vfromlow.64', half, source + 8 * lane);
        b.uop(op, out, half);
        return out;
      });
      b.writeLanes(0, results);
    },
    rows: [row(`vex.l0 ${encoding}`, w(xmm), r(xm64)), row(`vex.l1 ${encoding}`, w(ymm), r(xm128))],
  });
}
export const vcvtps2pd = widen('vcvtps2pd', 'np 0f 5a /r', 'f64x2.from.f32');
export const vcvtdq2pd = widen('vcvtdq2pd', 'f3 0f e6 /r', 'f64x2.from.i32');

// The result is half as long, and always one lane.
function narrow(mnemonic: string, encoding: string, op: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx',
    lift: (b) => {
      const source = b.readLanes(1);
      const [low, high] = Array.from({ length: b.lanes }, (_, lane) => {
        const out = b.vectorTemporary();
        b.uop(op, out, source + 16 * lane);
        return out;
      });
      if (high !== undefined) b.uop('unpack.low.64', low, low, high);
      b.writeLanes(0, [low]);
    },
    rows: [row(`vex ${encoding}`, w(xmm), r(ym))],
  });
}
export const vcvtpd2ps = narrow('vcvtpd2ps', '66 0f 5a /r', 'f32x4.from.f64');
export const vcvttpd2dq = narrow('vcvttpd2dq', '66 0f e6 /r', 'i32x4.trunc.f64');
export const vcvtpd2dq = narrow('vcvtpd2dq', 'f2 0f e6 /r', 'i32x4.from.f64');

const STEPS = ['i16x8_extend_low_i8x16', 'i32x4_extend_low_i16x8', 'i64x2_extend_low_i32x4'];

// From elements of 2^from bytes to elements of 2^to bytes; the upper lane takes the part of the source behind the lower lane's.
function extend(letters: string, opcode: number, from: number, to: number): InstructionFamily {
  const distance = to - from;
  const sources = [xm128, xm64, xm32, xm16];
  return instruction({
    mnemonic: 'vpmov',
    suffixes: ['sx', 'sx', 'zx', 'zx'].map((sign) => sign + letters),
    feature: 'avx',
    lift: (b) => {
      const source = b.readLanes(1);
      const results = Array.from({ length: b.lanes }, (_, lane) => {
        const out = b.vectorTemporary();
        // Not by a move of 16 bytes: the part may lie at any of the four places of a lane.
        b.uop('vfromlow.64', out, source + (lane * 16) / 2 ** distance);
        for (const step of STEPS.slice(from, to)) b.uop(`${step}_${b.position < 2 ? 's' : 'u'}`, out, out);
        return out;
      });
      b.writeLanes(0, results);
    },
    rows: [opcode, opcode + 0x10].flatMap((byte) => [
      row(`vex.l0 66 0f 38 ${byte.toString(16)} /r`, w(xmm), r(sources[distance])),
      row(`vex.l1 66 0f 38 ${byte.toString(16)} /r`, w(ymm), r(sources[distance - 1])),
    ]),
  });
}
export const vpmovbw = extend('bw', 0x20, 0, 1);
export const vpmovbd = extend('bd', 0x21, 0, 2);
export const vpmovbq = extend('bq', 0x22, 0, 3);
export const vpmovwd = extend('wd', 0x23, 1, 2);
export const vpmovwq = extend('wq', 0x24, 1, 3);
export const vpmovdq = extend('dq', 0x25, 2, 3);
