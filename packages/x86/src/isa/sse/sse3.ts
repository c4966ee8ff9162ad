// SSE3. Intel SDM vol. 2: ADDSUBPS, ADDSUBPD, HADDPS, HADDPD, HSUBPS, HSUBPD, LDDQU, MOVDDUP, MOVSLDUP, MOVSHDUP.
import { m128, xm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, w } from '../row.ts';
import { applyPacked, packedRow } from './forms.ts';
import { elementIndices, pairIndices } from './lane-indices.ts';

export const addsub = instruction({
  mnemonic: 'addsub',
  suffixes: ['ps', 'pd'],
  feature: 'sse3',
  lift: (b) => applyPacked(b, `${b.position === 0 ? 'f32x4' : 'f64x2'}.addsub`),
  rows: [packedRow('f2 0f d0 /r'), packedRow('66 0f d0 /r')],
});

// Neighbours: the even elements of destination and source with the odd ones.
function horizontal(mnemonic: string, opcode: string, op: string): InstructionFamily {
  return instruction({
    mnemonic,
    suffixes: ['ps', 'pd'],
    feature: 'sse3',
    lift: (b) => {
      const target = b.registerOperand(0);
      const source = b.readVector(1);
      const [even, odd] = [0, 1].map((first) => {
        const chosen = b.vectorTemporary();
        const { low, high } = pairIndices(b.position === 0 ? 4 : 8, first);
        b.uop('swizzle.2', chosen, target, b.constantVector(low), source, b.constantVector(high));
        return chosen;
      });
      b.uop(`${b.position === 0 ? 'f32x4' : 'f64x2'}.${op}`, target, even, odd);
    },
    rows: [packedRow(`f2 0f ${opcode} /r`), packedRow(`66 0f ${opcode} /r`)],
  });
}
export const hadd = horizontal('hadd', '7c', 'add');
export const hsub = horizontal('hsub', '7d', 'sub');

export const lddqu = instruction({
  mnemonic: 'lddqu',
  feature: 'sse3',
  lift: (b) => b.loadVector(1, b.registerOperand(0), false),
  rows: [row('f2 0f f0 m /r', w(xmm), r(m128))],
});

export const movddup = instruction({
  mnemonic: 'movddup',
  feature: 'sse3',
  lift: (b) => {
    const source = b.readVector(1);
    b.uop('unpack.low.64', b.registerOperand(0), source, source);
  },
  rows: [row('f2 0f 12 /r', w(xmm), r(xm64))],
});

function duplicate(mnemonic: string, opcode: string, elements: readonly number[]): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'sse3',
    lift: (b) => b.uop('swizzle', b.registerOperand(0), b.readVector(1), b.constantVector(elementIndices(4, elements))),
    rows: [row(`f3 0f ${opcode} /r`, w(xmm), r(xm128))],
  });
}
export const movsldup = duplicate('movsldup', '12', [0, 0, 2, 2]);
export const movshdup = duplicate('movshdup', '16', [1, 1, 3, 3]);
