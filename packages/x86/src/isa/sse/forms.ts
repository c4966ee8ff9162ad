// Shapes that many SSE rows share: a packed operation of two operands in its XMM and MMX forms.
import { mm, mm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import type { Lifter } from '../../lift/lifter.ts';
import { type InstructionFamily, instruction, type Row, r, row, rw } from '../row.ts';

/** Which extension brought the MMX form; `none` where there is only the XMM form. */
export type MmxForm = 'mmx' | 'sse' | 'sse2' | 'none';

/** The instruction works on MMX registers. */
export function isMmx(b: Lifter): boolean {
  const { place } = b.kind(0);
  return place === 'mmx' || place === 'mmxRm' || b.kind(1).place === 'mmx' || b.kind(1).place === 'mmxRm';
}

/** Two source cells to one destination: `dst = op(dst, src)`, with the destination's MMX half cut out where it is one. */
export function applyPacked(b: Lifter, op: string, ...rest: number[]): void {
  const source = b.readVector(1);
  const target = b.registerOperand(0);
  if (!isMmx(b)) {
    b.uop(op, target, target, source, ...rest);
    return;
  }
  const result = b.vectorTemporary();
  b.uop(op, result, target, source, ...rest);
  writeMmx(b, 0, result);
}

/** Writes the low half of a vector cell to an MMX register: the unit goes to MMX mode and the exponent bits become ones. */
export function writeMmx(b: Lifter, index: number, result: number): void {
  b.uop('mmx.enter');
  b.uop('mmx.write', b.registerOperand(index), result);
}

/** `66 0F op /r` on XMM registers and, where there is one, `NP 0F op /r` on MMX registers. */
export function packed(mnemonic: string, opcode: string, op: string, feature = 'sse2'): InstructionFamily {
  return instruction({
    mnemonic,
    feature,
    lift: (b) => applyPacked(b, op),
    rows: [packedRow(`66 0f ${opcode} /r`)],
  });
}

/** A row of the usual form: register, register or aligned 128-bit memory. */
export function packedRow(encoding: string): Row {
  return row(encoding, rw(xmm), r(xm128));
}
/** The same on MMX registers. */
export function mmxRow(encoding: string): Row {
  return row(encoding, rw(mm), r(mm64));
}

/** Micro-operation prefixes of the PS, PD, SS and SD forms, in the order in which families list them. */
export const SHAPES = ['f32x4', 'f64x2', 'f32', 'f64'] as const;
