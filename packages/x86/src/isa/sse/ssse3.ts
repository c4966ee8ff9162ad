// SSSE3. Intel SDM vol. 2: PSHUFB, PHADD, PHSUB, PMADDUBSW, PSIGN, PMULHRSW, PABS, PALIGNR, in XMM and MMX forms.
import { imm8, mm, mm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';
import { bothRows, isMmx, packed, writeMmx } from './forms.ts';
import { elementIndices, pairIndices } from './lane-indices.ts';

const plain = (mnemonic: string, opcode: string, op: string) => packed(mnemonic, `38 ${opcode}`, op, 'low', 'ssse3');
export const pmaddubsw = plain('pmaddubsw', '04', 'i16x8.dot_i8x16_us');
export const psignb = plain('psignb', '08', 'i8x16.sign');
export const psignw = plain('psignw', '09', 'i16x8.sign');
export const psignd = plain('psignd', '0a', 'i32x4.sign');
export const pmulhrsw = plain('pmulhrsw', '0b', 'i16x8.mulhi_rounded');

/** An index with its top bit set gives zero; other bits beyond the register's size do not count. */
export const pshufb = instruction({
  mnemonic: 'pshufb',
  feature: 'ssse3',
  lift: (b) => {
    const mmx = isMmx(b);
    if (mmx) b.uop('mmx.check');
    const target = b.registerOperand(0);
    const indices = b.vectorTemporary();
    b.uop('v128_and', indices, b.readVector(1), b.constantVector(new Array<number>(16).fill(mmx ? 0x87 : 0x8f)));
    const result = mmx ? b.vectorTemporary() : target;
    b.uop('swizzle', result, target, indices);
    if (mmx) writeMmx(b, target, result);
  },
  rows: bothRows('38 00'),
});

// Neighbours of the destination make the lower half of the result, those of the source the upper half.
function horizontal(mnemonic: string, opcode: string, size: number, op: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'ssse3',
    lift: (b) => {
      const mmx = isMmx(b);
      if (mmx) b.uop('mmx.check');
      const target = b.registerOperand(0);
      let source = b.readVector(1);
      let first = target;
      if (mmx) {
        // Both operands in one vector: its neighbours are the result's lower half.
        first = b.vectorTemporary();
        b.uop('unpack.low.64', first, target, source);
        source = first;
      }
      const [even, odd] = [0, 1].map((start) => {
        const chosen = b.vectorTemporary();
        const { low, high } = pairIndices(size, start);
        b.uop('swizzle.2', chosen, first, b.constantVector(low), source, b.constantVector(high));
        return chosen;
      });
      const result = mmx ? even : target;
      b.uop(op, result, even, odd);
      if (mmx) writeMmx(b, target, result);
    },
    rows: bothRows(`38 ${opcode}`),
  });
}
export const phaddw = horizontal('phaddw', '01', 2, 'i16x8_add');
export const phaddd = horizontal('phaddd', '02', 4, 'i32x4_add');
export const phaddsw = horizontal('phaddsw', '03', 2, 'i16x8_add_sat_s');
export const phsubw = horizontal('phsubw', '05', 2, 'i16x8_sub');
export const phsubd = horizontal('phsubd', '06', 4, 'i32x4_sub');
export const phsubsw = horizontal('phsubsw', '07', 2, 'i16x8_sub_sat_s');

function absolute(mnemonic: string, opcode: string, op: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'ssse3',
    lift: (b) => {
      const mmx = isMmx(b);
      if (mmx) b.uop('mmx.check');
      const result = mmx ? b.vectorTemporary() : b.registerOperand(0);
      b.uop(op, result, b.readVector(1));
      if (mmx) writeMmx(b, b.registerOperand(0), result);
    },
    rows: [row(`66 0f 38 ${opcode} /r`, w(xmm), r(xm128)), row(`np 0f 38 ${opcode} /r`, w(mm), r(mm64))],
  });
}
export const pabsb = absolute('pabsb', '1c', 'i8x16_abs');
export const pabsw = absolute('pabsw', '1d', 'i16x8_abs');
export const pabsd = absolute('pabsd', '1e', 'i32x4_abs');

/** Bytes of destination:source from a byte position on. */
export const palignr = instruction({
  mnemonic: 'palignr',
  feature: 'ssse3',
  lift: (b) => {
    const mmx = isMmx(b);
    if (mmx) b.uop('mmx.check');
    const target = b.registerOperand(0);
    const source = b.readVector(1);
    const start = b.immediate(2) & 0xff;
    const from = (base: number) =>
      b.constantVector(
        elementIndices(
          1,
          Array.from({ length: 16 }, (_, byte) => {
            const index = start + byte - base;
            return index >= 0 && index < 16 ? index : -1;
          }),
        ),
      );
    if (mmx) {
      const both = b.vectorTemporary();
      b.uop('unpack.low.64', both, source, target);
      b.uop('swizzle', both, both, from(0));
      writeMmx(b, target, both);
    } else b.uop('swizzle.2', target, source, from(0), target, from(16));
  },
  rows: [row('66 0f 3a 0f /r ib', rw(xmm), r(xm128), r(imm8)), row('np 0f 3a 0f /r ib', rw(mm), r(mm64), r(imm8))],
});
