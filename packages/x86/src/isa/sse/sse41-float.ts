// Rounding and dot products. Intel SDM vol. 2: ROUNDPS, ROUNDPD, ROUNDSS, ROUNDSD, DPPS, DPPD.
import { imm8, xm32, xm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';
import { DIRECTIONS } from '../../uop/float-round.ts';
import { SHAPES } from './forms.ts';
import { elementIndices } from './lane-indices.ts';

/** The immediate's bit 2 takes the direction from MXCSR: nearest, or else the micro-operation's helper finds out. */
export const round = instruction({
  mnemonic: 'round',
  suffixes: ['ps', 'pd', 'ss', 'sd'],
  feature: 'sse4.1',
  lift: (b) => {
    const immediate = b.immediate(2) & 15;
    const direction = immediate & 4 ? 'nearest' : DIRECTIONS[immediate & 3];
    const source = b.readVector(1);
    b.uop(`${SHAPES[b.position]}.round.${direction}`, b.registerOperand(0), source, b.constant(immediate));
  },
  rows: [
    row('66 0f 3a 08 /r ib', w(xmm), r(xm128), r(imm8)),
    row('66 0f 3a 09 /r ib', w(xmm), r(xm128), r(imm8)),
    row('66 0f 3a 0a /r ib', rw(xmm), r(xm32), r(imm8)),
    row('66 0f 3a 0b /r ib', rw(xmm), r(xm64), r(imm8)),
  ],
});

// Lanes that the immediate's upper bits leave out are zero in both factors; neighbours are added, then the two sums.
function dotProduct(mnemonic: string, opcode: string, size: 4 | 8): InstructionFamily {
  const shape = size === 4 ? 'f32x4' : 'f64x2';
  return instruction({
    mnemonic,
    feature: 'sse4.1',
    lift: (b) => {
      const immediate = b.immediate(2);
      const source = b.readVector(1);
      const target = b.registerOperand(0);
      const mask = (bits: number) => b.constantVector(Array.from({ length: 16 }, (_, byte) => ((bits >> Math.floor(byte / size)) & 1 ? 0xff : 0)));
      const left = b.vectorTemporary();
      const right = b.vectorTemporary();
      b.uop('v128_and', left, target, mask(immediate >> 4));
      b.uop('v128_and', right, source, mask(immediate >> 4));
      b.uop(`${shape}.mul`, left, left, right);
      for (const distance of size === 4 ? [1, 2] : [1]) {
        const order = Array.from({ length: 16 / size }, (_, lane) => lane ^ distance);
        b.uop('swizzle', right, left, b.constantVector(elementIndices(size, order)));
        // Of two NaNs the one that processors keep.
        const swapped = size === 4 && distance === 1;
        b.uop(`${shape}.add`, left, swapped ? right : left, swapped ? left : right);
      }
      b.uop('v128_and', target, left, mask(immediate));
    },
    rows: [row(`66 0f 3a ${opcode} /r ib`, rw(xmm), r(xm128), r(imm8))],
  });
}
export const dpps = dotProduct('dpps', '40', 4);
export const dppd = dotProduct('dppd', '41', 8);
