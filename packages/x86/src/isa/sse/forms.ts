// Shapes that many SSE rows share: a packed operation of two operands in its XMM and MMX forms.
import { mm, mm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import type { Cell, Lifter } from '../../lift/lifter.ts';
import { type InstructionFamily, instruction, type Row, r, row, rw } from '../row.ts';

/**
 * Where the MMX result lies in what the 128-bit micro-operation makes of two 64-bit operands: its low half, its high half, or
 * the low half when both operands are one vector's halves. `none`: there is no MMX form.
 */
export type MmxForm = 'low' | 'high' | 'pair' | 'none';

/** The instruction works on MMX registers. */
export function isMmx(b: Lifter): boolean {
  return [0, 1].some((index) => b.kind(index).place.startsWith('mmx'));
}

/** Writes 64 bits to an MMX register: the unit goes to MMX mode and the register's exponent bits become ones. */
export function writeMmx(b: Lifter, register: Cell, value: Cell): void {
  b.uop('mmx.enter');
  b.uop('mov.64', register, value);
  b.uop('mov.16', register + 8, b.constant(-1));
}

/** Applies a two-input micro-operation to operands 0 and 1, with the result in operand 0. */
export function applyPacked(b: Lifter, op: string, form: MmxForm = 'low'): void {
  const target = b.registerOperand(0);
  if (!isMmx(b)) {
    b.uop(op, target, target, b.readVector(1));
    return;
  }
  b.uop('mmx.check');
  const source = b.readVector(1);
  const result = b.vectorTemporary();
  if (form === 'pair') {
    b.uop('unpack.low.64', result, target, source);
    b.uop(op, result, result, result);
  } else b.uop(op, result, target, source);
  writeMmx(b, target, form === 'high' ? result + 8 : result);
}

/**
 * `66 0F op /r` on XMM registers and, unless `form` is `none`, `NP 0F op /r` on MMX registers. The MMX forms of SSE2's XMM
 * instructions came with MMX, except where `mmxFeature` says otherwise.
 */
export function packed(
  mnemonic: string,
  opcode: string,
  op: string,
  form: MmxForm = 'low',
  feature = 'sse2',
  mmxFeature = feature === 'sse2' ? 'mmx' : feature,
): InstructionFamily {
  return instruction({
    mnemonic,
    feature: form === 'none' ? feature : [feature, mmxFeature],
    lift: (b) => applyPacked(b, op, form),
    rows: form === 'none' ? [packedRow(`66 0f ${opcode} /r`)] : bothRows(opcode),
  });
}

/** The XMM and the MMX row of an opcode. */
export function bothRows(opcode: string): Row[] {
  return [packedRow(`66 0f ${opcode} /r`), row(`np 0f ${opcode} /r`, rw(mm), r(mm64))];
}
/** A row of the usual form: register, register or aligned 128-bit memory. */
export function packedRow(encoding: string): Row {
  return row(encoding, rw(xmm), r(xm128));
}

/** Micro-operation prefixes of the PS, PD, SS and SD forms, in the order in which families list them. */
export const SHAPES = ['f32x4', 'f64x2', 'f32', 'f64'] as const;
