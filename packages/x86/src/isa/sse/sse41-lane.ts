// Single elements in and out. Intel SDM vol. 2: PEXTRB, PEXTRW, PEXTRD, PEXTRQ, EXTRACTPS, PINSRB, PINSRD, PINSRQ, INSERTPS.
import { imm8, m8, m16, rm32, rm64, xm32, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';

// To a register zero-extended, to memory as it is.
function extract(mnemonic: string, bytes: 1 | 2 | 4 | 8, encodings: Parameters<typeof row>[]): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'sse4.1',
    lift: (b) => {
      const element = b.registerOperand(1) + bytes * (b.immediate(2) & (16 / bytes - 1));
      const width = (8 * bytes) as 8 | 16 | 32 | 64;
      if (b.isMemory(0)) b.store(width, 0, element);
      else b.uop(`zx.${width}`, b.registerOperand(0), element);
    },
    rows: encodings.map((encoding) => row(...encoding)),
  });
}
export const pextrb = extract('pextrb', 1, [
  ['66 0f 3a 14 mod3 /r ib', w(rm32), r(xmm), r(imm8)],
  ['66 0f 3a 14 m /r ib', w(m8), r(xmm), r(imm8)],
]);
export const pextrw = extract('pextrw', 2, [
  ['66 0f 3a 15 mod3 /r ib', w(rm32), r(xmm), r(imm8)],
  ['66 0f 3a 15 m /r ib', w(m16), r(xmm), r(imm8)],
]);
export const pextrd = extract('pextrd', 4, [['66 w0 0f 3a 16 /r ib', w(rm32), r(xmm), r(imm8)]]);
export const pextrq = extract('pextrq', 8, [['66 w1 0f 3a 16 /r ib', w(rm64), r(xmm), r(imm8)]]);
export const extractps = extract('extractps', 4, [['66 0f 3a 17 /r ib', w(rm32), r(xmm), r(imm8)]]);

function insert(mnemonic: string, bytes: 1 | 4 | 8, encodings: Parameters<typeof row>[]): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'sse4.1',
    lift: (b) => {
      const width = (8 * bytes) as 8 | 32 | 64;
      const source = b.isMemory(1) ? b.load(width, 1) : b.registerOperand(1);
      const element = b.registerOperand(0) + bytes * (b.immediate(2) & (16 / bytes - 1));
      // A 32-bit integer move would clear the bits above.
      b.uop(width === 32 ? 'vlow.32' : `mov.${width}`, element, source);
    },
    rows: encodings.map((encoding) => row(...encoding)),
  });
}
export const pinsrb = insert('pinsrb', 1, [
  ['66 0f 3a 20 mod3 /r ib', rw(xmm), r(rm32), r(imm8)],
  ['66 0f 3a 20 m /r ib', rw(xmm), r(m8), r(imm8)],
]);
export const pinsrd = insert('pinsrd', 4, [['66 w0 0f 3a 22 /r ib', rw(xmm), r(rm32), r(imm8)]]);
export const pinsrq = insert('pinsrq', 8, [['66 w1 0f 3a 22 /r ib', rw(xmm), r(rm64), r(imm8)]]);

/** An element of the source (memory has one), a place in the destination, and elements to clear. */
export const insertps = instruction({
  mnemonic: 'insertps',
  feature: 'sse4.1',
  lift: (b) => {
    const immediate = b.immediate(2);
    const target = b.registerOperand(0);
    const source = b.readVector(1) + (b.isMemory(1) ? 0 : 4 * ((immediate >> 6) & 3));
    b.uop('vlow.32', target + 4 * ((immediate >> 4) & 3), source);
    if ((immediate & 15) === 0) return;
    const kept = Array.from({ length: 16 }, (_, byte) => ((immediate >> (byte >> 2)) & 1 ? 0 : 0xff));
    b.uop('v128_and', target, target, b.constantVector(kept));
  },
  rows: [row('66 0f 3a 21 /r ib', rw(xmm), r(xm32), r(imm8))],
});
